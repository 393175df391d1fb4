"""A copy of the ledger taken while it is served, proved sound, and put back (sao lưu, phục hồi)."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, make_url

from bus.errors import NotPossibleError
from bus.ledger import read
from bus.ledger.read import Account
from bus.ledger.store import Store

_PAGES = 4096
"""Pages copied at a time: writers wait no longer than that takes."""

_SERVERS = Path("/usr/lib/postgresql")
NAMES = {True: "ledger.db", False: "ledger.dump"}
"""How the copy is named, by whether it is SQLite's."""

Progress = Callable[[int, int], None]
"""Told how many pages are still to be copied, of how many."""


def copy_ledger(url: str, folder: Path, progress: Progress = lambda _left, _all: None) -> Path:
    """Copy the ledger at `url` into `folder` as of one moment; the file is whole or not there.

    Beside a running `serve`; may be repeated. Raises `NotPossibleError` with what kept it from being done.
    """
    is_sqlite = url.startswith("sqlite")
    target = folder / NAMES[is_sqlite]
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    if is_sqlite:
        _copy_sqlite(Path(url.removeprefix("sqlite:///")), part, progress)
    else:
        _run(["pg_dump", "--format=custom", "--no-owner", f"--file={part}"], url)
    _flush(part)
    part.replace(target)
    return target


def _copy_sqlite(origin: Path, target: Path, progress: Progress) -> None:
    try:
        with (
            sqlite3.connect(f"file:{origin}?mode=ro", uri=True) as source,
            sqlite3.connect(target) as copy,
        ):
            source.backup(copy, pages=_PAGES, progress=lambda _status, left, all_: progress(left, all_))
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise NotPossibleError(f"the ledger cannot be copied: {error}") from error


def proved(url: str, copy: Path) -> Account | None:
    """The account of a copy, after reading all of it; None where that takes a server (PostgreSQL).

    Raises `NotPossibleError` for a copy that is damaged or does not account for everything.
    """
    if not url.startswith("sqlite"):
        _run(["pg_restore", "--list", f"--file={os.devnull}", str(copy)], "")
        return None
    try:
        with sqlite3.connect(f"file:{copy}?mode=ro", uri=True) as rows:
            told = rows.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        told = str(error)
    if told != "ok":
        raise NotPossibleError(f"{copy}: this copy is damaged: {told}")
    store = Store(f"sqlite:///{copy}", serve=False)
    try:
        with store.read() as tx:
            account = read.account(tx)
    finally:
        store.close()
    if account.unaccounted:
        raise NotPossibleError(f"{copy}: {account.unaccounted} deliveries are not accounted for in it")
    return account


def put_back(url: str, copy: Path) -> None:
    """Put a copy where the ledger is; what is there must be gone, or an empty database.

    Raises `NotPossibleError` where something is there, or where it cannot be written.
    """
    if not url.startswith("sqlite"):
        _refuse_tables(url)
        options = ["--exit-on-error", "--no-owner", "--single-transaction"]
        _run(["pg_restore", *options, str(copy)], url, into=True)
        return
    target = Path(url.removeprefix("sqlite:///"))
    if target.exists():
        raise NotPossibleError(
            f"{target}: there is a ledger already. Move it (with its -wal and -shm) aside, then restore again"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    shutil.copyfile(copy, part)
    _flush(part)
    part.replace(target)


def _refuse_tables(url: str) -> None:
    store = Store(url, serve=False)
    try:
        with store.read() as tx:
            there = tx.dialect.has_table(tx, "delivery")
    finally:
        store.close()
    if there:
        raise NotPossibleError("there is a ledger in this database already: make an empty one and name it")


def _run(command: list[str], url: str, *, into: bool = False) -> None:
    """One of PostgreSQL's own programs; the password goes by its environment, never by its arguments."""
    address = make_url(url) if url else None
    env = dict(os.environ)
    if address is not None:
        env |= {"PGPASSWORD": str(address.password or "")}
        plain = _without_password(address).render_as_string()
        command = [*command, f"--dbname={plain}"] if into or command[0] == "pg_dump" else command
    try:
        done = subprocess.run(  # noqa: S603  a program of PostgreSQL, fixed words
            [_program(command[0]), *command[1:]], env=env, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise NotPossibleError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise NotPossibleError(f"{command[0]} failed: {done.stderr.strip()[-500:]}")


def _without_password(address: URL) -> URL:
    where = (address.host, address.port, address.database, address.query)
    return URL.create("postgresql", address.username, None, *where)


def _program(name: str) -> str:
    """PostgreSQL's program: the newest installed, which reads every older server."""
    versions = sorted(_SERVERS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise NotPossibleError(f"{name} is not installed: it comes with the package postgresql-client")
    return found


def _flush(file: Path) -> None:
    """On disk before it counts."""
    with file.open("rb") as written:
        os.fsync(written.fileno())


def digest_of(file: Path) -> str:
    """SHA-256 of a file in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
