"""A route file under reading: its words, kinds of message, operations and conditions, each with its place."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bus.calendar import Duration, read_duration
from bus.flow_fields import Mistake, check_derivable, read_condition
from bus.flow_values import DERIVED, Condition, Value
from mappings.source import Keys, Of, Place, Problem, Source, did_you_mean

Table = Mapping[str, Any]


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


class RouteFile:
    """One route file under reading. Every method reads one thing and notes what is wrong with it."""

    def __init__(self, source: Source, known: Known) -> None:
        self.source = source
        self.known = known

    def wrong(self, path: Keys, what: str, hint: str = "", *, of: Of = "value") -> None:
        """Note a mistake at its place."""
        self.known.problems.append(self.source.problem(path, what, hint, of=of))

    def words(self, path: Keys, table: Table, allowed: Iterable[str], thing: str) -> None:
        """The closed list of words of a table."""
        for word in table:
            if word not in allowed:
                near = did_you_mean(word, allowed)
                hint = f'Did you mean "{near}"?' if near else f"The words are {', '.join(allowed)}"
                self.wrong((*path, word), f'{thing} has no "{word}"', hint, of="key")

    def tables(self, path: Keys, table: Table, word: str) -> list[Table]:
        """A list of tables."""
        found = table.get(word, [])
        if isinstance(found, list) and all(isinstance(each, dict) for each in found):
            return found
        name = "flow.leg" if word == "leg" else word
        self.wrong((*path, word), f"{word} must be a list of tables", f"Write [[{name}]]", of="key")
        return []

    def text(self, path: Keys, table: Table, word: str) -> str:
        """A text, without spaces around it; "" where it is missing."""
        found = table.get(word, "")
        if isinstance(found, str):
            return found.strip()
        self.wrong((*path, word), f"{word} must be a text")
        return ""

    def flag(self, path: Keys, table: Table, word: str) -> bool:
        """True or false."""
        found = table.get(word, False)
        if not isinstance(found, bool):
            self.wrong((*path, word), f"{word} must be true or false")
        return found is True

    def name(self, path: Keys, table: Table, within: tuple[str, ...]) -> str:
        """The name of a flow or of a leg, each once."""
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

    def listed(self, path: Keys, table: Table, word: str, thing: str, like: str) -> list[tuple[Keys, str]]:
        """One text or a list of texts, each once, with its place."""
        if word not in table:
            return []
        value = table[word]
        listed = value if isinstance(value, list) else [value]
        if not listed:
            self.wrong((*path, word), f"{word} names no {thing}")
        found: list[tuple[Keys, str]] = []
        for place, each in enumerate(listed):
            at = (*path, word, place) if isinstance(value, list) else (*path, word)
            if not isinstance(each, str):
                self.wrong(at, f"{word} must be a {thing} or a list of {thing}s", f'Like "{like}"')
            elif each in listed[:place]:
                self.wrong(at, f'"{each}" is named twice', "Name it once")
            else:
                found.append((at, each))
        return found

    def kinds(self, path: Keys, table: Table, word: str) -> tuple[str, ...]:
        """Kinds of message: one text or a list of them."""
        found = self.listed(path, table, word, "message", "onestop.step")
        for at, kind in found:
            if kind not in self.known.messages:
                near = did_you_mean(kind, self.known.messages)
                self.wrong(at, f'there is no message "{kind}"', f'Did you mean "{near}"?' if near else "")
        return tuple(kind for _, kind in found)

    def structs(self, kinds: Iterable[str]) -> list[type]:
        """The structs that messages of these kinds carry."""
        return [self.known.messages[kind] for kind in kinds if kind in self.known.messages]

    def operation(self, path: Keys, table: Table, word: str) -> tuple[str | None, str | None]:
        """A connector.operation that there is; (None, None) where the word is missing."""
        if word not in table:
            return None, None
        found = self.text(path, table, word)
        connector, _, operation = found.partition(".")
        offered = self.known.operations
        if found and connector not in offered and operation:
            what = f'there is no connector "{connector}"'
            self.unknown((*path, word), what, found, self.known.sendable())
        elif found and operation not in offered.get(connector, ()):
            what = f'there is no operation "{found}"'
            self.unknown((*path, word), what, found, self.known.sendable())
        return connector, operation

    def unknown(self, path: Keys, what: str, word: str, words: Sequence[str]) -> None:
        """Note a name that nothing has, with the near one or all there are."""
        near = did_you_mean(word, words)
        self.wrong(path, what, f'Did you mean "{near}"?' if near else f"There are {', '.join(words)}")

    def duration(self, path: Keys, table: Table, word: str) -> Duration | None:
        """A length of time."""
        if word not in table:
            return None
        try:
            return read_duration(self.text(path, table, word))
        except ValueError as error:
            self.wrong((*path, word), f"{word} must be {error}")
            return None

    def conditions(
        self, path: Keys, table: Table, word: str, structs: Sequence[type], *, derived: bool = False
    ) -> tuple[Condition, ...]:
        """Equalities on fields that every struct has, or on derived ones."""
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
