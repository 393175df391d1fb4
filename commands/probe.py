"""`connector probe`: ask a peer layer by layer, without effect, and name the layer that fails."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bus.ports import Probe
from commands.parts import EXAMPLE, adapter_types, file_store, one_of, read_settings
from commands.tell import FINE, NEEDS_YOU, covered, out, put_json


def probe_connector(name: str, settings: Path | None, *, as_json: bool) -> int:
    """Print each layer as it is found; `NEEDS_YOU` where one fails. No effect; may be repeated.

    Raises `ConfigurationError` for an unknown name or wrong settings.
    """
    layers = []
    for one in _layers(name, settings or EXAMPLE):
        layers.append(one)
        if not as_json:
            _tell(one)
    good = bool(layers) and all(one.ok for one in layers)
    if as_json:
        put_json({"connector": name, "ok": good, "layers": [_as_object(one) for one in layers]})
    return FINE if good else NEEDS_YOU


def _layers(name: str, settings: Path) -> Iterator[Probe]:
    installation = read_settings(settings)
    one_of("connector", name, tuple(installation.connectors))
    own = installation.connectors[name]
    adapter = adapter_types()[own.type].connect(name, own, file_store(installation))
    try:
        yield from adapter.probe()
    finally:
        adapter.close()


def _tell(one: Probe) -> None:
    # said as it is found, since a layer may take as long as its timeout
    mark = "ok    " if one.ok else "FAILED"
    out().print(f"{mark} {one.layer:8} {one.seconds * 1000:6.0f} ms  {covered(one.text)}", soft_wrap=True)


def _as_object(one: Probe) -> dict[str, object]:
    return asdict(one) | {"text": covered(one.text)}
