"""The fold: a dossier is what all its messages say together (hồ sơ là kết quả gộp các thông điệp).

Pure. Later `as_of` wins within one source, whatever the order of arrival; between sources the field's
authority wins (`mappings.authority`) and the other value is noted; lists merge by key; absent changes
nothing. Folding the same message again changes nothing.

A status is changed by records (`Dossier` messages) alone: a step, a supplement or a withdrawal tells what
was done or asked, and the authority's record follows it with the status that came of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from mappings.combine import Note, Word, ambiguous, combine, named
from mappings.dossier import (
    Agency,
    CardResult,
    DocumentStatus,
    Dossier,
    FinancialObligation,
    InformationSlip,
    Insurance,
    Message,
    OfficialDocument,
    Part,
    Party,
    Payment,
    Result,
    Step,
    Subsections,
    Supplement,
    Taxpayer,
    Transfer,
    Withdrawal,
)
from mappings.join import PARTS, Times, join_record, newest, part_key
from mappings.official_step import step_of

Past = dict[str, dict[str, tuple[Any, Any]]]
"""part field -> who -> (that part as plain values, its times): persons and agencies that were replaced."""

NEVER = float("-1e18")
"""The record's time of a source that sent no record yet."""


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a source's word beside its values.

    `type` is the connector's type, `since` and `times` are seconds since the epoch (`mappings.join`).
    """

    type: str
    since: float
    times: Times
    past: Past = {}
    withdrawals: dict[str, Withdrawal] = {}


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """A dossier as folded so far: what each source said, and what stands (`whole`).

    A source's dossier is without `code`: its own number stands in `codes` under its name.
    """

    by_source: dict[str, Dossier]
    marks: dict[str, Mark]
    merged: Dossier | None = None
    noted: tuple[Note, ...] = ()

    @property
    def whole(self) -> Dossier:
        """The dossier that all sources together tell of."""
        return self.merged if self.merged is not None else next(iter(self.by_source.values()))

    @property
    def withdrawals(self) -> Iterator[tuple[str, Withdrawal]]:
        """Every request to withdraw, with the source that handed it in."""
        return ((source, asked) for source, mark in self.marks.items() for asked in mark.withdrawals.values())


encode = msgspec.json.Encoder().encode
"""A state as JSON bytes."""

decode = msgspec.json.Decoder(State).decode
"""A state from its JSON bytes; raises `msgspec.DecodeError` on anything else."""

_LISTS: dict[type[Message], str] = {
    Step: "steps",
    Supplement: "supplements",
    Result: "results",
    Transfer: "transfers",
    Payment: "payments",
    OfficialDocument: "papers_out",
}


def fold(state: State | None, *, source: str, kind: str, message: Message, as_of: datetime) -> State:
    """Fold a message of a source (a connector's name) into a dossier. May be repeated.

    `kind` is "TYPE.message"; `as_of` is aware. Raises TypeError for a message that is about no dossier.
    """
    heard, mark = _lift(source, kind, message, as_of)
    if state is None:
        return State({source: heard}, {source: mark})
    names = named(heard)
    if before := state.by_source.get(source):
        known = state.marks[source]
        after, mark = _join(before, known, heard, mark, names)
        earlier = mark.since != known.since
        names = [*names, *named(state.whole)] if earlier else _touched(state, before, after, names)
        heard = after
    return _settle(state, {source: heard}, {source: mark}, names)


def _touched(state: State, before: Dossier, after: Dossier, names: Iterable[str]) -> list[str]:
    """The fields to settle anew: what changed, and what was said again where time decides between sources."""
    if len(state.marks) == 1:
        return []
    by_time = ambiguous(tuple(sorted(mark.type for mark in state.marks.values())))
    return [name for name in names if name in by_time or getattr(before, name) is not getattr(after, name)]


def merge(a: State, b: State) -> State:
    """Make one dossier of two that turned out to be the same; of words of the same time `b`'s stand."""
    said, marks = dict(b.by_source), dict(b.marks)
    for source in a.by_source.keys() & b.by_source.keys():
        mine, theirs = a.by_source[source], said[source]
        said[source], marks[source] = _join(mine, a.marks[source], theirs, marks[source], named(theirs))
    return _settle(a, said, marks, [*named(a.whole), *named(b.whole)])


def _settle(state: State, said: dict[str, Dossier], marks: dict[str, Mark], names: Iterable[str]) -> State:
    by_source, all_marks = {**state.by_source, **said}, {**state.marks, **marks}
    if len(by_source) == 1:
        return State(by_source, all_marks)
    words = {
        source: Word(mark.type, mark.since, by_source[source], mark.times)
        for source, mark in all_marks.items()
    }
    fresh = dict.fromkeys(names)
    merged, notes = combine(words, state.whole, fresh)
    stay = [note for note in state.noted if _field(note) not in fresh]
    return State(by_source, all_marks, merged, tuple(sorted([*stay, *notes], key=_order)))


def _field(note: Note) -> str:
    return note.field.partition("/")[0].partition(".")[0]


def _order(note: Note) -> tuple[str, ...]:
    return note.field, note.source, note.kept, note.other


def _lift(source: str, kind: str, message: Message, as_of: datetime) -> tuple[Dossier, Mark]:
    """A message as a word about the dossier: one that is no record names a single item of a list."""
    at = as_of.timestamp()
    type_, _, name = kind.partition(".")
    codes = {source: message.code} if message.code else {}
    if isinstance(message, Dossier):
        codes = message.codes | codes
        heard = replace(message, code=None, as_of=as_of, codes=codes, form=message.form or None)
        return heard, Mark(type_, at, at)
    times = {"": NEVER, "as_of": at} | ({"codes": at} if codes else {})
    if isinstance(message, Withdrawal):
        asked = replace(message, code=None, as_of=as_of)
        return Dossier(as_of=as_of, codes=codes), Mark(type_, at, times, withdrawals={asked.id: asked})
    if isinstance(
        message, InformationSlip | CardResult | Taxpayer | Subsections
    ):  # they ask and answer; the record tells the facts
        return Dossier(as_of=as_of, codes=codes), Mark(type_, at, times)
    if isinstance(message, FinancialObligation):
        owed = replace(message, code=None, as_of=None)
        return Dossier(as_of=as_of, codes=codes, obligation=owed), Mark(type_, at, times | {"obligation": at})
    if isinstance(message, Insurance):
        told = replace(message, code=None, as_of=None)
        return Dossier(as_of=as_of, codes=codes, insurance=told), Mark(type_, at, times | {"insurance": at})
    if isinstance(message, DocumentStatus):
        message = step_of(message)
    field = _LISTS.get(type(message))
    if field is None:
        raise TypeError(f"{kind}: a {type(message).__name__} is about no dossier")
    item: Any = replace(message, code=None, as_of=None)
    if name == "result_revoked" and isinstance(item, Result):
        item = replace(item, revoked=True)
    items: dict[str, Any] = {field: (item,)}
    return Dossier(as_of=as_of, codes=codes, **items), Mark(type_, at, times | {field: at})


def _join(a: Dossier, a_mark: Mark, b: Dossier, b_mark: Mark, names: Sequence[str]) -> tuple[Dossier, Mark]:
    """Join two words of one source; `names` are the fields that `b` names."""
    said, times = join_record(a, a_mark.times, b, b_mark.times, names)
    past: Past = {}
    if a_mark.past or b_mark.past or _is_replaced(a, b):
        said, times, past = _keep_past(said, times, [(a, a_mark), (b, b_mark)])
    withdrawals = a_mark.withdrawals
    if b_mark.withdrawals:
        withdrawals = _later(a_mark.withdrawals, b_mark.withdrawals)
    return said, Mark(a_mark.type, min(a_mark.since, b_mark.since), times, past, withdrawals)


def _later(a: dict[str, Withdrawal], b: dict[str, Withdrawal]) -> dict[str, Withdrawal]:
    found = dict(a)
    for key, asked in b.items():
        known = found.get(key)
        if known is None or not (asked.as_of and known.as_of and asked.as_of < known.as_of):
            found[key] = asked
    return found


def _is_replaced(a: Dossier, b: Dossier) -> bool:
    for name in PARTS:
        old, new = getattr(a, name), getattr(b, name)
        if old is not None and new is not None and old is not new and part_key(old) != part_key(new):
            return True
    return False


def _keep_past(said: Dossier, times: Times, words: list[tuple[Dossier, Mark]]) -> tuple[Dossier, Times, Past]:
    """Let the person or agency that was named last stand, and remember the others with all they had."""
    at = newest(times)
    own: dict[str, Any] = dict(times) if isinstance(times, dict) else {"": at}
    changes: dict[str, Any] = {}
    past: Past = {}
    for name in PARTS:
        parts = _parts(name, words)
        if len(parts) < 2:
            continue
        last = max(parts, key=lambda key: (key != "", newest(parts[key][1]), key))
        changes[name], own[name] = parts.pop(last)
        past[name] = {key: (_plain(part), when) for key, (part, when) in sorted(parts.items())}
        if own[name] == at:
            del own[name]
    return replace(said, **changes), (own if len(own) > 1 else at), past


def _plain(part: Part) -> Any:
    """A part as its JSON has it, so that a state read again equals the one written."""
    return msgspec.json.decode(msgspec.json.encode(part))


def _parts(name: str, words: list[tuple[Dossier, Mark]]) -> dict[str, tuple[Part, Times]]:
    """Everyone who was ever named in a part of the dossier, joined by who it is."""
    kind = Agency if name.endswith("agency") or name == "holder" else Party
    found: dict[str, tuple[Part, Times]] = {}
    for said, mark in words:
        own, at = (mark.times, newest(mark.times)) if isinstance(mark.times, dict) else ({}, mark.times)
        former = [(msgspec.convert(part, kind), when) for part, when in mark.past.get(name, {}).values()]
        current = getattr(said, name)
        for part, when in [*former, (current, own.get(name, at))]:
            if part is not None:
                key = part_key(part)
                found[key] = join_record(*found[key], part, when) if key in found else (part, when)
    return found
