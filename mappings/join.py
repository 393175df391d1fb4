"""Join what one source said at different times: the later word wins, field by field; absent says nothing.

A value is joined together with its TIMES, so that the order in which messages arrive does not matter.
Times are seconds since the epoch. They form a tree beside the value and say only what differs:

- of a record (the dossier, a part, an item of a list): a float, or {"": its newest time, field: times};
- of a list or a map: a float for all of it, or {key: times of that item}, where they are not the record's.

Items are the same by `LIST_KEYS`; a second item of the same key in one message is another item. Files,
places and other parts of items count as one value: half an old address and half a new one is none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec.structs import astuple, fields, replace

from mappings.dossier import LIST_KEYS, Agency, Dossier, Part, Party

Times = float | dict[str, Any]
Mode = Literal["value", "part", "list", "texts", "map", "maps"]
"""How a field is joined: whole, as a record of its own, by key, by value, by its keys, by two keys."""

PARTS = ("owner", "submitter", "intake_agency", "handling_agency", "holder")
"""The dossier's parts, joined field by field while they mean the same person or agency."""

NOWHERE: Mapping[str, Any] = {}
SEPARATOR = "\x1f"
AGAIN = "\x1e"

S = TypeVar("S", bound=msgspec.Struct)


class Slot(NamedTuple):
    """A field of a struct and how it is joined."""

    name: str
    mode: Mode


class Sides(NamedTuple):
    """Two words about one field: values, their own times (None: the record's) and the records' times."""

    old: Any
    old_times: Any
    old_at: float
    new: Any
    new_times: Any
    new_at: float
    at: float


@cache
def slots(kind: type[msgspec.Struct]) -> tuple[Slot, ...]:
    """All fields of a struct, in the order of `astuple`."""
    return tuple(Slot(each.name, _mode(kind, each.name, each.type)) for each in fields(kind))


def _mode(kind: type[msgspec.Struct], name: str, annotation: Any) -> Mode:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    origins = {get_origin(option) for option in options}
    if name == "extras":
        return "maps"
    if kind is Dossier and name in PARTS:
        return "part"
    if dict in origins:
        return "map"
    if tuple in origins and get_args(annotation)[0] is str:
        return "texts"
    return "list" if tuple in origins and name in LIST_KEYS else "value"


@cache
def _getter(name: str) -> Callable[[Any], Any]:
    return attrgetter(*LIST_KEYS[name])


def _text(key: Iterable[Any]) -> str:
    return SEPARATOR.join(["" if part is None else str(part) for part in key])


def item_keys(name: str, mode: Mode, items: Sequence[Any]) -> list[str]:
    """The keys of a list's items; the second of a key gets a mark of its own."""
    if mode == "texts":
        found = list(items)
    elif len(LIST_KEYS[name]) == 1:
        found = list(map(_getter(name), items))
    else:
        found = [_text(key) for key in map(_getter(name), items)]
    if len(set(found)) == len(found):
        return found
    seen: dict[str, int] = {}
    for place, key in enumerate(found):
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            found[place] = f"{key}{AGAIN}{seen[key]}"
    return found


def part_key(part: Part) -> str:
    """Who a part is about: a party by its name, an agency by its code."""
    if isinstance(part, Agency):
        return part.code or part.old_code or part.name or ""
    if isinstance(part, Party):
        return " ".join((part.name or part.tax_code or part.identity or "").split()).casefold()
    return ""


def newest(times: Times) -> float:
    """The newest time at which a record was named."""
    return cast(float, times[""]) if isinstance(times, dict) else times


def is_absent(value: Any, mode: Mode) -> bool:
    """Tell whether a field says nothing. A list or a map without items says nothing; false and 0 do."""
    return value is None or (mode != "value" and not value)


def join_record(a: S, a_times: Times, b: S, b_times: Times, named: Sequence[str] = ()) -> tuple[S, Times]:
    """Join two words about the same record; of two words of the same time `b` counts as the later.

    `named` are the fields that `b` names, where the caller knows them: it saves time and changes nothing.
    """
    a_at, b_at = newest(a_times), newest(b_times)
    at = max(a_at, b_at)
    a_own = a_times if isinstance(a_times, dict) else NOWHERE
    b_own = b_times if isinstance(b_times, dict) else NOWHERE
    few = named if at == a_at else ()
    changes: dict[str, Any] = {}
    times: dict[str, Any] = {key: own for key, own in a_own.items() if key not in few} if few else {}
    for (name, mode), old, new in _rows(a, b, few):
        if new is None or (mode != "value" and not new):
            if (old is None or (mode != "value" and not old)) or (a_at == at and name not in a_own):
                continue
            own = _moved(name, mode, old, a_own.get(name), a_at, at)
        elif old is None or (mode != "value" and not old):
            changes[name] = new
            own = _moved(name, mode, new, b_own.get(name), b_at, at)
        elif name not in a_own and name not in b_own and old == new:
            continue
        else:
            sides = Sides(old, a_own.get(name), a_at, new, b_own.get(name), b_at, at)
            changes[name], own = _JOINS[mode](name, mode, sides)
        if own is not None:
            times[name] = own
    times.pop("", None)
    return (replace(a, **changes) if changes else a), ({"": at} | times if times else at)


def _rows(a: S, b: S, few: Sequence[str]) -> Iterable[tuple[Slot, Any, Any]]:
    """Fields with both values: all, or those few that count."""
    if not few:
        return zip(slots(type(a)), astuple(a), astuple(b), strict=True)
    known = _by_name(type(a))
    return [(known[name], getattr(a, name), getattr(b, name)) for name in few]


@cache
def _by_name(kind: type[msgspec.Struct]) -> dict[str, Slot]:
    return {slot.name: slot for slot in slots(kind)}


def _moved(name: str, mode: Mode, value: Any, own: Any, was: float, at: float) -> Any:
    """The times of an unchanged field in a record that is now of the time `at`."""
    if isinstance(own, dict) and mode != "part":
        return _packed(_spread(own, _keys(name, mode, value), was), at)
    own = was if own is None else own
    return None if own == at else own


def _keys(name: str, mode: Mode, value: Any) -> list[str]:
    if mode == "maps":
        return list(_flat(value))
    return list(value) if mode == "map" else item_keys(name, mode, value)


def _spread(own: Any, keys: Iterable[str], at: float) -> dict[str, Any]:
    """The times of every item of a list or map."""
    if isinstance(own, dict):
        return {key: own.get(key, at) for key in keys}
    return dict.fromkeys(keys, at if own is None else own)


def _packed(times: dict[str, Any], at: float) -> Any:
    """The shortest way to say them, always the same one."""
    differ = {key: own for key, own in times.items() if own != at}
    if not differ:
        return None
    own = next(iter(differ.values()))
    if len(differ) < len(times) or not isinstance(own, float):
        return differ
    return own if all(each == own for each in differ.values()) else differ


def _join_value(_name: str, _mode: Mode, sides: Sides) -> tuple[Any, Any]:
    old = sides.old_at if sides.old_times is None else sides.old_times
    new = sides.new_at if sides.new_times is None else sides.new_times
    last = max(old, new)
    return (sides.new if new >= old else sides.old), (None if last == sides.at else last)


def _join_part(_name: str, _mode: Mode, sides: Sides) -> tuple[Any, Any]:
    """Another person or agency replaces the part as a whole; the caller remembers the former one."""
    old: Times = sides.old_at if sides.old_times is None else sides.old_times
    new: Times = sides.new_at if sides.new_times is None else sides.new_times
    if part_key(sides.old) == part_key(sides.new):
        value, times = join_record(sides.old, old, sides.new, new)
    else:
        value, times = (sides.new, new) if newest(new) >= newest(old) else (sides.old, old)
    return value, (None if times == sides.at else times)


def _join_list(name: str, mode: Mode, sides: Sides) -> tuple[Any, Any]:
    """The items of both. Their order is that of the messages that named them last; steps, by their time."""
    a_keys, b_keys = item_keys(name, mode, sides.old), item_keys(name, mode, sides.new)
    if _is_renewed(sides, a_keys, b_keys):
        return _renew(name, sides, a_keys, b_keys)
    b_times = _spread(sides.new_times, b_keys, sides.new_at)
    items, times = dict(zip(a_keys, sides.old, strict=True)), _spread(sides.old_times, a_keys, sides.old_at)
    later = []
    for key, item in zip(b_keys, sides.new, strict=True):
        now, known = b_times[key], items.get(key)
        if known is None:
            items[key], times[key] = item, now
            later.append(key)
            continue
        was = times[key]
        if newest(now) >= newest(was):
            later.append(key)
        items[key], times[key] = _join_item(known, was, item, now)
    moved = set(later)
    order = [key for key in a_keys if key not in moved] + later
    if name == "steps":
        order.sort(key=lambda key: (items[_first(key)].at, *_place(key, times)))
    else:
        order.sort(key=lambda key: _place(key, times))
    return tuple([items[key] for key in order]), _packed(times, sides.at)


def _is_renewed(sides: Sides, a_keys: Sequence[str], b_keys: Sequence[str]) -> bool:
    """Tell whether the new word is later and names every item: what a peer that sends records always does."""
    own = sides.old_times
    if sides.new_times is not None or sides.old_at > sides.new_at:
        return False
    olds = own.values() if isinstance(own, dict) else () if own is None else (own,)
    if any(newest(each) > sides.new_at for each in olds) or not set(a_keys) <= set(b_keys):
        return False
    return not any(AGAIN in key for key in b_keys)


def _renew(name: str, sides: Sides, a_keys: Sequence[str], b_keys: Sequence[str]) -> tuple[Any, Any]:
    known = dict(zip(a_keys, sides.old, strict=True))
    own = sides.old_times if isinstance(sides.old_times, dict) else NOWHERE
    usual = sides.old_at if not isinstance(sides.old_times, float) else sides.old_times
    items, times = [], {}
    for key, item in zip(b_keys, sides.new, strict=True):
        was = known.get(key, item)
        if was == item:
            items.append(was)
            continue
        joined, when = _join_item(was, own.get(key, usual), item, sides.new_at)
        items.append(joined)
        if when != sides.at:
            times[key] = when
    if name == "steps":
        items.sort(key=attrgetter("at"))
    return tuple(items), times or None


def _first(key: str) -> str:
    """The key of the first item that has it; the others go with that one."""
    return key if AGAIN not in key else key.partition(AGAIN)[0]


def _place(key: str, times: Mapping[str, Times]) -> tuple[float, str]:
    """Where an item stands: with what was named at the same time, and never before the first of its key."""
    first = _first(key)
    at = newest(times[first])
    return at, ("" if first is key or newest(times[key]) == at else key)


def _join_item(old: Any, old_times: Times, new: Any, new_times: Times) -> tuple[Any, Times]:
    plain = type(old_times) is float and type(new_times) is float
    if isinstance(old, str) or (plain and old == new):
        return old, (old_times if newest(old_times) > newest(new_times) else new_times)
    return join_record(old, old_times, new, new_times)


def _join_map(_name: str, mode: Mode, sides: Sides) -> tuple[Any, Any]:
    old, new = (_flat(sides.old), _flat(sides.new)) if mode == "maps" else (sides.old, sides.new)
    times = _spread(sides.old_times, old, sides.old_at)
    found = dict(old)
    for key, at in _spread(sides.new_times, new, sides.new_at).items():
        if key not in times or at >= times[key]:
            found[key], times[key] = new[key], at
    return (_nested(found) if mode == "maps" else found), _packed(times, sides.at)


def _flat(extras: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Extras with one key each: source and field."""
    return {
        f"{source}{SEPARATOR}{name}": value for source, said in extras.items() for name, value in said.items()
    }


def _nested(flat: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    extras: dict[str, dict[str, Any]] = {}
    for key, said in flat.items():
        source, _, name = key.partition(SEPARATOR)
        extras.setdefault(source, {})[name] = said
    return extras


_JOINS: dict[Mode, Callable[[str, Mode, Sides], tuple[Any, Any]]] = {
    "value": _join_value,
    "part": _join_part,
    "list": _join_list,
    "texts": _join_list,
    "map": _join_map,
    "maps": _join_map,
}
