"""What a peer's answer says, by its code and wording: a table (CSV) of the installation.

Peers report business facts in sentences, and change them; so the sentences are data, not code.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from bus.errors import ConfigurationError
from mappings.source import Problem, did_you_mean

Means = Literal["done", "exists", "missing", "session", "busy", "refused", "invalid", "no effect known"]
"""What a peer's wording means.

- `done`: it did what was asked
- `exists` / `missing`: the thing is there already / is not there; nothing was done
- `session`: log in again; nothing was done
- `busy`: not now; nothing was done
- `refused`: a business "no"
- `invalid`: our message is wrong
- `no effect known`: it failed somewhere, perhaps after doing it
"""
MEANINGS: tuple[Means, ...] = get_args(Means)
COLUMNS = ("service", "code", "contains", "means", "sentence")


@dataclass(frozen=True, slots=True)
class Wording:
    """One line of a table of answer texts; "*" stands for any service or code, "!0" for any code but 0."""

    service: str
    code: str
    contains: str
    means: Means
    sentence: str

    def fits(self, service: str, code: str, text: str) -> bool:
        """Tell whether an answer is meant; `text` is folded already."""
        coded = self.code == "*" or (code != "0" if self.code == "!0" else code == self.code)
        return coded and self.service in ("*", service) and self.contains in text


def read_wordings(path: Path) -> tuple[Wording, ...]:
    """Read a table of answer texts (CSV, UTF-8); the first line that fits an answer counts.

    Raises `ConfigurationError` with every problem as file:line:column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            [Problem(str(path), 1, 1, f"the table cannot be read: {error}", "")]
        ) from None
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    lacking = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if lacking:
        hint = f"The first line is {','.join(COLUMNS)}"
        raise ConfigurationError([Problem(str(path), 1, 1, f"no column {', '.join(lacking)}", hint)])
    read = [(rows.line_num, row) for row in rows]
    problems = [problem for line, row in read for problem in _problems(path, line, row)]
    if problems:
        raise ConfigurationError(problems)
    return tuple(_wording(row) for _, row in read)


def _problems(path: Path, line: int, row: Mapping[str, str | None]) -> Iterator[Problem]:
    means = row.get("means")
    if means not in MEANINGS:
        near = did_you_mean(means or "", MEANINGS)
        hint = f'Did you mean "{near}"?' if near else f"One of {', '.join(MEANINGS)}"
        yield Problem(str(path), line, 1, f'"{means}" is no meaning of an answer', hint)
    if not row.get("contains") and row.get("code") in ("*", "", None):
        yield Problem(str(path), line, 1, "this line fits every answer", "Give it a code or a text")


def _wording(row: Mapping[str, str]) -> Wording:
    means = cast("Means", row["means"])
    return Wording(row["service"] or "*", row["code"] or "*", folded(row["contains"]), means, row["sentence"])


def meaning(wordings: Sequence[Wording], service: str, code: str, text: str) -> Wording | None:
    """Find what an answer means; None where no line fits."""
    plain = folded(text)
    return next((wording for wording in wordings if wording.fits(service, code, plain)), None)


def folded(text: str) -> str:
    """Make a text comparable: composed, one case, single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
