"""`check`: everything an installation is made of, every fault with file, line, column and what to do."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import jsonschema_rs

from adapters._kit.soap_contract import Contract
from adapters._kit.xml import XmlError, read_xsd
from bus.errors import ConfigurationError
from bus.flow_reader import idle_flows
from bus.flow_written import unwritable
from bus.flows import read_routes
from bus.installation import Installation
from bus.ports import Operation
from bus.topology import Topology
from commands.check_agencies import agency_problems
from commands.check_laws import as_object as laws_object
from commands.check_laws import broken, one_way_table, prove_all
from commands.parts import (
    EXAMPLE,
    ROOT,
    ROUTES,
    SHEETS,
    TABLES,
    absent_types,
    adapter_types,
    folders,
    read_settings,
    shown,
)
from commands.preflight import deadlines, offered, problems
from commands.tell import FINE, WRONG_USE, out, put_json, say
from mappings.derived import Derivation
from mappings.dossier import MESSAGES
from mappings.engine import compile_sheet
from mappings.laws import Proof
from mappings.sheet import Sheet, load_sheets
from mappings.source import Problem, ProblemsError, did_you_mean, read_file
from mappings.tables import Table as DatedTable
from mappings.tables import load as load_tables

Fault = Problem | str
Offers = Mapping[str, Sequence[Operation]]
_ONE = {
    "connectors": "connector",
    "queues": "queue",
    "tables": "table",
    "sheets": "sheet",
    "flows": "flow",
    "agencies": "agency",
}
T = TypeVar("T")


@dataclass(slots=True)
class Findings:
    """What was looked at, what is wrong, and what is worth knowing."""

    checked: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proofs: tuple[Proof, ...] = ()

    def count(self, what: str, number: int) -> None:
        """Note that so many were checked."""
        self.checked[what] = number


def check(settings: Path | None, *, as_json: bool) -> int:
    """Check an installation (default: the shipped one); `WRONG_USE` where anything is wrong.

    Reads files only, opens nothing, may be repeated.
    """
    findings = Findings()
    look(findings, settings)
    if as_json:
        put_json(as_object(findings))
    else:
        _print(findings)
    return WRONG_USE if findings.faults else FINE


def look(findings: Findings, settings: Path | None) -> None:
    """Look at everything, also after a fault, so that all are told at once."""
    installation = _settings(findings, settings)
    if installation is not None:
        findings.count("connectors", len(installation.connectors))
    offers = (_tried(findings, lambda: offered(installation)) if installation is not None else None) or {}
    if installation is not None:
        _topology(findings, installation, offers)
    own = installation.tables.folder if installation else None
    overlay = installation.mappings.overlay if installation else None
    findings.notes += _hidden("table", TABLES, own, "*.csv")
    findings.notes += _hidden("sheet", SHEETS, overlay, "*/*.toml")
    tables = _tried(findings, lambda: load_tables(folders(TABLES, own)))
    findings.faults += _misspelt_columns(tables or {}, own)
    sheets = _tried(findings, lambda: load_sheets(folders(SHEETS, overlay)))
    findings.count("tables", len(tables or ()))
    findings.count("sheets", len(sheets or ()))
    if tables is not None and sheets is not None:
        _sheets(findings, sheets, tables)
    if installation is not None:
        takes = {name: sheet.canonical for name, sheet in (sheets or {}).items()}
        _routes(findings, installation, tables, _written_from(offers, takes))
        _needed(findings, installation, sheets)
        _agencies(findings, settings or EXAMPLE, installation, tables)
    _schemas(findings)


def _settings(findings: Findings, named: Path | None) -> Installation | None:
    """Read the settings; those that are shipped are an example, whose secrets nobody has."""
    if named is None:
        findings.notes.append(f"{shown(EXAMPLE)} is the shipped example: its secrets were not looked up")
        return _tried(findings, lambda: read_settings(EXAMPLE, secrets=False))
    # a secret that is not there is told, and does not keep the rest from being looked at
    return _tried(findings, lambda: read_settings(named)) or _tried(
        Findings(), lambda: read_settings(named, secrets=False)
    )


def _tried(findings: Findings, read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (ConfigurationError, ProblemsError) as error:
        findings.faults += [each if isinstance(each, Problem) else str(each) for each in error.problems]
        return None


def _sheets(findings: Findings, sheets: Mapping[str, Sheet], tables: Mapping[str, DatedTable]) -> None:
    """Compile every sheet (what a line names in a table must be there) and prove its laws."""
    compiled = [_tried(findings, partial(compile_sheet, sheet, tables)) for sheet in sheets.values()]
    findings.proofs = prove_all([one for one in compiled if one is not None])
    findings.faults += broken(findings.proofs, {name: str(sheet.place) for name, sheet in sheets.items()})
    findings.count("messages generated for the sheets' laws", sum(proof.samples for proof in findings.proofs))


def _needed(findings: Findings, installation: Installation, sheets: Mapping[str, Sheet] | None) -> None:
    """Every message that a connector hands in has the sheet that reads it."""
    types = adapter_types()
    for name, peer in installation.connectors.items():
        for message, sheet in types[peer.type].messages.items():
            if sheets is not None and sheet not in sheets:
                findings.faults.append(f"[connector.{name}] {message} has no sheet mappings/{sheet}.toml")


def _written_from(offers: Offers, structs: Mapping[str, type]) -> dict[str, type]:
    """What the sheet of each connector.operation is about."""
    every = ((f"{name}.{one.name}", one.sheet) for name, offer in offers.items() for one in offer)
    return {name: structs[sheet] for name, sheet in every if sheet in structs}


def _routes(
    findings: Findings,
    installation: Installation,
    tables: Mapping[str, DatedTable] | None,
    takes: Mapping[str, type],
) -> None:
    """The routes, with the operations that the installation's connectors offer and what its tables tell."""
    overlay = installation.routes.overlay
    findings.notes += _hidden("route", ROUTES, overlay, "*.toml")
    files = {file.name: file for folder in folders(ROUTES, overlay) for file in sorted(folder.glob("*.toml"))}
    read = [_tried(findings, partial(read_file, file)) for file in files.values()]
    sources = [source for source in read if source is not None]
    types = adapter_types()
    operations = {
        name: frozenset(types[peer.type].operations) for name, peer in installation.connectors.items()
    }
    told = None if tables is None else Derivation(tables).values
    absent = absent_types(installation, types)
    routes = _tried(
        findings,
        lambda: read_routes(sources, operations=operations, messages=MESSAGES, derivable=told, absent=absent),
    )
    findings.notes += [
        f"the flow {name} is not in force: there is no connector of type {', '.join(missing)}"
        for name, missing in idle_flows(sources, absent).items()
    ]
    findings.faults += unwritable(sources, routes, takes) if routes else ()
    findings.count("flows", len(routes.flows) if routes else 0)


def _agencies(
    findings: Findings, settings: Path, installation: Installation, tables: Mapping[str, DatedTable] | None
) -> None:
    """The agencies that may hand dossiers in: the tables know them and their groups."""
    findings.count("agencies", len(installation.agencies))
    if tables is not None and installation.agencies:
        findings.faults += agency_problems(read_file(shown(settings)), installation, tables)


def _topology(findings: Findings, installation: Installation, offers: Offers) -> None:
    """The broker's side: names that fit, nothing held longer than the broker allows (protocol 15)."""
    peers = installation.connectors
    try:
        topology = Topology(tuple(peers), installation.broker.prefix)
    except ValueError as error:
        findings.faults.append(f"[broker] {error}")
        return
    findings.count("queues", len(topology.queues))
    findings.faults += problems(installation, deadlines(offers))


def _hidden(kind: str, shipped: Path, overlay: Path | None, pattern: str) -> list[str]:
    """Which shipped files an installation's own ones hide."""
    if overlay is None:
        return []
    own = (file.relative_to(overlay) for file in sorted(overlay.glob(pattern)))
    return [
        f"{overlay / name} hides the shipped {kind} {shown(shipped / name)}"
        for name in own
        if (shipped / name).is_file()
    ]


def _misspelt_columns(tables: Mapping[str, DatedTable], own: Path | None) -> Iterator[Problem]:
    """Columns of own tables that look like one which the shipped table has and this one lacks."""
    shipped = load_tables(folders(TABLES, None)) if own else {}
    for name in tables.keys() & shipped.keys():
        lacking = [each for each in shipped[name].columns if each not in tables[name].columns]
        for column in tables[name].columns:
            if column not in shipped[name].columns and (near := did_you_mean(column, lacking)):
                what = f'nothing reads the column "{column}"'
                yield Problem(f"{own}/{name}.csv", 1, 1, what, f'Did you mean "{near}"?')


def _schemas(findings: Findings) -> None:
    """Schemas and contracts of the connectors: each is one."""
    files = [
        file for kind in ("json", "xsd", "wsdl") for file in (ROOT / "adapters").glob(f"*/schemas/*.{kind}")
    ]
    for file in sorted(files):
        findings.faults += _schema_faults(file)
    findings.count("schemas", len(files))


def _schema_faults(file: Path) -> list[Fault]:
    name = str(shown(file))
    if file.suffix == ".wsdl":
        return _tried_alone(lambda: Contract(shown(file)))
    if file.suffix == ".xsd":
        return _xsd_faults(file)
    try:
        jsonschema_rs.validator_for(json.loads(file.read_bytes()))
    except json.JSONDecodeError as error:
        return [Problem(name, error.lineno, error.colno, f"is no JSON: {error.msg}")]
    except (jsonschema_rs.ValidationError, ValueError) as error:
        return [Problem(name, 1, 1, f"is no JSON Schema: {str(error).splitlines()[0]}")]
    return []


def _xsd_faults(file: Path) -> list[Fault]:
    try:
        read_xsd(file)
    except XmlError as error:
        return [Problem(str(shown(file)), 1, 1, str(error).splitlines()[0])]
    return []


def _tried_alone(read: Callable[[], object]) -> list[Fault]:
    """The faults of one reading."""
    found = Findings()
    _tried(found, read)
    return found.faults


def as_object(findings: Findings) -> dict[str, Any]:
    """What was found as a program reads it."""
    return {
        "ok": not findings.faults,
        "problems": [_fault_object(each) for each in findings.faults],
        "notes": findings.notes,
        "checked": findings.checked,
        "laws": laws_object(findings.proofs),
    }


def _fault_object(fault: Fault) -> dict[str, Any]:
    if isinstance(fault, str):
        return {"file": "", "line": 0, "column": 0, "what": fault, "hint": ""}
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "what": fault.what,
        "hint": fault.hint,
    }


def _print(findings: Findings) -> None:
    console = out()
    if not findings.faults and any(proof.one_way for proof in findings.proofs):
        console.print(one_way_table(findings.proofs))
    for fault in findings.faults:
        console.print(str(fault), soft_wrap=True)
    for note in findings.notes:
        console.print(note, soft_wrap=True, style="dim")
    looked = ", ".join(
        f"{number} {what if number != 1 else _ONE.get(what, what)}"
        for what, number in findings.checked.items()
    )
    wrong = len(findings.faults)
    verdict = f"{wrong} problem{'s' if wrong != 1 else ''}" if wrong else "no problems"
    say(f"{verdict}; looked at {looked}")
