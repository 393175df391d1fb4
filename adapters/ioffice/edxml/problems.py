"""What is wrong with a package, and what is merely worth knowing; each with its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PackageProblem:
    """One mistake: the path of the element, its line (0: not known), in English and in Vietnamese.

    `value` may be a citizen's: it is for the sender alone and stays out of the text.
    """

    path: str
    line: int
    what: str
    vi: str
    value: str = ""

    def __str__(self) -> str:
        where = (
            f"{self.path or 'the package'} (line {self.line})" if self.line else self.path or "the package"
        )
        return f"{where}: {self.what}"


@dataclass(frozen=True, slots=True)
class PackageNote:
    """A known quirk of a sender that was put right, or something that is not carried."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path or 'the package'} (line {self.line}): {self.what}"


class PackageError(Exception):
    """A package that cannot be read or written; `problems` are all that were found, in order of place.

    `rest` is the `Package` of what could be read, for whoever has more to judge; None where there is none.
    """

    def __init__(self, problems: Sequence[PackageProblem], rest: Any = None) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)
        self.rest = rest
