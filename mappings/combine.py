"""Combine what the sources say into one dossier: authority first, the others fill in what it leaves open.

Where two sources differ, the higher authority's value stands and the other one is noted by its digest.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import astuple, replace

from mappings.authority import AUTHORITY, FIRST, OTHERS
from mappings.dossier import Agency, Dossier, Part, Party
from mappings.join import SEPARATOR, Mode, Times, is_absent, item_keys, newest, slots


class Word(NamedTuple):
    """All that one source said: its connector type, when it first spoke, and the times of its fields."""

    type: str
    since: float
    said: Dossier
    times: Times


class Note(msgspec.Struct, frozen=True, array_like=True):
    """Another source's value that does not stand: digests only, for the values may be a citizen's."""

    field: str
    source: str
    kept: str
    other: str


class Say(NamedTuple):
    """One source's value, comparable: the smallest stands. `own` are its times, `at` its record's."""

    rank: int
    order: float
    source: str
    value: Any
    own: Any = None
    at: float = 0.0


P = TypeVar("P", bound=Part)
_encode = msgspec.json.Encoder(order="deterministic").encode
_MODES: dict[str, Mode] = {
    name: mode for name, mode in slots(Dossier) if name not in {"code", "codes", "as_of", "extras"}
}


def digest(value: Any) -> str:
    """A short digest of a value: tells two values apart without showing them."""
    return hashlib.blake2b(_encode(value), digest_size=6).hexdigest()


def combine(words: Mapping[str, Word], before: Dossier, names: Iterable[str]) -> tuple[Dossier, list[Note]]:
    """Settle the fields `names` anew, the others stay as in `before`; with the notes about `names`."""
    changes: dict[str, Any] = {"codes": _codes(words)}
    notes: list[Note] = []
    dossiers = [word.said for word in words.values()]
    for name in names:
        if name == "extras":
            changes[name] = _extras(words)
        elif name in _MODES:
            mode, first = _MODES[name], None
            for said in dossiers:
                value = getattr(said, name)
                if value is None or (mode != "value" and not value):
                    continue
                if first is None:
                    first = value
                elif value != first:
                    first = _settle(name, _ranked(words, name), notes)
                    break
            if first is not None:
                changes[name] = first
    changes["as_of"] = max((word.said.as_of for word in words.values() if word.said.as_of), default=None)
    return replace(before, **changes), notes


@cache
def ambiguous(types: tuple[str, ...]) -> frozenset[str]:
    """The fields for which two connectors of these types have the same rank, so that time decides."""
    return frozenset(
        name
        for name, ranks in AUTHORITY.items()
        if ranks is not FIRST and len({ranks.get(each, OTHERS) for each in types}) < len(types)
    )


def named(said: Dossier) -> list[str]:
    """The fields about which a word says something."""
    pairs = zip(slots(Dossier), astuple(said), strict=True)
    return [name for (name, mode), value in pairs if value is not None and (value or mode == "value")]


def _codes(words: Mapping[str, Word]) -> dict[str, str]:
    """Every source knows its own number best; what others say of a number counts where it is silent."""
    codes: dict[str, str] = {}
    for _, word in sorted(words.items(), key=lambda pair: (pair[1].since, pair[0])):
        codes = word.said.codes | codes
    own = {source: word.said.codes[source] for source, word in words.items() if source in word.said.codes}
    return codes | own


def _extras(words: Mapping[str, Word]) -> dict[str, dict[str, Any]]:
    """What each source said beside our fields; nobody's word for another counts before its own."""
    extras = {key: said for _, word in sorted(words.items()) for key, said in word.said.extras.items()}
    return extras | {
        source: word.said.extras[source] for source, word in words.items() if source in word.said.extras
    }


def _ranked(words: Mapping[str, Word], name: str) -> list[Say]:
    """What the sources say of a field, the one whose word stands first."""
    ranks, mode = AUTHORITY[name], _MODES[name]
    says = []
    for source, word in words.items():
        value = getattr(word.said, name)
        if is_absent(value, mode):
            continue
        times, at = word.times, newest(word.times)
        own = times.get(name) if isinstance(times, dict) else None
        order = word.since if ranks is FIRST else -_last(own, at, value, mode)
        says.append(Say(ranks.get(word.type, OTHERS), order, source, value, own, at))
    return sorted(says)


def _last(own: Any, at: float, value: Any, mode: Mode) -> float:
    """When a source last named a field, or any item of it."""
    if isinstance(own, dict) and mode != "part":
        return max(newest(each) for each in own.values()) if len(own) == len(value) else at
    return at if own is None else newest(own)


def _settle(name: str, says: Sequence[Say], notes: list[Note]) -> Any:
    mode = _MODES[name]
    if mode == "list":
        return _settle_list(name, says, notes)
    if mode == "texts":
        return tuple(dict.fromkeys(text for say in says for text in say.value))
    kept = says[0].value
    for say in says[1:]:
        if mode == "map":
            kept = _fill_map(name, kept, say.source, say.value, notes)
        elif mode == "part" and _is_same(kept, say.value):
            kept = _fill(name, kept, say.source, say.value, notes)
        elif kept != say.value:
            notes.append(Note(name, say.source, digest(kept), digest(say.value)))
    return kept


def _settle_list(name: str, says: Sequence[Say], notes: list[Note]) -> tuple[Any, ...]:
    """The first authority's items in its order, then what only the others have; steps in order of time."""
    found: dict[str, list[Say]] = {}
    for say in says:
        for key, item in zip(item_keys(name, "list", say.value), say.value, strict=True):
            own = say.own.get(key, say.at) if isinstance(say.own, dict) else say.own
            at = say.at if own is None else newest(own)
            whole_key = f"{key}{SEPARATOR}{item.at}" if name == "steps" else key
            found.setdefault(whole_key, []).append(Say(say.rank, -at, say.source, item))
    items = tuple(_settle_item(f"{name}/{digest(key)}", same, notes) for key, same in found.items())
    return tuple(sorted(items, key=attrgetter("at"))) if name == "steps" else items


def _settle_item(path: str, same: list[Say], notes: list[Note]) -> Any:
    if len(same) == 1:
        return same[0].value
    same.sort()
    kept = same[0].value
    for say in same[1:]:
        kept = _fill(path, kept, say.source, say.value, notes)
    return kept


def _fill(path: str, kept: P, source: str, other: P, notes: list[Note]) -> P:
    """Take from another source what the kept record does not say."""
    if kept == other:
        return kept
    changes: dict[str, Any] = {}
    for (name, mode), mine, theirs in zip(slots(type(kept)), astuple(kept), astuple(other), strict=True):
        if is_absent(theirs, mode) or mine == theirs:
            continue
        if is_absent(mine, mode):
            changes[name] = theirs
        elif mode == "maps":
            changes[name] = {**theirs, **mine}
        elif mode == "texts":
            changes[name] = tuple(dict.fromkeys(mine + theirs))
        elif mode == "list":
            changes[name] = _fill_list(f"{path}.{name}", name, mine, (source, theirs), notes)
        else:
            notes.append(Note(f"{path}.{name}", source, digest(mine), digest(theirs)))
    return replace(kept, **changes) if changes else kept


def _fill_list(
    path: str, name: str, mine: Sequence[Any], theirs: tuple[str, Sequence[Any]], notes: list[Note]
) -> tuple[Any, ...]:
    items = dict(zip(item_keys(name, "list", mine), mine, strict=True))
    source, others = theirs
    for key, item in zip(item_keys(name, "list", others), others, strict=True):
        items[key] = _fill(f"{path}/{digest(key)}", items[key], source, item, notes) if key in items else item
    return tuple(items.values())


def _fill_map(
    path: str, kept: Mapping[str, Any], source: str, other: Mapping[str, Any], notes: list[Note]
) -> dict[str, Any]:
    for key, value in other.items():
        if key in kept and kept[key] != value:
            notes.append(Note(f"{path}/{digest(key)}", source, digest(kept[key]), digest(value)))
    return {**other, **kept}


def _is_same(a: Part, b: Part) -> bool:
    """Tell whether two sources mean the same person or agency; only then does one fill in the other."""
    if isinstance(a, Party) and isinstance(b, Party):
        mine, theirs = _numbers(a), _numbers(b)
        return bool(mine & theirs) if mine and theirs else _plain(a.name) == _plain(b.name)
    if isinstance(a, Agency) and isinstance(b, Agency):
        for one, other in ((a.code, b.code), (a.old_code, b.old_code)):
            if one and other:
                return one == other
        return _plain(a.name) == _plain(b.name)
    return False


def _numbers(party: Party) -> set[str]:
    numbers = {identity.number for identity in party.identities}
    return numbers | {number for number in (party.identity, party.tax_code) if number}


def _plain(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()
