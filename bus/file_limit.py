"""How much the files of one dossier are together, and refusing what would be too much."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from bus.errors import RejectedMessageError
from mappings.dossier import File, Message


def files_of(part: Any) -> Iterator[File]:
    """Every stored file that a message or a dossier names, at any depth."""
    if isinstance(part, File):
        yield part
    elif isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from files_of(getattr(part, name))
    elif isinstance(part, tuple):
        for item in part:
            yield from files_of(item)


def check_together(message: Message, held: Iterable[File], limit: int) -> None:
    """Raise `RejectedMessageError` where a message brings its dossier over `limit` bytes of files.

    `held` are the dossier's files so far. A content that stands twice counts once; a message that brings
    nothing new is never refused, also where the limit was lowered meanwhile.
    """
    sizes = {file.hash: file.size for file in held}
    before = sum(sizes.values())
    total = sum((sizes | {file.hash: file.size for file in files_of(message)}).values())
    if total > max(limit, before):
        what = f"các tệp của hồ sơ tổng cộng {total} byte, vượt quá {limit} byte cho phép"
        raise RejectedMessageError([what])
