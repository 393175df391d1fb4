"""A second store of the same files (bản sao kho tệp): beside a backup of the ledger, and back again."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bus.errors import RejectedMessageError
from bus.files import WITHDRAWN, FileStore


@dataclass(frozen=True, slots=True)
class Copied:
    """Files and bytes that were copied, files that were there already, and those damaged at their origin."""

    files: int
    bytes: int
    there: int
    damaged: tuple[str, ...]


def copy_files(origin: Path, target: Path, watched: Callable[[list[str]], Iterable[str]] = iter) -> Copied:
    """Copy the files of the store at `origin`, and what people decided about links, into the one at `target`.

    A file that is there is not copied again; each is compared with its hash on the way, and one that is
    damaged is named and left out. Taken after the ledger's backup, every file that it names is in it, for a
    file is on disk before its message is kept. May be repeated, beside a running `serve`; cut off, it goes
    on where it was. Raises `UnavailableError` where the target cannot be written.
    """
    source, copy = FileStore(origin, limit=0), FileStore(target, limit=0)
    copy.prepare()
    copied, size, there = 0, 0, 0
    damaged: list[str] = []
    for digest in watched(list(source.hashes())):
        if digest in copy:
            there += 1
            continue
        try:
            with source.open(digest) as content:
                size += copy.put(content, expect=digest, limit=source.size(digest)).size
            copied += 1
        except FileNotFoundError:  # tidied away meanwhile
            continue
        except RejectedMessageError:
            damaged.append(digest)
    _copy_decisions(origin / WITHDRAWN, target / WITHDRAWN)
    return Copied(copied, size, there, tuple(damaged))


def _copy_decisions(origin: Path, target: Path) -> None:
    """Marks and history; a mark that is no longer at the origin was taken back and goes here too."""
    marks = {path.name for path in origin.iterdir()} if origin.is_dir() else set()
    for gone in {path.name for path in target.iterdir()} - marks:
        (target / gone).unlink()
    for name in sorted(marks):
        part = target.parent / f".part-{name}"
        shutil.copyfile(origin / name, part)
        part.replace(target / name)
