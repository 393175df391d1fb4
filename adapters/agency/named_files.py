"""Every stored file that a message names, at whatever depth, with its path as the sender wrote it. Pure."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mappings.dossier import File


def named_files(part: Any, path: str = "") -> Iterator[tuple[str, File]]:
    """Each file with where it stands ("documents[0].file")."""
    if isinstance(part, File):
        yield path, part
    elif isinstance(part, Struct):
        for name in part.__struct_fields__:
            yield from named_files(getattr(part, name), f"{path}.{name}" if path else name)
    elif isinstance(part, tuple):
        for at, item in enumerate(part):
            yield from named_files(item, f"{path}[{at}]")
