"""Before anything is sent, every problem is named, and no citizen's value with it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters._kit.schema import checker, read_schema

ADAPTERS = Path(__file__).resolve().parents[3] / "adapters"
RECORD = checker(read_schema(ADAPTERS / "national_portal" / "schemas" / "record.json"))
CREATE = checker(read_schema(ADAPTERS / "onestop" / "schemas" / "create.json"))


def sample(name: str) -> dict[str, Any]:
    """A shipped sample, to be spoilt."""
    return msgspec.json.decode((ADAPTERS / name).read_bytes(), type=dict[str, Any])


@pytest.fixture
def record() -> dict[str, Any]:
    """A record that the portal accepts."""
    return sample("national_portal/samples/record.in_progress.json")


def test_all_problems_come_at_once_each_with_its_path(record: dict[str, Any]) -> None:
    """Missing, empty, too long and deep in a list: four mistakes, four sentences."""
    del record["MaLinhVuc"]
    record["TrichYeuHoSo"] = " "
    record["TenLinhVuc"] = "x" * 151
    record["TaiLieuNop"][0]["TepDinhKemId"] = ""
    problems = RECORD(record)
    assert any(problem == "MaLinhVuc: is missing" for problem in problems)
    assert any(problem.startswith("TrichYeuHoSo: ") for problem in problems)
    assert "TenLinhVuc: is longer than 150 characters" in problems
    assert any(problem.startswith("TaiLieuNop/0/TepDinhKemId: ") for problem in problems)


@pytest.mark.parametrize("status", ["2", "4", "5", "6", "8", "9", "10"])
def test_an_accepted_record_needs_its_dates(record: dict[str, Any], status: str) -> None:
    """NgayTiepNhan and NgayHenTra are R: without them the portal does not count the dossier."""
    record |= {"TrangThaiHoSo": status, "NgayTiepNhan": ""}
    assert any(problem.startswith("NgayTiepNhan: ") for problem in RECORD(record))


@pytest.mark.parametrize("status", ["1", "3", "7"])
def test_what_was_never_accepted_has_no_dates(record: dict[str, Any], status: str) -> None:
    """New, refused and withdrawn dossiers may lack them."""
    assert RECORD(record | {"TrangThaiHoSo": status, "NgayTiepNhan": "", "NgayHenTra": ""}) == ()


@pytest.mark.parametrize(
    ("field", "limit"),
    [("ChuHoSo", 500), ("TrichYeuHoSo", 1000), ("MaTTHC", 50), ("Email", 100), ("SoDienThoai", 50)],
)
def test_lengths_are_those_of_the_reference(record: dict[str, Any], field: str, limit: int) -> None:
    """Section 2, column Max: the limit passes, one more does not."""
    assert RECORD(record | {field: "x" * limit}) == ()
    assert RECORD(record | {field: "x" * (limit + 1)}) == (f"{field}: is longer than {limit} characters",)


def test_a_problem_never_repeats_the_value(record: dict[str, Any]) -> None:
    """An identity number that is too long is not printed to say so."""
    number = "096190000123" * 4
    record["DinhDanhCHS"][0]["SoDinhDanh"] = number
    (problem,) = RECORD(record)
    assert problem == "DinhDanhCHS/0/SoDinhDanh: is longer than 40 characters"


def test_a_tree_that_is_no_object_is_told() -> None:
    """Even the root has a sentence."""
    assert CREATE([1]) == ("the message: must be object",)


def test_an_applicant_without_a_name_is_refused() -> None:
    """The one-stop's own demand, before it has to say so."""
    body = sample("onestop/samples/create.online.json")
    del body["applicant"]["data"]["fullname"]
    assert CREATE(body) == ("applicant/data/fullname: is missing",)
