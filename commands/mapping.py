"""`map`: try a sheet on a real message, either way, with all problems; or show the sheet itself."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from lxml import etree

from bus.errors import ConfigurationError
from commands.parts import SHEETS, TABLES, adapter_types, folders, one_of, read_settings
from commands.tell import FINE, NEEDS_YOU, out, put_json, say, veiled
from mappings.engine import Compiled, MappingError, Note, compile_sheet
from mappings.sheet import Sheet, load_sheets
from mappings.source import ProblemsError
from mappings.tables import load as load_tables


@dataclass(frozen=True, slots=True)
class Trial:
    """What a sheet made of a message: its result as plain values, or every problem; and notes."""

    result: Any = None
    problems: tuple[dict[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """A trial that is asked for: the message in `file`, written out where `outward`; whole into `to`."""

    file: Path
    outward: bool = False
    to: Path | None = None


def find_sheet(name: str, settings: Path | None) -> Compiled:
    """Compile one sheet with the tables there are; raises `ConfigurationError` with every problem."""
    own = read_settings(settings, secrets=False) if settings else None
    try:
        sheets = load_sheets(folders(SHEETS, own.mappings.overlay if own else None))
        one_of("sheet", name, tuple(sheets))
        return compile_sheet(sheets[name], load_tables(folders(TABLES, own.tables.folder if own else None)))
    except ProblemsError as error:
        raise ConfigurationError(error.problems) from None


def map_file(name: str, settings: Path | None, asked: Try, *, as_json: bool) -> int:
    """Map a file by a sheet and print what comes out, personal values covered; whole only into `asked.to`.

    `NEEDS_YOU` where the message cannot be mapped: every problem is told. May be repeated.
    """
    compiled = find_sheet(name, settings)
    trial = _tried(compiled, asked)
    if trial.result is not None and asked.to:
        _save(asked.to, trial.result)
    shown = _veiled_xml(trial.result) if isinstance(trial.result, str) else veiled(trial.result)
    if as_json:
        put_json(
            {"ok": not trial.problems, "result": shown, "problems": trial.problems, "notes": trial.notes}
        )
    else:
        _print(trial, shown)
    return NEEDS_YOU if trial.problems else FINE


def _tried(compiled: Compiled, asked: Try) -> Trial:
    """Map either way. A sheet's source is the folder it stands in: the type of the connector."""
    source = compiled.sheet.name.partition("/")[0]
    raw = _bytes(asked.file)
    try:
        if asked.outward:
            written = compiled.write(_canonical(raw, compiled.sheet, asked.file), source=source)
            return Trial(_plain(written.tree), notes=_notes(written.notes))
        read = compiled.read(_theirs(raw, compiled.sheet, asked.file), source=source)
        return Trial(_lean(msgspec.to_builtins(read.message)), notes=_notes(read.notes))
    except MappingError as error:
        problems = tuple(
            {"path": each.path, "ours": each.ours, "rule": each.rule, "what": str(each), "vi": each.vi}
            for each in error.problems
        )
        return Trial(problems=problems)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError([f"{file}: cannot be read: {error.strerror}"]) from None


def _canonical(raw: bytes, sheet: Sheet, file: Path) -> Any:
    try:
        return msgspec.json.decode(raw, type=sheet.canonical)
    except msgspec.DecodeError as error:
        what = f"is no canonical {sheet.canonical.__name__}: {error}"
        raise ConfigurationError([f"{file}:1:1: {what}"]) from None


def _theirs(raw: bytes, sheet: Sheet, file: Path) -> Any:
    kind = adapter_types().get(sheet.name.partition("/")[0])
    try:
        if kind is not None and kind.unpack is not None:
            return kind.unpack(raw)
        if sheet.carrier == "xml":
            return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise ConfigurationError([f"{file}:1:1: is no JSON: {error}"]) from None
    except etree.XMLSyntaxError as error:
        line, column = error.position
        what = error.msg.partition(", line ")[0]
        raise ConfigurationError([f"{file}:{line}:{max(column, 1)}: is no XML: {what}"]) from None
    except ValueError as error:
        raise ConfigurationError([f"{file}: {line}" for line in str(error).splitlines()]) from None


def _plain(tree: Any) -> Any:
    """A tree of elements as text; any other as it is."""
    return etree.tostring(tree, encoding="unicode", pretty_print=True) if etree.iselement(tree) else tree


def _veiled_xml(text: str) -> str:
    """XML of ours in which codes and dates can be read, and nothing that a citizen wrote."""
    tree = etree.fromstring(text)
    for element in tree.iter("*"):
        if element.text and element.text.strip():
            element.text = veiled(element.text)
        for name, value in element.attrib.items():
            element.set(name, veiled(value))
    return etree.tostring(tree, encoding="unicode")


def _lean(value: Any) -> Any:
    """A canonical message without what it does not say."""
    if isinstance(value, dict):
        lean = {key: _lean(item) for key, item in value.items()}
        return {key: item for key, item in lean.items() if item not in (None, [], {}, ())}
    return [_lean(item) for item in value] if isinstance(value, (list, tuple)) else value


def _notes(notes: tuple[Note, ...]) -> tuple[str, ...]:
    return tuple(str(note) for note in notes)


def _save(file: Path, result: Any) -> None:
    """Write the result whole: what its owner alone can read."""
    raw = result.encode() if isinstance(result, str) else msgspec.json.format(msgspec.json.encode(result))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
        target.write(raw)


def _print(trial: Trial, shown: Any) -> None:
    for problem in trial.problems:
        out().print(problem["what"], soft_wrap=True)
        if problem["vi"]:
            out().print(f"    {problem['vi']}", soft_wrap=True, style="dim")
    if isinstance(shown, str):
        out().print(shown, soft_wrap=True)
    elif shown is not None:
        out().print(msgspec.json.format(msgspec.json.encode(shown)).decode(), soft_wrap=True)
    for note in trial.notes:
        say(note)
    if trial.problems:
        say(f"{len(trial.problems)} problem{'s' if len(trial.problems) != 1 else ''}; nothing was mapped")
