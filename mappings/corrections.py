"""Corrections of a request by a person: a JSON patch (RFC 6902), and what of it may be corrected at all.

What mapping made may be corrected: codes, addresses, forms of writing. What a sender stated is theirs: a
change of it goes back to them as a supplement. Pure.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import jsonpatch
import jsonpointer
import msgspec

from mappings.engine import Compiled, MappingError
from mappings.sheet_values import Line

MADE = frozenset({"codes", "lookup", "always", "words", "agency_code", "procedure_code", "url"})
"""Rules whose value mapping makes, from a list, a table or the installation: a code or an address."""

Steps = tuple[str | int, ...]


class CorrectionError(Exception):
    """A patch that is none, or does not fit the request; the text says where, without values."""


def patch_of(before: Any, after: Any) -> bytes:
    """The JSON patch from one tree to another; each change first tests what it was made upon."""
    steps: list[dict[str, Any]] = []
    for one in jsonpatch.make_patch(before, after).patch:
        if one["op"] in ("replace", "remove"):
            was = jsonpointer.resolve_pointer(before, one["path"], None)
            steps.append({"op": "test", "path": one["path"], "value": was})
        steps.append(one)
    return msgspec.json.encode(steps)


def corrected(tree: Any, patch: bytes) -> Any:
    """A tree with a patch applied; the tree itself stays. Raises `CorrectionError`."""
    try:
        return jsonpatch.apply_patch(copy.deepcopy(tree), msgspec.json.decode(patch))
    except jsonpatch.JsonPatchTestFailed:
        raise CorrectionError("what it corrects is written otherwise now") from None
    except (
        jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, msgspec.DecodeError, TypeError,
        ValueError, KeyError, AttributeError,
    ) as error:  # fmt: skip
        raise CorrectionError(f"it is no JSON patch of this request ({type(error).__name__})") from None


def stated(sheet: Compiled, before: Any, after: Any, *, source: str) -> tuple[str, ...]:
    """The paths at which a correction changes what a sender stated; none where it may be made."""
    return tuple(
        "/".join(map(str, steps))
        for steps, old, new in changes(before, after)
        if not _is_made(sheet, before, steps, old, new, source=source)
    )


def changes(before: Any, after: Any, at: Steps = ()) -> Iterator[tuple[Steps, Any, Any]]:
    """Every value that differs: where, what it was and what it is; None stands for what is not there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from changes(before.get(key), after.get(key), (*at, key))
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            old, new = (items[place] if place < len(items) else None for items in (before, after))
            yield from changes(old, new, (*at, place))
    elif before != after:
        yield at, before, after


def _is_made(sheet: Compiled, tree: Any, steps: Steps, old: Any, new: Any, *, source: str) -> bool:
    if any(isinstance(one, dict | list) for one in (old, new)):
        return False
    line = _line_at(sheet, sheet.sheet.lines, steps)
    if line is None:
        return False
    return line.rule in MADE or _says_the_same(sheet, tree, steps, new, source=source)


def _says_the_same(sheet: Compiled, tree: Any, steps: Steps, new: Any, *, source: str) -> bool:
    """Whether the one change is of form alone: read back, both say the same, and say it."""
    other = copy.deepcopy(tree)
    holder = other
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = new
    try:
        said, says = (_read(sheet, each, source) for each in (tree, other))
    except (MappingError, KeyError, TypeError):
        return False
    line = _line_at(sheet, sheet.sheet.lines, steps)
    return line is not None and line.reads and said == says


def _read(sheet: Compiled, tree: Any, source: str) -> Any:
    return sheet.read(sheet.carried(tree), source=source).message


def _line_at(sheet: Compiled, lines: Sequence[Line], steps: Steps) -> Line | None:
    """The line of a sheet that made the value at a path; None where no line names it."""
    for line in sorted(lines, key=lambda one: -len(one.their)):
        size = len(line.their)
        if not line.writes or steps[:size] != line.their:
            continue
        rest = tuple(step for step in steps[size:] if not isinstance(step, int))
        if not rest:
            return line
        if line.rule in ("each", "part") and line.argument in sheet.sheet.parts:
            found = _line_at(sheet, sheet.sheet.parts[line.argument].lines, rest)
            if found is not None or size:  # columns of the row itself may be those of another line
                return found
    return None
