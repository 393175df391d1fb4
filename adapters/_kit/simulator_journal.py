"""What a simulated system was asked to do, written down by the system itself, line by line."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
Effect = Literal["applied", "duplicate", "refused", "echo", "out_of_order"]
_TOTALS: Mapping[Effect, str] = {
    "applied": "applied",
    "duplicate": "duplicates",
    "refused": "refused",
    "echo": "echoes",
    "out_of_order": "out_of_order",
}


class Entry(msgspec.Struct, frozen=True):
    """One effect asked for: when, by which operation, upon which key (dossier number), with what end."""

    at: str
    operation: str
    key: str
    effect: Effect
    request_id: str = ""
    detail: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Journal:
    """Append-only journal in a JSON lines file, flushed per entry: it survives a kill of this process.

    An existing file is read first, so counts go on after a restart. A last line torn by a kill is cut off.
    """

    def __init__(self, path: Path) -> None:
        self.entries: list[Entry] = []
        self._counts: dict[str, Counter[Effect]] = defaultdict(Counter)
        for line in whole_lines(path):
            self._take(msgspec.json.decode(line, type=Entry))
        self._file = path.open("ab")

    def record(self, operation: str, key: str, effect: Effect, request_id: str = "", **detail: Any) -> None:
        """Append one entry and hand it to the operating system before anything is answered."""
        entry = Entry(datetime.now(HANOI).isoformat(), operation, key, effect, request_id, detail)
        self._file.write(msgspec.json.encode(entry) + b"\n")
        self._file.flush()
        self._take(entry)

    def effects(self) -> dict[str, Any]:
        """Totals `{"applied":n,"duplicates":n,"refused":n,"echoes":n,"out_of_order":n,"by_operation":…}`."""
        by_operation = {name: _totals(counts) for name, counts in sorted(self._counts.items())}
        return _totals(sum(self._counts.values(), Counter())) | {"by_operation": by_operation}

    def of(self, key: str) -> list[Entry]:
        """Return every entry of one key, oldest first; an empty key means all."""
        return [entry for entry in self.entries if not key or entry.key == key]

    def close(self) -> None:
        """Close the file; nothing may be recorded afterwards."""
        self._file.close()

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._counts[entry.operation][entry.effect] += 1


def whole_lines(path: Path) -> list[bytes]:
    """Return the complete lines of `path` and cut a torn last one off; no file: no lines."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
    return content[:whole].splitlines()


def _totals(counts: Mapping[Effect, int]) -> dict[str, Any]:
    return {_TOTALS[effect]: counts.get(effect, 0) for effect in get_args(Effect)}
