"""What a dossier is found by beside its numbers: the names and identifiers of whoever it is about. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import msgspec

from mappings.dossier import Dossier, Party

MOST = 200
"""Words kept of one dossier; one with more people than that is found by the first of them."""

LONGEST = 80
_IDENTIFIERS = ("insurance_no", "card_no", "household_no", "personal_id")


def plain(name: str) -> str:
    """A name as it is compared: small letters without marks (Nguyễn Thị Đào -> nguyen thi dao)."""
    letters = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    bare = "".join(each for each in letters if not unicodedata.combining(each))
    return " ".join(re.findall(r"\w+", bare))[:LONGEST]


def compact(number: str) -> str:
    """An identifier as it is compared: its letters and digits, in capitals."""
    return "".join(each for each in number.upper() if each.isalnum())[:LONGEST]


def is_number(typed: str) -> bool:
    """Tell whether what somebody typed is an identifier: a name has no digits."""
    return any(each.isdigit() for each in typed)


def words(dossier: Dossier) -> frozenset[str]:
    """Everything the dossier is found by; a name from each of its words on, so "Văn An" finds "Lê Văn An"."""
    found: dict[str, None] = {}
    for struct in _structs(dossier):
        for word in _of(struct):
            found[word] = None
    return frozenset(list(found)[:MOST])


def _of(struct: msgspec.Struct) -> Iterator[str]:
    if isinstance(struct, Party):
        yield from _names(struct.name or "")
        numbers = [struct.identity, struct.tax_code, struct.phone]
        numbers += [identity.number for identity in struct.identities]
    else:
        numbers = [getattr(struct, name, None) for name in _IDENTIFIERS]
    for number in numbers:
        if number and (word := compact(number)):
            yield word


def _names(name: str) -> Iterator[str]:
    parts = plain(name).split()
    for place in range(len(parts)):
        yield " ".join(parts[place:])


def _structs(value: Any) -> Iterator[msgspec.Struct]:
    """Every struct within a value, outermost first."""
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from _structs(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _structs(item)
