"""`files package`: an edXML package of the axis or the agencies' door, in the very bytes in which it came."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.ioffice.edxml.outline import put_together
from bus.errors import ConfigurationError
from bus.file_references import kept_bytes
from bus.files import CHUNK, FileStore
from bus.ledger.people import Note
from bus.ledger.store import Store
from commands.files import store_of
from commands.people import note
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, put_json, say

_HASH = re.compile(r"[0-9a-f]{64}")


def write_package(place: Place, digest: str, into: Path, reason: str, *, as_json: bool) -> int:
    """Write a package as it came into a new file, by the SHA-256 of its bytes.

    Made of its outline and its files, or copied where it was kept whole; the file gets its name when its
    bytes have that hash. It shows a citizen's data, so who asked and why is recorded. `NEEDS_YOU` where the
    package is not there, or a file of it is gone.
    """
    if not _HASH.fullmatch(digest):
        raise ConfigurationError(["that is no SHA-256 of 64 letters and digits"])
    if into.exists():
        raise ConfigurationError([f"{into} is there already; name a new file"])
    note(place, Note(who(), "reveal", f"package {digest}", reason))
    part = into.with_name(f"{into.name}.part")
    try:
        size = _written(_bytes(place, store_of(place), digest), part, digest)
        part.replace(into)
    except FileNotFoundError:
        return _lacking("no such package is stored, or a file of it is gone", as_json=as_json)
    except ValueError as error:
        return _lacking(str(error), as_json=as_json)
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        put_json({"ok": True, "package": digest, "bytes": size, "file": str(into)})
    say(f"{size:,} bytes in {into}")
    return FINE


def _bytes(place: Place, store: FileStore, digest: str) -> Iterator[bytes]:
    """The bytes of a package, piece by piece; raises FileNotFoundError."""
    if digest in store:
        with store.open(digest) as whole:
            while piece := whole.read(CHUNK):
                yield piece
        return
    with store.open(_outline(place, digest)) as outline:
        yield from put_together(outline, store.open)


def _outline(place: Place, digest: str) -> str:
    """The outline that a kept message names beside its package; "" where none does."""
    named = re.compile(rb'package="%b" outline="([0-9a-f]{64})"' % digest.encode())
    ledger = Store(place.ledger, serve=False)
    try:
        return next((found[1].decode() for raw in kept_bytes(ledger) if (found := named.search(raw))), "")
    finally:
        ledger.close()


def _written(pieces: Iterator[bytes], part: Path, digest: str) -> int:
    """Write the bytes, for their owner alone to read; raises ValueError where they have another hash."""
    found, size = hashlib.sha256(), 0
    part.touch(mode=0o600)
    with part.open("wb") as file:
        for piece in pieces:
            found.update(piece)
            size += file.write(piece)
    if found.hexdigest() != digest:
        raise ValueError("a stored file of this package is damaged: `files verify` names it")
    return size


def _lacking(what: str, *, as_json: bool) -> int:
    if as_json:
        put_json({"ok": False, "error": what})
    say(f"not done: {what}")
    return NEEDS_YOU
