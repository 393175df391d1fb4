"""The stream of dossiers: its mix, its awkward facts, and that everything in it is acceptable to the portal.

`_problems` is a strict reading of section 2 of the reference, written for these tests alone.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice, pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.vn import mst

from bench.province import FACTS, Tables, coverage, load_tables, submissions
from bench.province.awkward import FACT_BY_ID, present_facts
from bench.province.form import submitted
from bench.province.hostile import BODY_LIMIT, Hostile, hostile_bytes, hostile_records, valid_record
from bench.province.identifiers import branch_tax_code, citizen_id, is_citizen_id, tax_code
from bench.province.mix import PUBLISHED
from bench.province.tables import SHIPPED

SEEDS = (0, 7, 42, 2026, 123456789)

_REQUIRED = ("MaHoSo", "MaTTHC", "TrichYeuHoSo", "LoaiDoiTuong", "TrangThaiHoSo", "HinhThuc")
_LENGTHS = {
    "ChuHoSo": 500,
    "TrichYeuHoSo": 1000,
    "Email": 100,
    "SoDienThoai": 50,
    "MaDoiTuong": 50,
    "TenLinhVuc": 150,
}
_LENGTHS |= {"GhiChu": 500, "MaTTHC": 50, "MaLinhVuc": 50}
_CODES = {
    "TrangThaiHoSo": "1",
    "KenhThucHien": "1 2 3",
    "HinhThuc": "0 1",
    "LoaiDoiTuong": "1 2 3 4",
    "NoiNopHoSo": "1 2",
}
_FORMS = {
    "MaHoSo": r"G22\.99(\.\d{2})?-\d{6}-\d{4,6}",
    "MaTTHC": r"\d\.\d{6}(\.\d{3}\.\d{2}\.\d{2}\.[A-Z]\d{2})?",
    "MaLinhVuc": r"[A-Z]\d{2}-[A-Z]{1,4}\d{2}",
}
_NUMBERS = {"1": r"[0-9]{12}", "2": r"[0-9]{9}"}
_LISTS = (
    "TaiLieuNop",
    "DanhSachLePhi",
    "DanhSachTepDinhKemKhac",
    "DinhDanhCHS",
    "DanhSachHoSoBoSung",
    "DSKetNoiCSDL",
)


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The tables that are shipped."""
    return load_tables()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fact_and_every_kind_appears_in_three_hundred_dossiers(seed: int, tables: Tables) -> None:
    """Any 300 dossiers from the start of any stream have all 40 facts, recognised, and all kinds."""
    made = list(submissions(300, seed, tables))
    found = coverage(submission.record for submission in made)
    assert found.missing == ()
    assert len(found.covered) == 40
    assert {submission.kind for submission in made} == set(PUBLISHED)


def test_there_are_forty_facts_with_their_own_names_and_sentences() -> None:
    """The printed list is exactly 40, no id and no sentence twice, in both languages."""
    assert len(FACTS) == 40
    for words in ("id", "english", "vietnamese"):
        assert len({getattr(fact, words) for fact in FACTS}) == 40


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_planted_is_recognised(seed: int, tables: Tables) -> None:
    """No planted fact is destroyed by another one planted beside it."""
    for submission in submissions(600, seed, tables):
        assert submission.facts <= present_facts(submission.record), submission.record["MaHoSo"]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.id)
def test_a_fact_is_absent_from_a_plain_dossier_and_present_once_planted(fact: Any, tables: Tables) -> None:
    """A recogniser says no to the plain record and to an empty one, and yes after planting."""
    assert not fact.present(valid_record())
    rng = Random(fact.id)  # noqa: S311 - a seeded stream must not be cryptographic
    for procedure in tables.procedures[::17]:
        assert fact.present(fact.plant(submitted(rng, procedure, tables), rng, tables))


def test_a_plain_record_covers_nothing() -> None:
    """Coverage is measured: tidy dossiers have none of the facts, however many."""
    found = coverage([valid_record()] * 50)
    assert found.covered == ()
    assert set(found.missing) == set(FACT_BY_ID)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=100, deadline=None)
def test_recognisers_never_raise_whatever_a_field_holds(value: Any) -> None:
    """A record may come from anywhere: any value in any field is answered with yes or no."""
    for field in (*valid_record(), "MaSoThue", "DiaChiChuHoSo", "DanhSachHoSoBoSung", "NgaySinh"):
        assert isinstance(present_facts({**valid_record(), field: value}), frozenset)


@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), more=st.integers(0, 60))
@settings(max_examples=20, deadline=None)
def test_a_dossier_depends_on_seed_and_place_alone(seed: int, n: int, more: int) -> None:
    """The first n of a longer stream are the same as the stream of n, byte for byte."""
    made = load_tables()
    longer = list(islice(submissions(n + more, seed, made), n))
    assert json.dumps([s.record for s in longer]) == json.dumps(
        [s.record for s in submissions(n, seed, made)]
    )
    assert longer == list(submissions(n, seed, made))


def test_other_seeds_make_other_dossiers_with_other_numbers(tables: Tables) -> None:
    """Numbers are unique within a stream and between streams of near seeds."""
    numbers = [s.record["MaHoSo"] for seed in (1, 2, 3) for s in submissions(400, seed, tables)]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_dossier_is_acceptable_to_the_portal(seed: int, tables: Tables) -> None:
    """Awkward is not wrong: section 2 of the reference finds nothing to refuse."""
    for submission in submissions(400, seed, tables):
        assert not set(_problems(submission.record)), submission.record
        assert not {"NgayTiepNhan", "NgayHenTra"} & set(submission.record)


@pytest.mark.parametrize("case", hostile_records(), ids=lambda case: case.name)
def test_a_hostile_record_is_wrong_in_the_field_it_names_and_nowhere_else(case: Hostile) -> None:
    """The list of bad inputs says the truth about each."""
    assert isinstance(case.payload, dict)
    assert set(_problems(case.payload)) == {case.path}


@pytest.mark.parametrize("case", hostile_bytes(), ids=lambda case: case.name)
def test_hostile_bytes_are_no_json_object_in_utf8_within_the_limit(case: Hostile) -> None:
    """Each is refused by size, by decoding, by syntax, by its type, or cannot be written out again."""
    assert isinstance(case.payload, bytes)
    assert len(case.payload) > BODY_LIMIT or not _readable(case.payload)


def test_hostile_names_are_unique() -> None:
    """A colleague's test can name a case."""
    names = [case.name for case in (*hostile_bytes(), *hostile_records())]
    assert len(set(names)) == len(names)
    assert not set(_problems(valid_record()))


def test_the_mix_is_the_published_one(tables: Tables) -> None:
    """In 6,000 dossiers each great kind has its published share, give or take two in a hundred."""
    counts = Counter(submission.kind for submission in submissions(6000, 11, tables))
    whole = sum(PUBLISHED.values())
    for kind in ("insurance", "interlinked", "elsewhere", "justice", "business"):
        assert counts[kind] / 6000 == pytest.approx(PUBLISHED[kind] / whole, abs=0.02), kind


def test_flags_agree_with_the_tables_and_the_record(tables: Tables) -> None:
    """`on_the_spot` is the procedure's, `intake_elsewhere` the record's; all three ways in are used."""
    made = list(submissions(300, 7, tables))
    for submission in made:
        procedure = tables.by_code[submission.record["MaTTHC"][:8]]
        assert submission.on_the_spot == procedure.on_the_spot
        assert submission.record["TenTTHC"] == procedure.name
        assert submission.intake_elsewhere == ("MaDonViTiepNhan" in submission.record)
    assert {submission.via for submission in made} == {"search", "push", "both"}


def test_the_handling_agency_existed_on_the_day(tables: Tables) -> None:
    """The name in DonViXuLy is that of exactly one agency in force on the day of submission."""
    rows = _rows("agencies.csv")
    for submission in submissions(400, 5, tables):
        day = datetime.strptime(submission.record["NgayNopHoSo"][:8], "%Y%m%d").date().isoformat()  # noqa: DTZ007 - a day
        named = [row for row in rows if row["name"] == submission.record["DonViXuLy"] and _in_force(row, day)]
        assert len(named) == 1, submission.record["DonViXuLy"]


def test_one_in_fifty_is_of_before_july_2025_and_what_it_names_has_an_heir(tables: Tables) -> None:
    """By communes and by departments; a dossier with a planted fact keeps the fact's own day."""
    closed = {agency.name for agency in tables.closed_communes}
    made = list(submissions(3000, 7, tables))
    old = [one for one in made if not one.facts and one.record["NgayNopHoSo"] < "20250701"]
    assert 40 <= len(old) <= 80
    communes = [one for one in old if one.record["DonViXuLy"] in closed]
    assert 0 < len(communes) < len(old)
    heirs = {row["code"]: row["successor"] for row in _rows("agencies.csv") if row["name"] in closed}
    assert all(successor in tables.agencies for successor in heirs.values())
    assert {tables.by_code[one.record["MaTTHC"][:8]].level for one in communes} == {"commune"}


@given(st.integers(), st.sampled_from(["male", "female"]), st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_identifiers_are_valid_by_structure_and_checksum(seed: int, sex: str, born: date) -> None:
    """A citizen's number agrees with sex and year of birth; tax codes pass an independent checker."""
    rng = Random(seed)  # noqa: S311 - a seeded stream must not be cryptographic
    number = citizen_id(rng, sex, born)
    assert is_citizen_id(number, sex, born)
    assert not is_citizen_id(number, "male" if sex == "female" else "female", born)
    assert mst.is_valid(tax_code(rng))
    assert mst.is_valid(branch_tax_code(rng))


def test_the_tables_match_the_published_counts(tables: Tables) -> None:
    """Seven agencies, 109 procedures on the spot; 64 wards and communes; no district after 2025-06-30."""
    spot = [procedure for procedure in tables.procedures if procedure.on_the_spot]
    assert len(spot) == 109
    assert len({procedure.agency for procedure in spot}) == 7
    assert len(tables.wards) == len(tables.communes) == 64
    districts = [row for row in _rows("agencies.csv") if row["level"] == "district"]
    assert len(districts) == 16
    assert {row["until"] for row in districts} == {"2025-06-30"}


@pytest.mark.parametrize("name", ["agencies.csv", "places.csv", "procedures.csv"])
def test_a_code_has_one_line_a_day(name: str) -> None:
    """Lines of one code do not overlap in time, and `from` is not after `until`."""
    spans: dict[str, list[tuple[str, str]]] = {}
    for row in _rows(name):
        spans.setdefault(row["code"], []).append((row["from"], row["until"] or "9999-12-31"))
    for code, days in spans.items():
        assert all(first <= last for first, last in days), code
        ordered = sorted(days)
        assert all(before[1] < after[0] for before, after in pairwise(ordered)), code


def test_the_tables_refer_to_one_another() -> None:
    """Parents, successors, agencies, places and groups name codes that exist, in both orders."""
    agencies, places, procedures = _rows("agencies.csv"), _rows("places.csv"), _rows("procedures.csv")
    codes, areas = {row["code"] for row in agencies}, {row["code"] for row in places}
    for row in agencies:
        assert {row["parent"], row["successor"]} <= codes | {""}
        assert {row["province"], row["district"], row["ward"]} <= areas | {""}
        assert re.fullmatch(r"[A-Z]\d{2}(\.\d{2,3}){0,4}", row["code"])
        assert re.fullmatch(r"\d{3}\.\d{2,3}\.\d{2}\.[A-Z]\d{2}", row["old_code"])
    assert len({row["old_code"] for row in agencies}) == len(agencies)
    assert {row["agency"] for row in procedures} <= codes
    assert {row["procedure"] for row in _rows("procedure_groups.csv")} == {row["code"] for row in procedures}


def _rows(name: str) -> list[dict[str, str]]:
    with (SHIPPED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _in_force(row: dict[str, str], day: str) -> bool:
    return row["from"] <= day <= (row["until"] or "9999")


def _readable(body: bytes) -> bool:
    try:
        read = json.loads(body.decode("utf-8"), parse_constant=_refuse)
        json.dumps(read, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict)


def _refuse(word: str) -> None:
    raise ValueError(word)


def _problems(record: dict[str, Any]) -> Iterator[str]:
    yield from _field_problems(record)
    yield from _list_problems(record)
    if "NgayNopHoSo" in record and not _stamp(record["NgayNopHoSo"]):
        yield "NgayNopHoSo"
    if "MaSoThue" in record and not (mst.is_valid(record["MaSoThue"]) and record["MaSoThue"] != "0" * 10):
        yield "MaSoThue"


def _field_problems(record: dict[str, Any]) -> Iterator[str]:
    yield from (field for field in _REQUIRED if not _filled(record.get(field)))
    lists = {*_LISTS, "DiaChiChuHoSo", "DiaChiDoanhNghiep", "ThongTinMoRong"}
    yield from (
        field for field, value in record.items() if field not in lists and not isinstance(value, str | None)
    )
    for field, limit in _LENGTHS.items():
        if isinstance(record.get(field), str) and len(record[field]) > limit:
            yield field
    for field, words in _CODES.items():
        if record.get(field) not in (*words.split(), None):
            yield field
    for field, form in _FORMS.items():
        if isinstance(record.get(field), str) and not re.fullmatch(form, record[field], re.ASCII):
            yield field


def _list_problems(record: dict[str, Any]) -> Iterator[str]:
    for field in _LISTS:
        value = record.get(field)
        if not isinstance(value, list | None):
            yield field
            continue
        for place, item in enumerate(value or []):
            path = f"{field}/{place}"
            yield from _item_problems(field, path, item) if isinstance(item, dict) else [path]
    if not record.get("DinhDanhCHS"):
        yield "DinhDanhCHS"


def _item_problems(field: str, path: str, item: dict[str, Any]) -> Iterator[str]:
    if field == "DinhDanhCHS":
        form = _NUMBERS.get(item["LoaiDinhDanh"], r".{1,40}")
        yield from [] if re.fullmatch(form, item["SoDinhDanh"]) else [f"{path}/SoDinhDanh"]
    if field == "TaiLieuNop":
        yield from (f"{path}/{bad}" for bad in _file_problems(item))
    if field == "DanhSachLePhi":
        yield from [] if _filled(item["TenPhiLePhi"]) else [f"{path}/TenPhiLePhi"]
        yield from [] if re.fullmatch(r"[0-9]+", item["Gia"]) else [f"{path}/Gia"]
    if field == "DanhSachTepDinhKemKhac":
        yield from [] if isinstance(item["SoLuong"], int) else [f"{path}/SoLuong"]
        yield from [] if len(item["TenGiayTo"]) <= 2000 else [f"{path}/TenGiayTo"]


def _file_problems(item: dict[str, Any]) -> Iterator[str]:
    yield from (field for field in ("TepDinhKemId", "TenTepDinhKem") if not _filled(item[field]))
    if len(item["TenTepDinhKem"]) > 4000:
        yield "TenTepDinhKem"
    if item["IsDeleted"] not in {"True", "False"}:
        yield "IsDeleted"
    address = item.get("DuongDanTaiTepTin", "")
    if not (re.fullmatch(r"https?://[a-z0-9.-]+(/\S*)?", address) or ("Base64" in item and not address)):
        yield "DuongDanTaiTepTin"


def _filled(value: Any) -> bool:
    return not isinstance(value, str | None) or bool(value and value.strip())


def _stamp(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{14}", value):
        return False
    try:
        datetime.strptime(value, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the portal's dates have no offset
    except ValueError:
        return False
    return True
