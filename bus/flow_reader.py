"""Read route files into flows, with every mistake of every file at once.

A route file is a list of [[flow]]. The words of a flow: `name`, `title`, `when`, [[flow.leg]] and
[flow.withdraw] with `on`. The words of a leg:

    on                 the kind or kinds of message that start it
    when               equality: a flow's looks at the dossier, a leg's at its message; a list means any of
    send               connector.operation
    expects            the kind or kinds of message that end it; such a leg opens once per dossier
    answer_when        which of the expected messages is the answer
    within             its clock, like "4 working hours"; late is an alert, never an action
    undo               what a withdrawal does about it when open: "person" or "none"
    after_withdrawal   true: it starts though the dossier is withdrawn

`LATER` are words of later releases; they are refused, for a word that is silently ignored is a lie.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from bus.calendar import Duration, read_duration
from bus.flow_fields import Mistake, check_derivable, read_condition
from bus.flow_values import DERIVED, Condition, Flow, Leg, Value
from mappings.dossier import Dossier
from mappings.source import Keys, Of, Place, Problem, ProblemsError, Source, did_you_mean

FLOW_WORDS = ("name", "title", "when", "leg", "withdraw")
LEG_WORDS = (
    "name",
    "title",
    "on",
    "when",
    "send",
    "expects",
    "answer_when",
    "within",
    "undo",
    "after_withdrawal",
)
LATER = frozenset(
    {
        "after",
        "even_if_refused",
        "to_agency",
        "matched_by",
        "ask",
        "ask_every",
        "per",
        "until",
        "pauses_on",
        "resumes_on",
        "resume_within",
        "resume_send",
        "refused_on",
        "refused_when",
    }
)

Table = Mapping[str, Any]


def read_flows(
    sources: Sequence[Source],
    *,
    operations: Mapping[str, frozenset[str]],
    messages: Mapping[str, type],
    derivable: Mapping[str, frozenset[Value]] | None = None,
) -> tuple[Flow, ...]:
    """Read the flows of route files, in order; raises `ProblemsError` with everything that is wrong.

    `derivable` are the values that derived fields can have; None where no tables are at hand to tell.
    """
    known = Known(operations, messages, derivable)
    flows = [flow for source in sources for flow in _File(source, known).flows()]
    if known.problems:
        raise ProblemsError(known.problems)
    return tuple(flows)


@dataclass(slots=True)
class Known:
    """What route files may speak of, and what was found in them so far."""

    operations: Mapping[str, frozenset[str]]
    messages: Mapping[str, type]
    derivable: Mapping[str, frozenset[Value]] | None = None
    names: dict[tuple[str, ...], Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def sendable(self) -> list[str]:
        """Every connector.operation there is."""
        return sorted(f"{name}.{each}" for name, offered in self.operations.items() for each in offered)


class _File:
    """One route file under reading. Every method reads one thing and notes what is wrong with it."""

    def __init__(self, source: Source, known: Known) -> None:
        self.source = source
        self.known = known

    def flows(self) -> list[Flow]:
        self.words((), self.source.value, ("flow",), "a route file")
        tables = self.tables((), self.source.value, "flow")
        if "flow" not in self.source.value:
            self.wrong((), "there is no flow in this file", "Write [[flow]] and its legs, or remove the file")
        return [self.flow(("flow", place), table) for place, table in enumerate(tables)]

    def flow(self, path: Keys, table: Table) -> Flow:
        self.words(path, table, FLOW_WORDS, "a flow")
        name = self.name(path, table, ())
        legs = [
            self.leg((*path, "leg", place), each, name)
            for place, each in enumerate(self.tables(path, table, "leg"))
        ]
        withdraws_on = self.withdraw((*path, "withdraw"), table["withdraw"]) if "withdraw" in table else ()
        if "leg" not in table and "withdraw" not in table:
            self.wrong(path, f'flow "{name}" has no legs', "Write [[flow.leg]] below it")
        return Flow(
            name=name,
            title=self.text(path, table, "title") or name,
            when=self.conditions(path, table, "when", [Dossier], derived=True),
            legs=tuple(legs),
            withdraws_on=withdraws_on,
        )

    def withdraw(self, path: Keys, table: Any) -> tuple[str, ...]:
        if not isinstance(table, dict):
            self.wrong(path, "withdraw must be a table", 'Write [flow.withdraw] and on = ["…"]')
            return ()
        self.words(path, table, ("on",), "[flow.withdraw]")
        if "on" not in table:
            self.wrong(path, "on is missing", "Name the messages that withdraw a dossier")
        return self.kinds(path, table, "on")

    def leg(self, path: Keys, table: Table, flow: str) -> Leg:
        self.words(path, table, LEG_WORDS, "a leg")
        name = self.name(path, table, (flow,))
        on, expects = self.kinds(path, table, "on"), self.kinds(path, table, "expects")
        self.makes_sense(path, table, name)
        connector, operation = self.send(path, table)
        return Leg(
            flow=flow,
            name=name,
            title=self.text(path, table, "title") or name,
            on=on,
            when=self.conditions(path, table, "when", self.structs(on)),
            connector=connector,
            operation=operation,
            expects=expects,
            answer_when=self.conditions(path, table, "answer_when", self.structs(expects)),
            within=self.within(path, table),
            undo=self.undo(path, table),
            after_withdrawal=self.flag(path, table, "after_withdrawal"),
        )

    def makes_sense(self, path: Keys, table: Table, name: str) -> None:
        """The words of a leg that need one another."""
        if "on" not in table and "after" not in table:
            self.wrong(path, f'leg "{name}": on is missing', "Name the message that starts it")
        if "send" not in table and "expects" not in table:
            self.wrong(path, f'leg "{name}" neither sends nor awaits anything', "Give it send or expects")
        for word in ("answer_when", "within", "undo"):
            if word in table and "expects" not in table:
                what = f"{word} without expects: this leg is never open"
                self.wrong((*path, word), what, "Say what it awaits, or leave this out", of="key")

    def wrong(self, path: Keys, what: str, hint: str = "", *, of: Of = "value") -> None:
        self.known.problems.append(self.source.problem(path, what, hint, of=of))

    def words(self, path: Keys, table: Table, allowed: Iterable[str], thing: str) -> None:
        for word in table:
            if word in LATER and thing == "a leg":
                self.wrong((*path, word), f'"{word}" is not supported yet', "Leave this leg out", of="key")
            elif word not in allowed:
                near = did_you_mean(word, allowed)
                hint = f'Did you mean "{near}"?' if near else f"The words are {', '.join(allowed)}"
                self.wrong((*path, word), f'{thing} has no "{word}"', hint, of="key")

    def tables(self, path: Keys, table: Table, word: str) -> list[Table]:
        found = table.get(word, [])
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
        name = "flow.leg" if word == "leg" else word
        self.wrong((*path, word), f"{word} must be a list of tables", f"Write [[{name}]]", of="key")
        return []

    def text(self, path: Keys, table: Table, word: str) -> str:
        found = table.get(word, "")
        if isinstance(found, str):
            return found.strip()
        self.wrong((*path, word), f"{word} must be a text")
        return ""

    def flag(self, path: Keys, table: Table, word: str) -> bool:
        found = table.get(word, False)
        if not isinstance(found, bool):
            self.wrong((*path, word), f"{word} must be true or false")
        return found is True

    def name(self, path: Keys, table: Table, within: tuple[str, ...]) -> str:
        if "name" not in table:
            self.wrong(path, "name is missing")
            return ""
        name = self.text(path, table, "name")
        place = self.source.place((*path, "name"))
        first = self.known.names.setdefault((*within, name), place)
        if isinstance(table["name"], str) and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            self.wrong(
                (*path, "name"), f'the name "{name}" is not of small letters, digits and _', "Like take_in"
            )
        elif first is not place:
            self.wrong((*path, "name"), f'the name "{name}" is taken', f"It stands at {first}")
        return name

    def kinds(self, path: Keys, table: Table, word: str) -> tuple[str, ...]:
        """Kinds of message: one text or a list of them."""
        if word not in table:
            return ()
        value = table[word]
        listed = value if isinstance(value, list) else [value]
        if not listed:
            self.wrong((*path, word), f"{word} names no message")
        for place, kind in enumerate(listed):
            at = (*path, word, place) if isinstance(value, list) else (*path, word)
            if not isinstance(kind, str):
                self.wrong(at, f"{word} must be a message or a list of messages", 'Like "onestop.step"')
            elif kind not in self.known.messages:
                near = did_you_mean(kind, self.known.messages)
                self.wrong(at, f'there is no message "{kind}"', f'Did you mean "{near}"?' if near else "")
            elif kind in listed[:place]:
                self.wrong(at, f'"{kind}" is named twice', "Name it once")
        return tuple(kind for kind in listed if isinstance(kind, str))

    def structs(self, kinds: Iterable[str]) -> list[type]:
        return [self.known.messages[kind] for kind in kinds if kind in self.known.messages]

    def send(self, path: Keys, table: Table) -> tuple[str | None, str | None]:
        if "send" not in table:
            return None, None
        found = self.text(path, table, "send")
        connector, _, operation = found.partition(".")
        offered = self.known.operations
        if found and connector not in offered and operation:
            what = f'there is no connector "{connector}"'
            self.unknown((*path, "send"), what, found, self.known.sendable())
        elif found and operation not in offered.get(connector, ()):
            what = f'there is no operation "{found}"'
            self.unknown((*path, "send"), what, found, self.known.sendable())
        return connector, operation

    def unknown(self, path: Keys, what: str, word: str, words: Sequence[str]) -> None:
        near = did_you_mean(word, words)
        self.wrong(path, what, f'Did you mean "{near}"?' if near else f"There are {', '.join(words)}")

    def within(self, path: Keys, table: Table) -> Duration | None:
        if "within" not in table:
            return None
        try:
            return read_duration(self.text(path, table, "within"))
        except ValueError as error:
            self.wrong((*path, "within"), f"within must be {error}")
            return None

    def undo(self, path: Keys, table: Table) -> Literal["person", "none"]:
        found = self.text(path, table, "undo") if "undo" in table else "none"
        if found in ("person", "none"):
            return cast("Literal['person', 'none']", found)
        if found in self.known.sendable():
            self.wrong((*path, "undo"), "an operation as undo is not supported yet", 'Write "person"')
        else:
            self.wrong((*path, "undo"), 'undo must be "person" or "none"')
        return "none"

    def conditions(
        self, path: Keys, table: Table, word: str, structs: Sequence[type], *, derived: bool = False
    ) -> tuple[Condition, ...]:
        found = table.get(word, {})
        if not isinstance(found, dict):
            self.wrong((*path, word), f"{word} must be a table", 'Write { field = "value" }')
            return ()
        read = []
        for name, value in found.items():
            try:
                read.append(read_condition(name, value, structs, DERIVED if derived else {}))
                if derived and self.known.derivable is not None:
                    check_derivable(read[-1], self.known.derivable)
            except Mistake as mistake:
                self.wrong((*path, word, name), mistake.what, mistake.hint, of=mistake.of)
        return tuple(read)
