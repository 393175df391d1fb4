"""Read one leg of a route file, and check which of its words need one another."""

from collections.abc import Sequence
from datetime import date, datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, cast

from bus.flow_fields import Mistake, agency_fields, expect_type, holder_of, walks_list
from bus.flow_file import RouteFile, Table
from bus.flow_values import Ask, Leg, Path, Pause, Send
from mappings.dossier import Dossier
from mappings.source import Keys, did_you_mean

LEG_WORDS = (
    "name",
    "title",
    "on",
    "after",
    "even_if_refused",
    "when",
    "send",
    "to_agency",
    "expects",
    "answer_when",
    "matched_by",
    "refused_on",
    "refused_when",
    "ask",
    "ask_every",
    "per",
    "within",
    "until",
    "pauses_on",
    "resumes_on",
    "resume_within",
    "resume_send",
    "undo",
    "undo_within",
    "after_withdrawal",
)

_NEEDS = {
    "answer_when": "expects",
    "matched_by": "expects",
    "refused_on": "expects",
    "refused_when": "expects",
    "ask": "expects",
    "within": "expects",
    "until": "expects",
    "pauses_on": "expects",
    "undo": "expects",
}
"""word -> the word without which the leg is never open."""

_BESIDE = (
    ("even_if_refused", "after"),
    ("per", "on"),
    ("when", "on"),
    ("to_agency", "send"),
    ("ask", "ask_every"),
    ("ask_every", "ask"),
    ("pauses_on", "resumes_on"),
    ("resumes_on", "pauses_on"),
    ("resume_within", "pauses_on"),
    ("resume_send", "pauses_on"),
    ("undo_within", "undo"),
)
"""(word, the word that it needs beside it)."""

_NOT_BOTH = (("on", "after"), ("within", "until"), ("pauses_on", "until"))


class LegReader:
    """Reads the legs of one flow."""

    def __init__(self, file: RouteFile, flow: str) -> None:
        self.file = file
        self.flow = flow

    def leg(self, path: Keys, table: Table) -> Leg:
        """One leg; what is wrong with it is noted."""
        file = self.file
        file.words(path, table, LEG_WORDS, "a leg")
        name = file.name(path, table, (self.flow,))
        on, expects = file.kinds(path, table, "on"), file.kinds(path, table, "expects")
        self._makes_sense(path, table, name)
        connector, operation = file.operation(path, table, "send")
        refused_on = file.kinds(path, table, "refused_on")
        per = self._path(path, table, "per", on)
        return Leg(
            flow=self.flow,
            name=name,
            title=file.text(path, table, "title") or name,
            on=on,
            after=self._legs(path, table, "after"),
            even_if_refused=self._legs(path, table, "even_if_refused"),
            when=file.conditions(path, table, "when", file.structs(on)),
            connector=connector,
            operation=operation,
            to_agency=self._agency(path, table, on),
            expects=expects,
            answer_when=file.conditions(path, table, "answer_when", file.structs(expects)),
            matched_by=self._path(path, table, "matched_by", expects),
            ask=self._ask(path, table),
            per=self._sendable(path, table, per, on),
            within=file.duration(path, table, "within"),
            until=self._until(path, table, per, on),
            pause=self._pause(path, table),
            refused_on=refused_on,
            refused_when=file.conditions(path, table, "refused_when", file.structs(refused_on or expects)),
            undo=self._undo(path, table),
            undo_within=file.duration(path, table, "undo_within"),
            after_withdrawal=file.flag(path, table, "after_withdrawal"),
        )

    def _makes_sense(self, path: Keys, table: Table, name: str) -> None:
        """The words of a leg that need one another, or exclude one another."""
        wrong = self.file.wrong
        if "on" not in table and "after" not in table:
            wrong(path, f'leg "{name}": on is missing', "Name the message that starts it")
        if "send" not in table and "expects" not in table:
            wrong(path, f'leg "{name}" neither sends nor awaits anything', "Give it send or expects")
        for word, needed in _NEEDS.items():
            if word in table and needed not in table:
                what = f"{word} without {needed}: this leg is never open"
                wrong((*path, word), what, "Say what it awaits, or leave this out", of="key")
        for word, needed in _BESIDE:
            if word in table and needed not in table:
                wrong((*path, word), f"{word} needs {needed} beside it", f"Write {needed}", of="key")
        for one, other in _NOT_BOTH:
            if one in table and other in table:
                hint = f"Leave out {one} or {other}"
                wrong((*path, other), f"{one} and {other} exclude each other", hint, of="key")
        if "matched_by" in table and "send" not in table and "per" not in table:
            what = "matched_by ties the answer to what was sent or to the value of per"
            wrong((*path, "matched_by"), what, "Give this leg send or per, or leave it out", of="key")

    def _legs(self, path: Keys, table: Table, word: str) -> tuple[str, ...]:
        return tuple(name for _, name in self.file.listed(path, table, word, "leg", "birth"))

    def _path(self, path: Keys, table: Table, word: str, kinds: Sequence[str]) -> Path:
        """The way to a field that every message of these kinds has; () where there is none."""
        if word not in table:
            return ()
        found = tuple(filter(None, self.file.text(path, table, word).split(".")))
        if not found:
            self.file.wrong((*path, word), f"{word} names no field", 'Like "notice_number"')
            return ()
        try:
            for struct in self.file.structs(kinds):
                expect_type(struct, found, (str, int), "text or number")
        except Mistake as mistake:
            self.file.wrong((*path, word), mistake.what, mistake.hint)
            return ()
        return found

    def _sendable(self, path: Keys, table: Table, per: Path, on: Sequence[str]) -> Path:
        """A leg for each of a list's values sends nothing: its sheet would see the whole list each time."""
        if per and "send" in table and any(walks_list(each, per) for each in self.file.structs(on)):
            what = f"{'.'.join(per)} is a list, and send would write all of it for each value"
            self.file.wrong((*path, "per"), what, "Leave out send, or name a field that is there once")
        return per

    def _until(self, path: Keys, table: Table, per: Path, on: Sequence[str]) -> Path:
        found = tuple(filter(None, self.file.text(path, table, "until").split(".")))
        if "until" not in table:
            return ()
        structs = self.file.structs(on)
        if not structs or not found:
            self.file.wrong((*path, "until"), "until is a field of the message that starts it", "Use within")
        try:
            for struct in structs if found else ():
                holder = holder_of(struct, per) if per else struct
                expect_type(holder, found, (date, datetime), "day or time")
        except Mistake as mistake:
            self.file.wrong((*path, "until"), mistake.what, mistake.hint)
            return ()
        return found

    def _agency(self, path: Keys, table: Table, on: Sequence[str]) -> str:
        """A field of the dossier or of every starting message that names an agency."""
        if "to_agency" not in table:
            return ""
        name = self.file.text(path, table, "to_agency")
        ours = set(agency_fields(Dossier))
        listed = [set(agency_fields(struct)) for struct in self.file.structs(on)]
        known = sorted(ours | (set.intersection(*listed) if listed else set()))
        if name not in known:
            self.file.unknown((*path, "to_agency"), f'"{name}" names no agency', name, known)
        return name

    def _ask(self, path: Keys, table: Table) -> Ask | None:
        connector, operation = self.file.operation(path, table, "ask")
        every = self.file.duration(path, table, "ask_every")
        if every is not None and every.working:
            what = "ask_every is no working time: peers answer by night too"
            self.file.wrong((*path, "ask_every"), what, f'Write "{every.amount} {every.unit}s"')
        if not (connector and operation and every):
            return None
        return Ask(connector, operation, every)

    def _pause(self, path: Keys, table: Table) -> Pause | None:
        on = self.file.kinds(path, table, "pauses_on")
        resumes_on = self.file.kinds(path, table, "resumes_on")
        within = self.file.duration(path, table, "resume_within")
        connector, operation = self.file.operation(path, table, "resume_send")
        if not (on and resumes_on):
            return None
        send = Send(connector, operation) if connector and operation else None
        return Pause(on, resumes_on, within, send)

    def _undo(self, path: Keys, table: Table) -> Literal["person", "none"] | Send:
        found = self.file.text(path, table, "undo") if "undo" in table else "none"
        if found in ("person", "none"):
            return cast("Literal['person', 'none']", found)
        if "." not in found:
            hint = f'Did you mean "{near}"?' if (near := did_you_mean(found, ("person", "none"))) else ""
            self.file.wrong((*path, "undo"), 'undo must be an operation, "person" or "none"', hint)
            return "none"
        connector, operation = self.file.operation(path, table, "undo")
        return Send(connector or "", operation or "")

    def check_order(self, legs: Sequence[Leg], paths: Sequence[Keys]) -> None:
        """Legs named in `after` are there, end, and do not wait for each other in a circle."""
        named = {leg.name: leg for leg in legs}
        for leg, path in zip(legs, paths, strict=True):
            for place, name in enumerate(leg.after):
                self._check_before(path, place, named, leg, name)
            for place, name in enumerate(leg.even_if_refused):
                if name not in leg.after:
                    at = self._at(path, "even_if_refused", place)
                    self.file.wrong(at, f'"{name}" is not among after', "Name it there too")
        order = TopologicalSorter({leg.name: set(leg.after) & named.keys() - {leg.name} for leg in legs})
        try:
            order.prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            first = next(place for place, leg in enumerate(legs) if leg.name in circle)
            start = circle.index(legs[first].name)
            ring = [*circle[start:-1], *circle[: start + 1]]
            what = f"legs wait for each other: {' → '.join(reversed(ring))}"
            self.file.wrong((*paths[first], "after"), what, "One of them must start by a message")

    def _check_before(self, path: Keys, place: int, named: "dict[str, Leg]", leg: Leg, name: str) -> None:
        at = self._at(path, "after", place)
        if name not in named:
            near = did_you_mean(name, list(named))
            hint = f'Did you mean "{near}"?' if near else f"Its legs are {', '.join(named)}"
            self.file.wrong(at, f'flow "{self.flow}" has no leg "{name}"', hint)
        elif name == leg.name:
            self.file.wrong(at, f'leg "{name}" waits for itself', "Name another leg")
        elif not named[name].expects and not named[name].after:
            what = f'leg "{name}" fires at every message and is never done'
            self.file.wrong(at, what, "Give it expects, or name another leg")

    def _at(self, path: Keys, word: str, place: int) -> Keys:
        """Where a name of a list stands, or of a single one."""
        found: Any = self.file.source.value
        for key in (*path, word):
            found = found[key]
        return (*path, word, place) if isinstance(found, list) else (*path, word)
