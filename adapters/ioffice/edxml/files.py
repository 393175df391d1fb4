"""Where the files of packages lie: a port, and a folder that serves until the bus has a store of its own."""

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO, Protocol

from mappings.dossier import File

CHUNK = 262_144
_HASH = re.compile(r"[0-9a-f]{64}")


class NoSuchFileError(Exception):
    """The store has no file of this hash."""


class Files(Protocol):
    """A store of files by their content; the id of a file is the SHA-256 of its bytes in hex."""

    def keep(self, content: BinaryIO, *, name: str, media_type: str) -> File:
        """Store what `content` gives from where it stands to its end; the same bytes are stored once."""
        ...

    def open(self, file: str) -> BinaryIO:
        """Open a stored file for reading; raises `NoSuchFileError`. The caller closes it."""
        ...


class NoFiles:
    """A store that keeps nothing: for looking at a package."""

    def keep(self, content: BinaryIO, *, name: str, media_type: str) -> File:
        """Tell what would be stored."""
        digest, size = hashlib.sha256(), 0
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        return File(hash=digest.hexdigest(), size=size, media_type=media_type, name=name)

    def open(self, file: str) -> BinaryIO:
        """Raise `NoSuchFileError`."""
        raise NoSuchFileError(file)


class FolderFiles:
    """A store in a folder, two levels deep; safe for many threads and processes. Nothing is ever removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: BinaryIO, *, name: str, media_type: str) -> File:
        """Store a file: written aside, flushed to disk, then put in its place by its hash."""
        self._folder.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix=".new-", delete=False) as aside:
            try:
                while chunk := content.read(CHUNK):
                    digest.update(chunk)
                    size += aside.write(chunk)
                aside.flush()
                os.fsync(aside.fileno())
                self._place(Path(aside.name), digest.hexdigest())
            except BaseException:
                Path(aside.name).unlink(missing_ok=True)
                raise
        return File(hash=digest.hexdigest(), size=size, media_type=media_type, name=name)

    def open(self, file: str) -> BinaryIO:
        """Open a stored file; raises `NoSuchFileError` for an id that is none as well."""
        if not _HASH.fullmatch(file):
            raise NoSuchFileError(file)
        try:
            return self._path(file).open("rb")
        except FileNotFoundError:
            raise NoSuchFileError(file) from None

    def _place(self, aside: Path, name: str) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(path)
        for folder in (path.parent, self._folder):
            handle = os.open(folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name
