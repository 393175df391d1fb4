"""`backup` and `restore`: ledger and files, copied while `serve` runs, proved, and put back as a new epoch.

A backup is FOLDER/YYYYMMDD-HHMMSS with the ledger's copy and `backup.json`; the files of all backups lie once
in FOLDER/files, for they are stored by content.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress, track

from bus.errors import NotPossibleError
from bus.file_backup import copy_files
from bus.ledger import backup, chain, epoch
from bus.ledger.ledger import read_only
from bus.ledger.store import Store
from commands.parts import file_store, read_settings
from commands.place import Place, who
from commands.tell import FINE, NEEDS_YOU, local_time, put_json, say

SHEET = "backup.json"
FILES = "files"


class Taken(msgspec.Struct, frozen=True):
    """What a backup is: when it was begun, what is in it, and by what it is proved.

    `actions` is the head of the log of actions, for `audit verify --head`.
    """

    taken_at: float
    ledger: str
    sha256: str
    files: int
    account: dict[str, Any] | None = None
    actions: str = ""


def take_backup(place: Place, folder: Path, *, as_json: bool) -> int:
    """Copy ledger and files into `folder`, and prove the copy; `NEEDS_YOU` where a file is damaged.

    Raises `NotPossibleError` where it cannot be done or proved: then there is no `backup.json`.
    """
    now = datetime.now(UTC)
    here = folder / now.strftime("%Y%m%d-%H%M%S")
    here.mkdir(parents=True, mode=0o700)
    actions = str(read_only(place.ledger, chain.head))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("copying the ledger")
        copy = backup.copy_ledger(
            place.ledger, here, lambda left, of: bar.update(task, total=of, completed=of - left)
        )
    account = backup.proved(place.ledger, copy)
    copied = _copy_files(place, folder / FILES)
    taken = Taken(
        now.timestamp(),
        copy.name,
        backup.digest_of(copy),
        copied.files + copied.there if copied else 0,
        msgspec.to_builtins(account) if account else None,
        actions,
    )
    _write(here / SHEET, msgspec.json.format(msgspec.json.encode(taken)))
    damaged = copied.damaged if copied else ()
    told = {"ok": not damaged, "backup": str(here), "files": taken.files, "damaged": damaged}
    if as_json:
        put_json(told)
    for digest in damaged:
        say(f"damaged at its origin, and left out: {digest}. Take it from an older backup")
    say(f"backed up (đã sao lưu) to {here}: restore it with `restore {here}`")
    return NEEDS_YOU if damaged else FINE


def _copy_files(place: Place, target: Path) -> Any:
    """The store's files, after the ledger: every file that it names is on disk before its message."""
    if place.settings is None:
        return None
    store = file_store(read_settings(place.settings, secrets=False))
    if not store.folder.is_dir():
        return None
    return copy_files(store.folder, target, _watched)


def _watched(hashes: list[str]) -> Any:
    return track(hashes, "copying files", console=Console(stderr=True), transient=True)


def restore(settings: Path, here: Path, *, as_json: bool) -> int:
    """Put a backup back where the settings say, and begin a new epoch: peers are asked before we send.

    Every process of the installation has to be stopped. Raises `NotPossibleError` where a ledger is there
    already, or the backup is not what it was.
    """
    taken = _read(here / SHEET)
    copy = here / taken.ledger
    if not copy.is_file() or backup.digest_of(copy) != taken.sha256:
        raise NotPossibleError(f"{copy}: this is not the copy that {SHEET} tells of. Take another backup")
    installation = read_settings(settings, secrets=False)
    url = installation.ledger.address(installation.installation.data)
    if url.startswith("sqlite") is not (taken.ledger == backup.NAMES[True]):
        raise NotPossibleError(f"{taken.ledger} is of another database than the ledger of these settings")
    backup.put_back(url, copy)
    store = Store(url)
    try:
        begun = epoch.begin(store, taken.taken_at, who())
    finally:
        store.close()
    _put_files(here.parent / FILES, file_store(installation).folder)
    if as_json:
        put_json({"ok": True, "epoch": begun.number, "asked": begun.asked, "taken_at": taken.taken_at})
    say(_what_now(taken, begun))
    return FINE


def _put_files(copies: Path, folder: Path) -> None:
    if copies.is_dir():
        copy_files(copies, folder, _watched)


def _what_now(taken: Taken, begun: epoch.Begun) -> str:
    return (
        f"restored (đã phục hồi) as it was at {local_time(taken.taken_at)}. {begun.asked} deliveries were "
        "open: their peers are asked before anything is sent. What sources said since is read again from "
        "those that are polled, and asked about as well. Start `serve`"
    )


def actions_head(here: Path) -> str:
    """The head of the log of actions as a backup has it; raises `NotPossibleError` for what is none."""
    return _read(here / SHEET).actions


def _read(sheet: Path) -> Taken:
    try:
        return msgspec.json.decode(sheet.read_bytes(), type=Taken)
    except OSError as error:
        raise NotPossibleError(f"{sheet}: {error.strerror}. Name a folder that `backup` has made") from None
    except msgspec.DecodeError as error:
        raise NotPossibleError(f"{sheet}: is no {SHEET} of a backup: {error}") from None


def _write(file: Path, content: bytes) -> None:
    part = file.with_suffix(".part")
    part.write_bytes(content)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(file)
