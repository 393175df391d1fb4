"""`files`: what people do about stored files: withdraw links, prove them sound, take away the unused."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from rich.console import Console
from rich.progress import track

from bus.errors import ConfigurationError
from bus.file_references import kept_bytes
from bus.file_references import tidy as tidied
from bus.files import Decision, FileStore
from bus.ledger.people import Note
from bus.ledger.store import Store
from bus.links import parts_of
from commands.parts import file_store, read_settings
from commands.people import note
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, put_json, say

DAY = 86_400.0


def decide(
    place: Place, named: str, reason: str, *, what: Literal["withdrawn", "restored"], as_json: bool
) -> int:
    """Withdraw a file under the name of a link, or by a hash all links to it, or take that back.

    Recorded with who and why. A link that is withdrawn stays so under new keys and days.
    It counts at once, also in a running `serve`. `NEEDS_YOU` where there is nothing of the kind.
    """
    digest, link = _target(named)
    store = store_of(place)
    try:
        store.decide(Decision(what, digest, who(), reason, datetime.now(UTC), link=link))
    except FileNotFoundError:
        lacking = "no such file is stored" if what == "withdrawn" else "nothing of this was withdrawn"
        return _said({"ok": False, "error": lacking}, f"not done: {lacking}", as_json=as_json)
    note(place, Note(who(), f"file {what}", digest, reason))
    which = "links to this file under this name are" if link else f"all links to {digest} are"
    return _said({"ok": True, what: digest, "link": link}, f"{which} {what}", as_json=as_json)


def tidy(place: Place, *, days: float, dry_run: bool, as_json: bool) -> int:
    """Take away stored files that nothing kept refers to and that were put over `days` days ago.

    With `dry_run` only tell. May be repeated, and run beside a `serve`.
    """
    store, ledger = store_of(place), Store(place.ledger, serve=False)
    try:
        done = tidied(store, kept_bytes(ledger), older_than=days * DAY, dry_run=dry_run, watched=_watched)
    finally:
        ledger.close()
    for digest in done.files:
        say(f"{'would go' if dry_run else 'gone'}: {digest}")
    told = {"ok": True, "files": list(done.files), "bytes": done.bytes, "dry_run": dry_run}
    verb = "would be taken away" if dry_run else "taken away"
    return _said(told, f"{len(done.files)} files of {done.bytes:,} bytes {verb}", as_json=as_json)


def verify(place: Place, *, as_json: bool) -> int:
    """Read every stored file and compare it with its hash; `NEEDS_YOU` where one is damaged."""
    store = store_of(place)
    hashes = list(store.hashes())
    damaged = [digest for digest in _watched(hashes) if not store.is_sound(digest)]
    for digest in damaged:
        say(f"damaged: {store.folder / digest[:2] / digest}. Take it from a backup")
    told = {"ok": not damaged, "files": len(hashes), "damaged": damaged}
    return _said(told, f"{len(hashes)} files, {len(damaged)} damaged", as_json=as_json)


def store_of(place: Place) -> FileStore:
    """The file store of an installation; raises `ConfigurationError` where it has none yet."""
    if place.settings is None:
        raise ConfigurationError(["say which installation is meant with --settings FILE"])
    store = file_store(read_settings(place.settings, secrets=False))
    if not store.folder.is_dir():
        raise ConfigurationError([f"{store.folder}: there is no file store here yet; `serve` makes it"])
    return store


def _target(named: str) -> tuple[str, str]:
    """The hash and, of a link, its mark; raises `ConfigurationError` for what is neither."""
    if len(named) == 64 and not named.strip("0123456789abcdef"):
        return named, ""
    found = parts_of(named)
    if found is None:
        raise ConfigurationError(["that is neither a link of ours nor a SHA-256 of 64 letters and digits"])
    return found


def _watched(hashes: list[str]) -> Iterator[str]:
    yield from track(hashes, "reading files", console=Console(stderr=True), transient=True)


def _said(told: dict[str, Any], text: str, *, as_json: bool) -> int:
    if as_json:
        put_json(told)
    say(text)
    return FINE if told["ok"] else NEEDS_YOU
