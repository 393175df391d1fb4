"""Where the files of a package go: the bus's file store (`bus.ports.Files`), or nowhere."""

import hashlib
from typing import BinaryIO

from bus.file_names import safe_name
from mappings.dossier import File

CHUNK = 262_144


class NoFiles:
    """A store that keeps nothing: for looking at a package."""

    def keep(
        self,
        content: BinaryIO,
        *,
        name: str,
        media_type: str = "",
        limit: int | None = None,  # noqa: ARG002  the port's
    ) -> File:
        """Tell what would be stored."""
        digest, size = hashlib.sha256(), 0
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        return File(hash=digest.hexdigest(), size=size, media_type=media_type, name=safe_name(name))

    def open(self, file: str) -> BinaryIO:
        """Raise FileNotFoundError."""
        raise FileNotFoundError(file)
