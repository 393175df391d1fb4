"""Every part of a kind in a message, at whatever depth, with its path as the sender wrote it. Pure."""

from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T", bound=Struct)


def parts_of(kind: type[T], part: Any, path: str = "") -> Iterator[tuple[str, T]]:
    """Each part of a kind with where it stands: of files "documents[0].file"."""
    if isinstance(part, kind):
        yield path, part
    if isinstance(part, Struct):
        for name in part.__struct_fields__:
            yield from parts_of(kind, getattr(part, name), f"{path}.{name}" if path else name)
    elif isinstance(part, tuple):
        for at, item in enumerate(part):
            yield from parts_of(kind, item, f"{path}[{at}]")
