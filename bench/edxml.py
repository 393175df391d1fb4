"""`bench edxml`: packages a second on one core, read, checked, mapped both ways, written; beside bare lxml.

An invented package of 10 KB with one attached file. Rounds take turns, medians: what disturbs the machine
disturbs all alike. Files stay in memory: what is measured is the processor. lxml's figure is the limit: it
parses and writes the same bytes, and knows nothing of what they say.
"""

import base64
import hashlib
import io
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

from lxml import etree

from adapters.ioffice.edxml import read_package, write_package
from adapters.ioffice.edxml.names import q
from mappings.dossier import File
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets

SOURCE = "ioffice"
SIZE = 10_000
_SAMPLE = Path(__file__).resolve().parents[1] / "adapters" / "ioffice" / "samples" / "document.dossier.edxml"
_ROUND = 20


class Memory:
    """A store of files that keeps nothing on disk."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def keep(
        self,
        content: BinaryIO,
        *,
        name: str,
        media_type: str = "",
        limit: int | None = None,  # noqa: ARG002  the port's
    ) -> File:
        """Hold a file."""
        data = content.read()
        digest = hashlib.sha256(data).hexdigest()
        self._held[digest] = data
        return File(hash=digest, size=len(data), media_type=media_type, name=name)

    def open(self, file: str) -> BinaryIO:
        """Give it again; raises FileNotFoundError."""
        if file not in self._held:
            raise FileNotFoundError(file)
        return io.BytesIO(self._held[file])


def package() -> bytes:
    """Make the package: the shipped sample with a file in it that brings it to 10 KB."""
    store = Memory()
    tree = read_package(io.BytesIO(_SAMPLE.read_bytes()), store).tree
    noise = b"".join(zlib.crc32(b"%d" % count).to_bytes(4, "big") for count in range(1250))
    file = store.keep(io.BytesIO(b"%PDF-1.4" + base64.b64encode(noise)), name="a.pdf", media_type="")
    tree.find(f"{q('Attachment')}/{q('FileId')}").text = file.hash
    return written(tree, store)


def written(tree: Any, store: Memory) -> bytes:
    """Write a package into memory."""
    out = io.BytesIO()
    write_package(tree, store, out)
    return out.getvalue()


def run(seconds: float = 5.0) -> dict[str, Any]:
    """Measure for about `seconds`; packages a second each, and ours as a share of bare lxml.

    `whole_per_s` reads, checks, maps in, maps out and writes. Raises `AssertionError` where what comes out
    does not say what went in.
    """
    content, store = package(), Memory()
    sheet = compile_sheet(load_sheets()["ioffice/document"])
    _agree(content, store, sheet)
    runners = _runners(content, store, sheet)
    times: dict[str, list[float]] = {name: [] for name in runners}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < 3:
        for name, runner in runners.items():
            times[name].append(_timed(runner))
    taken = {name: median(each) for name, each in times.items()}
    rates = {f"{name}_per_s": round(1 / each) for name, each in taken.items()}
    return {"bytes": len(content), **rates, "ratio_to_lxml": round(taken["lxml"] / taken["whole"], 3)}


def _runners(content: bytes, store: Memory, sheet: Compiled) -> dict[str, Callable[[], Any]]:
    tree = read_package(io.BytesIO(content), store).tree
    message = sheet.read(tree, source=SOURCE).message
    return {
        "whole": lambda: through(content, store, sheet),
        "read": lambda: read_package(io.BytesIO(content), store),
        "map_in": lambda: sheet.read(tree, source=SOURCE),
        "map_out": lambda: sheet.write(message, source=SOURCE),
        "write": lambda: written(tree, store),
        "lxml": lambda: etree.tostring(etree.fromstring(content)),
    }


def through(content: bytes, store: Memory, sheet: Compiled) -> bytes:
    """Carry a package through everything, and give what is written at the end."""
    tree = read_package(io.BytesIO(content), store).tree
    message = sheet.read(tree, source=SOURCE).message
    return written(sheet.write(message, source=SOURCE).tree, store)


def _agree(content: bytes, store: Memory, sheet: Compiled) -> None:
    again = through(content, store, sheet)
    first, second = (read_package(io.BytesIO(each), store) for each in (content, again))
    if sheet.read(first.tree, source=SOURCE).message != sheet.read(second.tree, source=SOURCE).message:
        raise AssertionError("what comes out does not say what went in")


def _timed(runner: Callable[[], Any]) -> float:
    began = time.process_time()
    for _ in range(_ROUND):
        runner()
    return (time.process_time() - began) / _ROUND
