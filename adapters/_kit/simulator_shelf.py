"""State of a simulated system that comes back after its process was killed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from adapters._kit.simulator_journal import whole_lines

_Line = tuple[str, Any]


class Shelf:
    """Values by key in memory, every `put` appended to a JSON lines file: a key's last line is its value.

    Values are what JSON can say. A value changed in place must be `put` again, or the change dies with the
    process.
    """

    def __init__(self, path: Path) -> None:
        self._values: dict[str, Any] = {}
        for line in whole_lines(path):
            key, value = msgspec.json.decode(line, type=_Line)
            self._values[key] = value
        self._file = path.open("ab")

    def put(self, key: str, value: Any) -> None:
        """Keep `value` under `key`, replacing what was there; flushed to the operating system."""
        self._values[key] = value
        self._file.write(msgspec.json.encode((key, value)) + b"\n")
        self._file.flush()

    def get(self, key: str) -> Any:
        """Return the value of `key`, or None."""
        return self._values.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def items(self) -> list[tuple[str, Any]]:
        """Return all keys with their values, in the order in which the keys first came."""
        return list(self._values.items())

    def close(self) -> None:
        """Close the file; nothing may be put afterwards."""
        self._file.close()
