"""Asks a peer layer by layer, DNS → TCP → TLS → what the connector adds, and names the layer that fails."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from adapters._kit.faults import fault_of
from adapters._kit.http import Line
from adapters._kit.wire import resolve
from bus.errors import DeliveryError
from bus.ports import Probe

Layer = tuple[str, Callable[[], str]]
"""A layer's name, and what finds it well: returns what was found, raises what is wrong."""


def probe(layers: Sequence[Layer]) -> Iterator[Probe]:
    """Try the layers in order and stop after the first that fails; may be repeated."""
    for name, find in layers:
        began = time.monotonic()
        try:
            text, ok = find(), True
        except DeliveryError as error:
            text, ok = f"{error.text} [{error.code}]" if error.code else error.text, False
        except OSError as error:
            fault = fault_of(error)
            text, ok = f"{fault.text if fault else 'failed.'} ({error})", False
        yield Probe(name, ok, text, time.monotonic() - began)
        if not ok:
            return


def network_layers(url: str, line: Line) -> list[Layer]:
    """Make the layers below HTTP for the host of `url`; TLS only where the address asks for it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    layers: list[Layer] = [
        ("DNS", lambda: _dns(host, port, line.connect)),
        ("TCP", lambda: _tcp(host, port, line.connect)),
    ]
    return [*layers, ("TLS", lambda: _tls(host, port, line))] if parts.scheme == "https" else layers


def _dns(host: str, port: int, seconds: float) -> str:
    found = sorted({entry[4][0] for entry in resolve(host, port, seconds)})
    return f"{host} is {', '.join(found)}"


def _tcp(host: str, port: int, seconds: float) -> str:
    with socket.create_connection((host, port), timeout=seconds):
        return f"port {port} takes connections"


def _tls(host: str, port: int, line: Line) -> str:
    context = ssl.create_default_context(cafile=str(line.ca) if line.ca else None)
    if line.certificate:
        context.load_cert_chain(line.certificate, line.key)
    with (
        socket.create_connection((host, port), timeout=line.connect) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        until = dict(secure.getpeercert() or {}).get("notAfter", "?")
        return f"{secure.version()}, certificate valid until {until}"
