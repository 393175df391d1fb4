"""`map`: a sheet tried on a message."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench.province import load_tables, submissions
from commands.parts import ROOT
from commands.tell import veiled
from tests.unit.commands.conftest import Run

RECORD = "national_portal/record"
ONLY_OURS = {"handling_agency": {"code": "H12.01"}}


@pytest.fixture
def submitted(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A dossier as a citizen of the generated province submits it, in a file."""
    record = next(one.record for one in submissions(40, 7, load_tables()) if one.record.get("ChuHoSo"))
    file = tmp_path / "theirs.json"
    file.write_bytes(msgspec.json.encode(record))
    return file, dict(record)


def test_a_message_is_read_and_nothing_of_the_citizen_is_shown(
    run: Run, submitted: tuple[Path, dict[str, Any]]
) -> None:
    """The canonical message on standard output, codes readable, name and identifier covered."""
    file, record = submitted
    ran = run("map", RECORD, str(file), "--json")
    assert (ran.code, ran.json["ok"], ran.json["problems"]) == (0, True, [])
    assert ran.json["result"]["code"] == record["MaHoSo"]
    assert record["ChuHoSo"] not in ran.out
    for identity in record["DinhDanhCHS"]:
        assert identity["SoDinhDanh"] not in ran.out


def test_the_whole_result_goes_to_a_file_of_ones_own(
    run: Run, submitted: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """--to writes every value, readable by its owner alone."""
    file, record = submitted
    ours = tmp_path / "ours.json"
    assert run("map", RECORD, str(file), "--to", str(ours)).code == 0
    assert msgspec.json.decode(ours.read_bytes())["owner"]["name"] == record["ChuHoSo"].strip()
    assert ours.stat().st_mode & 0o077 == 0


def test_what_goes_out_as_xml_is_shown_with_its_values_covered(run: Run, tmp_path: Path) -> None:
    """The tree can be read with codes in it; a name or an identifier is nowhere; faults have their line."""
    slip, ours = ROOT / "adapters/tax/samples/slip.full.xml", tmp_path / "ours.json"
    assert run("map", "tax/slip", str(slip), "--to", str(ours)).code == 0
    owner = msgspec.json.decode(ours.read_bytes())["land"]["users"][0]
    shown = run("map", "tax/slip", str(ours), "--out").out
    assert "<SO_PHIEU>PC-2026-0001</SO_PHIEU>" in shown
    assert owner["name"] not in shown
    assert owner["identity"] not in shown
    ran = run("map", "tax/slip", str(ours))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{ours}:1:1: is no XML: ")
    assert "<string>" not in ran.err


def test_every_problem_is_told_at_once_in_both_languages(run: Run, tmp_path: Path) -> None:
    """An empty message: exit 1, a problem for every required field, nothing mapped."""
    (tmp_path / "empty.json").write_text("{}")
    ran = run("map", RECORD, "empty.json", "--json")
    assert ran.code == 1
    assert ran.json["result"] is None
    assert {"MaHoSo", "MaTTHC", "TrichYeuHoSo"} <= {each["path"] for each in ran.json["problems"]}
    assert all(each["vi"] for each in ran.json["problems"])
    assert "problems; nothing was mapped" in run("map", RECORD, "empty.json").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["national_portal/recrod", "x.json"], 'Did you mean "national_portal/record"?'),
        ([RECORD, "nowhere.json"], "nowhere.json: cannot be read"),
        ([RECORD, "broken.json"], "broken.json:1:1: is no JSON"),
        ([RECORD, "broken.json", "--out"], "broken.json:1:1: is no canonical Dossier"),
    ],
)
def test_wrong_use_says_what_is_wrong(run: Run, tmp_path: Path, words: list[str], said: str) -> None:
    """Exit 2, in a sentence, nothing on standard output."""
    (tmp_path / "broken.json").write_text("{")
    ran = run("map", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_what_a_citizen_wrote_is_veiled_and_codes_are_not() -> None:
    """One-word names, addresses and identifiers are covered; statuses, times and dossier numbers stay."""
    shown = veiled({"a": ["Hoa", "ấp 3, xã Vĩnh Thanh", "096085001236", "hoa@x.example"], "n": 5, "e": ""})
    assert shown == {"a": ["H••• (3)", "ấ••• (19)", "••••••••••36", "h••• (13)"], "n": 5, "e": ""}
    assert veiled(["19500326", "1950-03-26"]) == ["1••• (8)", "1••• (10)"]
    plain = ["in_progress", "2026-02-05T14:21:16+07:00", "G22.99.07-260205-000000", "1.001193"]
    assert veiled(plain) == plain


def test_a_sheet_is_shown_to_the_expert_in_vietnamese(run: Run, tmp_path: Path) -> None:
    """Every line of the sheet, its rule in words; the same as Markdown in a file."""
    shown = run("map", "--table", RECORD, "--json").json
    theirs = {row[shown["headings"].index("Trường của hệ thống bạn")] for row in shown["rows"]}
    assert {"MaHoSo", "TenTTHC", "DanhSachLePhi"} <= theirs
    assert "Bắt buộc" in run("map", "--table", RECORD).out
    ran = run("map", "--table", RECORD, "--to", "record.md")
    assert (ran.code, ran.out) == (0, "")
    text = (tmp_path / "record.md").read_text()
    assert text.startswith("# ")
    assert "| MaHoSo |" in text


@pytest.mark.parametrize("words", [[RECORD], [RECORD, "x.json", "--table"]])
def test_map_wants_a_message_or_the_table(run: Run, words: list[str]) -> None:
    """Neither or both is wrong use."""
    ran = run("map", *words)
    assert ran.code == 2
    assert "--table" in ran.err


def test_an_edxml_package_is_taken_apart_before_its_sheet_reads_it(run: Run, tmp_path: Path) -> None:
    """The file as its sender made it; what is wrong with it is told by file, path and line."""
    sample = (
        Path(__file__).resolve().parents[3] / "adapters" / "ioffice" / "samples" / "document.answer.edxml"
    )
    ran = run("map", "ioffice/document", str(sample), "--json")
    assert (ran.code, ran.json["problems"]) == (0, [])
    assert ran.json["result"]["sender"]["code"] == "000.00.00.G22"
    broken = tmp_path / "broken.edxml"
    broken.write_bytes(sample.read_bytes().replace(b"2026/11/23</edXML:Prom", b"23/11/2026</edXML:Prom"))
    ran = run("map", "ioffice/document", str(broken))
    assert ran.code == 2
    assert "MessageHeader/PromulgationInfo/PromulgationDate (line 21)" in ran.err
