"""The messages of `bench hop` and the mapping work that every variant does to each of them.

A message is a dossier of the province's stream in the portal's shape, about 2 KB of JSON. The work: decode,
read by the shipped sheet `national_portal/record` into a canonical dossier, write by the same sheet, encode.
That sheet writes the agency in charge by name and reads none, since on its real road another system's sheet
does; so that one message can go both ways, one line is added that reads the agency's code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from bench.province import load_tables, submissions
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import functions_beside, parse_sheet
from mappings.tables import load

ROOT = Path(__file__).resolve().parents[1]
SHEET = "national_portal/record"
KIND = "national_portal.dossier"
CODE_FIELD = "MaCoQuanXuLy"
"""The field of the added line: the code of the agency in charge."""

_LINE = f'  {{ their = "{CODE_FIELD}", ours = "handling_agency.code" }},\n'
_ROWS = "\nrows = [\n"
_FACTLESS_AND_SPARE = 2

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Dossier:
    """A message to send: its key at the source and its body."""

    key: str
    body: bytes


def compiled_sheet() -> Compiled:
    """The shipped sheet with the one line more, compiled with the shipped tables."""
    file = ROOT / "mappings" / f"{SHEET}.toml"
    text = file.read_text(encoding="utf-8").replace(_ROWS, _ROWS + _LINE, 1)
    sheet = parse_sheet(text, file.name, functions=functions_beside(file.parent))
    return compile_sheet(sheet, load([ROOT / "deploy" / "tables"]))


def dossiers(count: int, seed: int) -> Iterator[Dossier]:
    """Make `count` different dossiers; the same for the same seed. Awkward ones are left to other tests."""
    tables = load_tables()
    stream = submissions(count * _FACTLESS_AND_SPARE + 50, seed, tables)
    plain = (each.record for each in stream if not each.facts)
    for record in islice(plain, count):
        agency = tables.by_code[record["MaTTHC"]].agency
        yield Dossier(record["MaHoSo"], encode({**record, CODE_FIELD: agency}))


def work(sheet: Compiled, body: bytes, at: datetime, day: date) -> bytes:
    """The mapping work of a variant that keeps nothing: in, out, encoded. Raises `MappingError`."""
    tree: Any = decode(body)
    message = sheet.read(tree, source="hop_in", as_of=at).message
    return encode(sheet.write(message, source="hop_out", as_of=day).tree)
