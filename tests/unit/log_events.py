"""The events that the code logs, read off its text."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("adapters", "bus", "commands", "mappings", "monitoring")
LEVELS = ("debug", "info", "warning", "error", "critical", "exception")
_LOGGERS = ("_log", "log", "self._log")


@dataclass(frozen=True, slots=True)
class Said:
    """One place that logs; `events` is empty where the text does not tell which."""

    place: str
    events: tuple[str, ...]
    level: str
    fields: frozenset[str]


def said() -> Iterator[Said]:
    """Every place of ours that logs by structlog; simulators, which are not deployed, left out."""
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            text = file.read_text()
            if "get_logger" in text and "simulator" not in file.name:
                yield from _of(str(file.relative_to(ROOT)), ast.parse(text))


def _of(name: str, tree: ast.Module) -> Iterator[Said]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (level := _level(node.func)):
            fields = frozenset(each.arg or "**" for each in node.keywords) - {"exc_info"}
            yield Said(f"{name}:{node.lineno}", tuple(_events(node.args)), level, fields)


def _level(called: ast.expr) -> str:
    """The level of a call that logs; "" for any other. `say` is one of several, chosen before."""
    if isinstance(called, ast.Attribute) and ast.unparse(called.value) in _LOGGERS:
        return called.attr if called.attr in LEVELS else ""
    return "say" if isinstance(called, ast.Name) and called.id == "say" else ""


def _events(arguments: list[ast.expr]) -> Iterator[str]:
    event = arguments[0] if arguments else None
    either = [event.body, event.orelse] if isinstance(event, ast.IfExp) else [event]
    for one in either:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value
