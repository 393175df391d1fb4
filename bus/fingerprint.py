"""What counts as the content of a message that its source tells in several forms (rule 20, decision 11).

A form tells some fields and not others, so two forms are compared where both tell: a digest keeps a short
hash of every field, and two digests are of the same content if no field that both have differs.
"""

import hashlib
from collections.abc import Mapping

_MARK = b"F"
_NAME, _VALUE = 4, 4
_WIDE = _NAME + _VALUE


def digest_of(fields: Mapping[str, str] | None) -> bytes:
    """The digest of told fields, 8 bytes a field; of 2^32 changes of a field one stays unseen.

    Empty where the source does not tell what counts.
    """
    if fields is None:
        return b""
    short = sorted(_short(name, _NAME) + _short(text, _VALUE) for name, text in fields.items())
    return _MARK + b"".join(short)


def same_content(one: bytes, other: bytes) -> bool:
    """Whether two digests, of `digest_of` or any other, tell the same; where no field is common, they do."""
    if one == other:
        return True
    if not (is_of_fields(one) and is_of_fields(other)):
        return False
    mine, theirs = _fields(one), _fields(other)
    return all(mine[name] == theirs[name] for name in mine.keys() & theirs.keys())


def _short(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def is_of_fields(digest: bytes) -> bool:
    """Whether a digest is one of told fields: SHA-256's 32 bytes are never of this length."""
    return digest[:1] == _MARK and len(digest) % _WIDE == 1


def _fields(digest: bytes) -> dict[bytes, bytes]:
    places = range(1, len(digest), _WIDE)
    return {digest[at : at + _NAME]: digest[at + _NAME : at + _WIDE] for at in places}
