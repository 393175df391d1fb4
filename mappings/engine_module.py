"""The module that a sheet is compiled to: straight-line Python, a function a level and direction.

The generated code assumes that all is well: at the first value that is wrong, strange or worth a note deep
inside, it raises `GiveUpError` (or whatever the value provokes) and the careful form takes the message over.
"""

from collections.abc import Callable
from typing import Any

from mappings.engine_plan import KIND, Level
from mappings.engine_tree import empty


class GiveUpError(Exception):
    """The compiled form does not go on; the careful form finds out why."""


NOTHING = frozenset({type(None), str, list, dict})
"""Types of which an empty value is absence, where a list or an object is meant."""


class Module:
    """The module being generated: its source, the objects its source names, and a function a level."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"GiveUp": GiveUpError, "NOTHING": NOTHING, "NONE": {}, "empty": empty}
        self.blocks: list[str] = []
        self.functions: dict[tuple[str, int], str] = {}

    def bind(self, hint: str, value: Any) -> str:
        """Give an object a name in the generated code."""
        clean = "".join(each if each.isascii() and each.isalnum() else "_" for each in hint)
        name = f"{clean}_{len(self.names)}"
        self.names[name] = value
        return name

    def literal(self, value: Any) -> str:
        """Return source for a constant: itself where it has a plain one, else a name."""
        plain = value is None or type(value) in (str, int, bool) or value == ()
        return repr(value) if plain else self.bind("constant", value)

    def function(self, way: str, level: Level, make: Callable[[str], list[str]]) -> str:
        """Return the function of a level, generated at the first time of asking."""
        key = (way, id(level))
        if key not in self.functions:
            self.functions[key] = f"{way}_{level.name.partition(KIND)[0] or 'message'}_{len(self.functions)}"
            lines = make(self.functions[key])
            self.blocks.append("\n".join(lines))
        return self.functions[key]

    def run(self, name: str) -> tuple[dict[str, Any], str]:
        """Compile what was generated; gives its names and its source."""
        text = "\n\n\n".join(self.blocks) + "\n"
        space = dict(self.names)
        exec(compile(text, f"<sheet {name}>", "exec"), space)  # noqa: S102 - generated from a checked sheet
        return space, text
