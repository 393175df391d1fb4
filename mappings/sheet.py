"""Reading sheets: from a file to a frozen, checked value.

A sheet is a TOML file `PEER/NAME.toml` in a folder of mappings; the functions its `python` rules and `checks`
name stand beside it in `PEER/functions.py` as `RULES` and `CHECKS`. An overlay folder may replace sheets.
"""

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Any

from mappings import dossier, sheet_check, sheet_form
from mappings.rules import Check, PythonRule
from mappings.sheet_values import CodeList, CodeRow, Line, OurPath, Part, Sheet
from mappings.source import Problem, ProblemsError, Source, did_you_mean, read, read_file

__all__ = [
    "SHIPPED", "CodeList", "CodeRow", "Functions", "Line", "OurPath", "Part", "Sheet", "functions_beside",
    "load_sheets", "parse_sheet", "read_sheet",
]  # fmt: skip

SHIPPED = FilePath(__file__).parent
"""The folder of the sheets that come with the product."""


@dataclass(frozen=True, slots=True)
class Functions:
    """The named functions of one peer: rules in Python, and checks over several fields."""

    rules: Mapping[str, PythonRule] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)


def parse_sheet(
    text: str,
    file: str,
    *,
    canonical: Mapping[str, type] | None = None,
    functions: Functions | None = None,
) -> Sheet:
    """Read the text of a sheet; like `read_sheet`."""
    sheet = read_sheet(read(text, file), canonical=canonical, functions=functions)
    return replace(sheet, text=text, digest=hashlib.sha256(text.encode()).hexdigest())


def read_sheet(
    source: Source, *, canonical: Mapping[str, type] | None = None, functions: Functions | None = None
) -> Sheet:
    """Make a sheet of a source that was read; `canonical` are the structs it may name (else the dossier's).

    Raises `ProblemsError` with every mistake: form, words, fields, types, parts, lists, collisions.
    """
    gather = sheet_form.Gather(source)
    sheet = _head(gather, dossier.CANONICAL if canonical is None else canonical, functions or Functions())
    problems = gather.problems if sheet is None or gather.problems else sheet_check.check(sheet)
    if problems or sheet is None:
        raise ProblemsError(problems)
    return sheet


def _head(gather: sheet_form.Gather, canonical: Mapping[str, type], functions: Functions) -> Sheet | None:
    whole = gather.source.value
    gather.keys((), whole, ("sheet", "part", "codes"))
    head = gather.typed((), whole, "sheet", dict)
    path = ("sheet",)
    gather.keys(path, head, sheet_form.SHEET_KEYS)
    empty = gather.word(path, head, "empty", ("blank", "null", "omit"), "omit")
    kind = _canonical(gather, head, canonical)
    carrier = gather.word(path, head, "carrier", ("json", "xml"), "json")
    parts = gather.typed((), whole, "part", dict, {})
    codes = gather.typed((), whole, "codes", dict, {})
    made = Sheet(
        name=gather.typed(path, head, "name", str),
        title=gather.typed(path, head, "title", str, ""),
        canonical=kind or object,
        carrier=carrier,
        empty=empty,
        extras=gather.word(path, head, "extras", ("keep", "note", "refuse"), "note"),
        lines=sheet_form.lines(gather, ("sheet", "rows"), gather.typed(path, head, "rows", list), empty),
        parts={name: sheet_form.part(gather, name, table, empty) for name, table in parts.items()},
        codes={name: sheet_form.code_list(gather, name, table) for name, table in codes.items()},
        place=gather.source.place(path),
        root=gather.typed(path, head, "root", str, ""),
        namespaces=_namespaces(gather, head),
        checks=_checks(gather, head),
        functions=functions.rules,
        check_functions=functions.checks,
        source=gather.typed(path, head, "source", str, ""),
    )
    _carrier(gather, made)
    return made if kind else None


def _canonical(gather: sheet_form.Gather, head: dict[str, Any], known: Mapping[str, type]) -> type | None:
    name = gather.typed(("sheet",), head, "canonical", str)
    if name in known or "canonical" not in head:
        return known.get(name)
    near = did_you_mean(name, known)
    hint = f'Did you mean "{near}"?' if near else f"Known: {', '.join(known)}"
    gather.say(("sheet", "canonical"), f'there is no canonical struct "{name}"', hint)
    return None


def _namespaces(gather: sheet_form.Gather, head: dict[str, Any]) -> dict[str, str]:
    one = gather.typed(("sheet",), head, "namespace", str, "")
    several = gather.typed(("sheet",), head, "namespaces", dict, {})
    return {**({"": one} if one else {}), **{key: str(value) for key, value in several.items()}}


def _checks(gather: sheet_form.Gather, head: dict[str, Any]) -> tuple[str, ...]:
    names = gather.typed(("sheet",), head, "checks", list, [])
    if all(isinstance(name, str) for name in names):
        return tuple(names)
    gather.say(("sheet", "checks"), '"checks" is a list of names')
    return ()


def _carrier(gather: sheet_form.Gather, sheet: Sheet) -> None:
    if sheet.carrier == "xml" and not sheet.root:
        gather.say(("sheet",), 'an XML sheet needs root = "NAME"')
    if sheet.carrier == "xml" and sheet.extras == "keep":
        what = "an unknown element has a place in a sequence that we do not know: it cannot be kept"
        gather.say(("sheet", "extras"), what, 'Write extras = "note"')


def functions_beside(folder: FilePath) -> Functions:
    """Import `functions.py` of a peer's folder of sheets, where there is one."""
    file = folder / "functions.py"
    spec = importlib.util.spec_from_file_location(f"mappings.{folder.name}.functions", file)
    if not file.is_file() or spec is None or spec.loader is None:
        return Functions()
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Functions(getattr(module, "RULES", {}), getattr(module, "CHECKS", {}))


def load_sheets(
    folders: Sequence[FilePath] = (SHIPPED,), *, canonical: Mapping[str, type] | None = None
) -> dict[str, Sheet]:
    """Read all sheets `PEER/NAME.toml` of the folders; a later folder replaces what an earlier one has.

    Raises `ProblemsError` with the mistakes of all files.
    """
    files = {
        f"{file.parent.name}/{file.stem}": file
        for folder in folders
        for file in sorted(folder.glob("*/*.toml"))
    }
    peers = {file.parent.name for file in files.values()}
    beside = {peer: _merged(functions_beside(folder / peer) for folder in folders) for peer in peers}
    sheets: dict[str, Sheet] = {}
    problems: list[Problem] = []
    for name, file in files.items():
        try:
            sheets[name] = _load(file, name, canonical, beside[file.parent.name])
        except ProblemsError as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemsError(problems)
    return sheets


def _merged(several: Iterable[Functions]) -> Functions:
    rules: dict[str, PythonRule] = {}
    checks: dict[str, Check] = {}
    for each in several:
        rules.update(each.rules)
        checks.update(each.checks)
    return Functions(rules, checks)


def _load(file: FilePath, name: str, canonical: Mapping[str, type] | None, functions: Functions) -> Sheet:
    shown = f"mappings/{name}.toml" if file.is_relative_to(SHIPPED) else str(file)
    source = read_file(file, shown)
    sheet = read_sheet(source, canonical=canonical, functions=functions)
    if sheet.name != name:
        raise ProblemsError([source.problem(("sheet", "name"), f'is "{sheet.name}", but the file is {name}')])
    text = file.read_bytes()
    return replace(sheet, text=text.decode(), digest=hashlib.sha256(text).hexdigest())
