"""A sheet for people, and as JSON Schema: every field has a Vietnamese name, the schema judges as we do."""

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from mappings import dossier, official
from mappings.engine import Compiled, MappingError, compile_sheet
from mappings.engine_write import Writing
from mappings.laws_make import Maker
from mappings.render import CODE_HEADINGS, HEADINGS, code_rows, markdown, rows, schema
from mappings.render_labels import LABELS
from mappings.sheet import load_sheets, parse_sheet
from mappings.tables import load
from tests.unit.mappings.xml_structs import FUNCTIONS, REGISTRY

TABLES = Path(__file__).parents[3] / "deploy" / "tables"
SHEETS = load_sheets()
NAMES = sorted(SHEETS)
JSON_NAMES = [name for name in NAMES if SHEETS[name].carrier == "json"]


@cache
def compiled(name: str) -> Compiled:
    """Compile a shipped sheet once."""
    return compile_sheet(SHEETS[name], load([TABLES]))


def test_every_canonical_field_has_a_vietnamese_name() -> None:
    """Who reads a sheet in the province finds each of our fields in his own words."""
    structs = [
        each
        for each in (*vars(dossier).values(), *vars(official).values())
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    ]
    fields = {name for struct in structs if struct is not dossier.File for name in struct.__struct_fields__}
    assert fields - {"extras"} <= LABELS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_sheet_is_a_table_with_a_row_for_every_line(name: str) -> None:
    """Nothing is left out, nothing is blank that should not be."""
    sheet = SHEETS[name]
    table = rows(sheet)
    assert len(table) == len(sheet.lines) + sum(len(part.lines) for part in sheet.parts.values())
    assert all(len(row.cells()) == len(HEADINGS) and row.rule and row.way for row in table)
    assert all(len(row) == len(CODE_HEADINGS) for row in code_rows(sheet))
    assert markdown(sheet).count("\n| ") >= len(table)


def test_a_row_says_what_the_line_means() -> None:
    """Rule, default, condition, limit and requirement in Vietnamese words."""
    table = {row.their: row for row in rows(SHEETS["national_portal/record"])}
    assert table["MaHoSo"].cells()[3:6] == ("mã hồ sơ", "mã hồ sơ", "có")
    assert table["KenhThucHien"].rule == 'mã theo danh mục channel, mặc định "counter"'
    assert table["MaDoiTuong"].rule == 'chữ, chỉ khi kênh thực hiện là "online"'
    assert table["GhiChu"].longest == "500 (cắt bớt)"
    assert table["TenTTHC"].way == "chỉ gửi"


@pytest.mark.parametrize("name", JSON_NAMES)
def test_what_a_sheet_writes_fits_its_schema(name: str) -> None:
    """Generated messages, written, are valid for the way out."""
    sheet, random = compiled(name), Random(9)  # noqa: S311 - a seeded stream
    judge = jsonschema_rs.validator_for(schema(sheet.sheet, "out"))
    for _ in range(40):
        tree = Writing(sheet.plan, "peer", None).message(Maker(random, "peer").message(sheet.plan)).tree
        assert [error.message for error in judge.iter_errors(tree)] == []


RECORD: dict[str, Any] = {
    "MaHoSo": "H12.06-261123-0001",
    "ThoiDiemXuLy": "20261123080000",
    "NguoiXuLy": "An",
    "NoiDungXuLy": "x",
    "TrangThai": "4",
}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"PhongBanXuLy": None, "ChucDanh": "  ", "Khac": 1}, True),
        ({"MaHoSo": "x"}, False),
        ({"MaHoSo": None}, False),
        ({"NguoiXuLy": " "}, False),
        ({"ThoiDiemXuLy": "2026-11-23"}, False),
        ({"NgayBatDau": "hôm nay"}, False),
        ({"TrangThai": 4}, False),
        ({"PhongBanXuLy": 5}, False),
    ],
)
def test_the_schema_of_what_comes_in_judges_as_the_engine_does(change: dict[str, Any], good: bool) -> None:  # noqa: FBT001 - a table of cases
    """The same messages are taken and refused by both."""
    sheet, tree = compiled("national_portal/progress"), RECORD | change
    valid: bool = jsonschema_rs.validator_for(schema(sheet.sheet, "in")).is_valid(tree)
    try:
        sheet.read(tree, source="peer")
        taken = True
    except MappingError:
        taken = False
    assert (valid, taken) == (good, good)


def test_what_goes_out_is_closed_where_nothing_is_kept() -> None:
    """A field that no line writes is refused on the way out, unless the sheet gives extras back."""
    create, record = (compiled(name).sheet for name in ("onestop/create", "national_portal/record"))
    assert schema(create, "out")["additionalProperties"] is False
    assert schema(record, "out")["additionalProperties"] is True


def test_an_xml_sheet_has_no_json_schema() -> None:
    """Its schema is an XSD."""
    text = (Path(__file__).parent / "sheets" / "tax_obligation.toml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="XSD"):
        schema(parse_sheet(text, "t", canonical=REGISTRY, functions=FUNCTIONS), "in")
