"""The shipped sheets against real messages: the province's stream, and a one-stop that works on it.

The judges know nothing of sheets: the simulators' checks, from the reference, and the portal's schema.
"""

import json
import subprocess
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import normalize

import httpx
import msgspec
import pytest

from adapters._kit.schema import checker, read_schema
from adapters.national_portal.attachments import FILE_LIMIT, opened
from adapters.national_portal.simulator_catalogue import Catalogue
from adapters.national_portal.simulator_checks import progress_problems, record_problems
from adapters.national_portal.simulator_paper import inline
from adapters.onestop import simulator_authority_checks as authority_checks
from adapters.onestop import simulator_checks as onestop_checks
from adapters.onestop.simulator_tables import load as load_catalogue
from bench.province import FACTS, Submission, coverage, load_tables, submissions
from mappings.dossier import Document, Dossier, Identity, Message, Party, Procedure, Result, Step
from mappings.engine import Compiled, ParkError, compile_sheet
from mappings.sheet import load_sheets
from mappings.tables import load

ROOT = Path(__file__).resolve().parents[3]
TABLES = ROOT / "deploy" / "tables"
NUMBER, LOCAL = "G22.99-261123-000001", "H12.06-261123-0001"
TODAY = date(2026, 11, 23)
RESTING = {3, 5, 6, 7, 8, 10}
"""Statuses that the one-stop does not leave without a citizen."""
COUNTER: tuple[dict[str, Any], ...] = (
    {"procedure": {"code": "1.001193"}, "applicant": {"data": {"fullname": "Nguyễn Thị Út"}}},
    {
        "procedure": {"code": "9.100062"},
        "applicant": {"data": {"fullname": "Công ty TNHH Tân Phát", "taxCode": "2000000012"}},
        "files": [{"id": "1", "name": "Tờ khai.pdf", "component": "TK01"}],
        "papers": [{"name": "Bản chính"}],
        "appliedDate": "2026-11-23T08:00:00.250+00:00",
    },
    {
        "procedure": {"code": "1.001193"},
        "applicant": {"data": {"fullname": "Danh Sóc Kha", "identityNumber": "096080001234"}},
        "files": [{"id": "1", "name": "Tờ khai.pdf", "component": "TK01", "url": "http://127.0.0.1/1.pdf"}],
    },
)
"""Dossiers handed in at the counter, as sparse as the one-stop takes them."""

Json = dict[str, Any]
Sheets = dict[str, Compiled]
M = TypeVar("M", bound=Message)


@pytest.fixture(scope="module")
def sheets() -> Sheets:
    """All shipped sheets, compiled with the shipped tables."""
    tables = load([TABLES])
    return {name: compile_sheet(sheet, tables) for name, sheet in load_sheets().items()}


@pytest.fixture(scope="module")
def stream() -> list[Submission]:
    """Enough of the stream to have every awkward fact."""
    return list(submissions(240, 7, load_tables()))


@pytest.fixture(scope="module")
def worked(sheets: Sheets, stream: list[Submission], tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """What the one-stop shows of 60 dossiers of the stream and three of the counter, when they rest."""
    bodies = [_create(sheets, _delivered(each)) for each in stream[:60]]
    with _one_stop(tmp_path_factory.mktemp("onestop")) as client:
        ids = [client.post("/pa/dossier", json=body).raise_for_status().json()["id"] for body in bodies]
        counter = client.post("/_sim/counter", json={"dossiers": list(COUNTER)}).raise_for_status().json()
        ids += [each["id"] for each in counter["dossiers"]]
        return _rested(client, ids)


def _delivered(submission: Submission) -> Json:
    """A record as it reaches a sheet: the push takes addresses off, and our adapter takes the bytes out."""
    record = submission.record
    if submission.via == "push" and record.get("TaiLieuNop"):
        record = {**record, "TaiLieuNop": [inline(each) for each in record["TaiLieuNop"]]}
    found = opened(record, b"", FILE_LIMIT)
    assert found.problems == []
    return found.tree


def _create(sheets: Sheets, record: Json) -> Json:
    message = sheets["national_portal/submission"].read(record, source="national_portal").message
    tree: Json = sheets["onestop/create"].write(_known(message), source="onestop").tree
    return tree


def _known(message: Message) -> Message:
    """A dossier as the bus hands it to a sheet that writes: with every number, by kind of system."""
    return msgspec.structs.replace(message, codes={"national_portal": message.code})


class _one_stop:  # noqa: N801 - used like a function
    """A running one-stop and a client that has logged in."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "adapters.onestop.simulator", "--data", str(folder), "--seed", "7"]
        options = ["--pace", "0.01", "--tables", str(TABLES)]
        self.process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> httpx.Client:
        assert self.process.stdout is not None
        url = json.loads(self.process.stdout.readline())["url"]
        self.client = httpx.Client(base_url=url, trust_env=False)
        form = {"grant_type": "client_credentials", "client_id": "lien-thong", "client_secret": "mot-cua"}
        token = self.client.post("/auth/realms/digo/protocol/openid-connect/token", data=form).json()
        self.client.headers["Authorization"] = f"Bearer {token['access_token']}"
        return self.client

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        with self.process:
            self.process.wait(10)


def _rested(client: httpx.Client, ids: list[str]) -> list[Json]:
    until = time.monotonic() + 30
    while True:
        shown = [client.get(f"/pa/dossier/{known}/--online").raise_for_status().json() for known in ids]
        if all(each["statusCurrentTask"]["id"] in RESTING for each in shown):
            return shown
        assert time.monotonic() < until, "the one-stop did not come to rest"
        time.sleep(0.1)


def _record(sheets: Sheets, shown: Json) -> Json:
    """The record that the portal gets of a dossier the one-stop shows."""
    dossier = sheets["onestop/dossier"].read(shown, source="onestop").message
    known = msgspec.structs.replace(dossier, code=shown["nationCode"] or shown["code"])
    tree: Json = sheets["national_portal/record"].write(known, source="national_portal", as_of=TODAY).tree
    return tree


def _read(sheets: Sheets, name: str, tree: Json, kind: type[M]) -> M:
    message = sheets[name].read(tree, source=name.partition("/")[0]).message
    assert isinstance(message, kind)
    return message


def test_every_fact_of_the_stream_is_read_without_a_word(sheets: Sheets, stream: list[Submission]) -> None:
    """No problem and no note in any record that reaches us, and all forty facts were among them."""
    assert coverage(each.record for each in stream).missing == ()
    assert len(FACTS) == 40
    for submission in stream:
        read = sheets["national_portal/submission"].read(_delivered(submission), source="national_portal")
        assert read.notes == (), submission.facts
        decoded = msgspec.json.decode(msgspec.json.encode(read.message), type=Dossier)
        assert decoded == read.message


def test_every_submission_becomes_a_dossier_that_the_one_stop_takes(
    sheets: Sheets, stream: list[Submission]
) -> None:
    """The one-stop's own checks, with its dated tables, find nothing; an official's schema neither."""
    tables = load_catalogue(TABLES)
    found = {
        problem
        for each in stream
        for problem in onestop_checks.created(_create(sheets, _delivered(each)), tables, TODAY, counter=False)
    }
    assert found == set()


def test_what_a_citizen_said_is_in_the_body_of_the_create(sheets: Sheets, stream: list[Submission]) -> None:
    """Names, numbers, amounts, half birth dates and a procedure's suffix reach the one-stop unchanged."""
    bodies = {each.record["MaHoSo"]: (each.record, _create(sheets, each.record)) for each in stream}
    for record, body in bodies.values():
        person = body["applicant"]["data"]
        assert body["nationCode"] == record["MaHoSo"]
        assert body["procedure"]["code"] == record["MaTTHC"]
        assert person["fullname"].split() == normalize("NFC", record["ChuHoSo"]).split()
        assert person["identityNumber"] == record["DinhDanhCHS"][0]["SoDinhDanh"]
        assert person["identityKind"] == record["DinhDanhCHS"][0]["LoaiDinhDanh"]
        assert person.get("birthday", "").replace("-", "") == record.get("NgaySinh", "")
        amounts = [int(fee["Gia"]) for fee in record.get("DanhSachLePhi") or ()]
        assert [fee["amount"] for fee in body.get("fees", ())] == amounts
        assert datetime.fromisoformat(body["appliedDate"]).strftime("%Y%m%d%H%M%S") == record["NgayNopHoSo"]


def test_the_suffix_of_a_procedure_and_a_foreign_intake_are_kept_apart(
    sheets: Sheets, stream: list[Submission]
) -> None:
    """The procedure holds the national code alone (reference 5); who took it in is not who handles it."""
    suffixed = next(each for each in stream if "procedure_suffix" in each.facts)
    dossier = _read(sheets, "national_portal/submission", suffixed.record, Dossier)
    assert f"{dossier.procedure}.{dossier.procedure_suffix}" == suffixed.record["MaTTHC"]
    elsewhere = next(each for each in stream if each.intake_elsewhere)
    dossier = _read(sheets, "national_portal/submission", elsewhere.record, Dossier)
    assert dossier.intake_agency is not None
    assert dossier.handling_agency is not None
    assert dossier.intake_agency.name == elsewhere.record["DonViTiepNhan"] != dossier.handling_agency.name


def test_a_field_no_line_names_goes_back_to_the_portal_and_to_nobody_else(
    sheets: Sheets, stream: list[Submission]
) -> None:
    """ThongTinMoRong is kept with the dossier and stands in what the portal, alone, is written."""
    unknown = next(each for each in stream if "unknown_field" in each.facts)
    dossier = _read(sheets, "national_portal/submission", unknown.record, Dossier)
    back = sheets["national_portal/submission"].write(dossier, source="national_portal", as_of=TODAY).tree
    assert back["ThongTinMoRong"] == unknown.record["ThongTinMoRong"]
    assert "ThongTinMoRong" not in sheets["onestop/create"].write(_known(dossier), source="onestop").tree


def test_bytes_never_pass_through_a_sheet(sheets: Sheets, stream: list[Submission]) -> None:
    """A TaiLieu with Base64 is read as what was stored; one that was not stored, without its content."""
    inlined = next(each for each in stream if "attachment_in_base64" in each.facts)
    for record, stored in ((_delivered(inlined), True), (inlined.record, False)):
        dossier = _read(sheets, "national_portal/submission", record, Dossier)
        assert len(dossier.documents) == len(inlined.record["TaiLieuNop"])
        assert any(document.file for document in dossier.documents) is stored
        assert b"JVBERi0" not in msgspec.json.encode(dossier)


def test_every_dossier_of_the_one_stop_becomes_a_record_that_the_portal_takes(
    sheets: Sheets, worked: list[Json]
) -> None:
    """At whatever status it rests, from the portal or from the counter: the portal's checks find nothing."""
    assert {each["statusCurrentTask"]["id"] for each in worked} >= {3, 5, 10}
    schema = checker(read_schema(ROOT / "adapters" / "national_portal" / "schemas" / "record.json"))
    for shown in worked:
        record = _record(sheets, shown)
        assert record_problems(record) == []
        assert schema(record) == ()
        assert record["TrangThaiHoSo"] == str(shown["statusCurrentTask"]["id"])
        assert len(record["DanhSachGiayToKetQua"]) == len(shown["results"])


def test_reading_what_the_one_stop_shows_leaves_no_note(sheets: Sheets, worked: list[Json]) -> None:
    """Its own times and codes are all expected: a note would be noise on every single message."""
    for shown in worked[:60]:
        assert sheets["onestop/dossier"].read(shown, source="onestop").notes == ()


def test_the_national_number_is_known_beside_the_local_one(sheets: Sheets, worked: list[Json]) -> None:
    """`code` is the one-stop's, `codes` has the portal's; a dossier of the counter has none there."""
    online = _read(sheets, "onestop/dossier", worked[0], Dossier)
    assert (online.code, online.codes) == (worked[0]["code"], {"national_portal": worked[0]["nationCode"]})
    assert _read(sheets, "onestop/dossier", worked[-1], Dossier).codes == {}


def test_when_a_dossier_changed_is_known_to_the_millisecond(sheets: Sheets, worked: list[Json]) -> None:
    """Two changes within a second keep their order."""
    for shown in worked:
        dossier = _read(sheets, "onestop/dossier", shown, Dossier)
        assert dossier.as_of == datetime.fromisoformat(shown["updatedDate"])


def test_a_clerk_who_wrote_little_still_gives_a_record(sheets: Sheets, worked: list[Json]) -> None:
    """Subject, kind of applicant and kind of number are told from what there is."""
    citizen, company, numbered = (_record(sheets, shown) for shown in worked[-3:])
    assert citizen["TrichYeuHoSo"] == worked[-3]["procedure"]["translate"][0]["name"]
    assert (citizen["LoaiDoiTuong"], company["LoaiDoiTuong"]) == ("1", "2")
    assert "DinhDanhCHS" not in company
    assert numbered["DinhDanhCHS"] == [{"LoaiDinhDanh": "1", "SoDinhDanh": "096080001234"}]


def test_a_document_without_an_address_is_left_out_and_noted(sheets: Sheets) -> None:
    """The portal wants an address of every document; the others go, and a list with none is not sent."""
    with_one = (Document(id="1", name="a"), Document(id="2", name="b", url="http://127.0.0.1/b"))
    for documents, sent in ((with_one, ["2"]), (with_one[:1], None)):
        written = sheets["national_portal/record"].write(
            _dossier(documents=documents), source="national_portal", as_of=TODAY
        )
        listed = written.tree.get("TaiLieuNop")
        assert (listed and [each["TepDinhKemId"] for each in listed]) == sent
        assert [note.path for note in written.notes] == ["TaiLieuNop/0"]


def test_a_component_code_of_the_province_is_not_sent(sheets: Sheets) -> None:
    """Only national component codes (reference 5) mean something to the portal."""
    codes = ("TK01", "000.00.00.G09-KQ002269")
    documents = tuple(Document(id=code, name="a", component=code, url="http://127.0.0.1/a") for code in codes)
    written = sheets["national_portal/record"].write(
        _dossier(documents=documents), source="national_portal", as_of=TODAY
    )
    assert [each["MaThanhPhanHoSo"] for each in written.tree["TaiLieuNop"]] == ["", codes[1]]
    assert len(written.notes) == 1


def _dossier(**more: Any) -> Dossier:
    facts: Json = {
        "code": NUMBER,
        "procedure": "1.001193",
        "subject": "Đăng ký khai sinh",
        "result_return": "counter",
        "status": "registered",
        "owner": Party(
            kind="citizen", name="Nguyễn Thị Út", identities=(Identity(kind="old_id", number="381234567"),)
        ),
        "handling_agency": {"code": "H12.06"},
    }
    return msgspec.convert({**msgspec.to_builtins(facts), **msgspec.to_builtins(more)}, Dossier)


def test_every_task_becomes_a_row_of_progress_that_the_portal_takes(
    sheets: Sheets, worked: list[Json]
) -> None:
    """A task with the dossier's number beside it is a step; the portal's checks find nothing in its row."""
    rows = 0
    for shown in worked:
        for task in shown["tasks"]:
            tree = {**task, "code": shown["code"], "nationCode": shown["nationCode"]}
            step = _read(sheets, "onestop/step", tree, Step)
            known = msgspec.structs.replace(step, code=shown["nationCode"] or shown["code"])
            row = sheets["national_portal/progress"].write(known, source="national_portal").tree
            assert progress_problems(row) == []
            assert row["TrangThai"] == str(task["status"]["id"])
            rows += 1
    assert rows > 100


def test_a_row_of_progress_comes_back_as_the_same_step(sheets: Sheets, worked: list[Json]) -> None:
    """Read back, a row says what was written; only the one-stop's own id of the task is not in it."""
    task = worked[0]["tasks"][0]
    step = _read(sheets, "onestop/step", {**task, "code": worked[0]["code"]}, Step)
    row = sheets["national_portal/progress"].write(step, source="national_portal").tree
    back = _read(sheets, "national_portal/progress", row, Step)
    assert back == msgspec.structs.replace(step, id=back.id, extras={})


def test_a_citizens_supplement_and_withdrawal_are_taken_by_the_one_stop(sheets: Sheets) -> None:
    """What the push hands in becomes bodies in which the one-stop's checks find nothing."""
    supplement = {
        "MaHoSo": NUMBER,
        "HoSoBoSungId": "BS-1",
        "NoiDungBoSung": "Bổ sung giấy tờ",
        "DanhSachGiayToBoSung": [{"TepDinhKemId": "9", "TenTepDinhKem": "Sổ.pdf", "IsDeleted": "False"}],
        "NgayTiepNhanBoSung": "20261123101112",
    }
    withdrawal = {"MaHoSo": NUMBER, "NgayYeuCau": "20261123101112", "LyDo": "Không còn nhu cầu"}
    body = _passed_on(sheets, "supplement", supplement)
    assert onestop_checks.supplemented(body) == []
    assert (body["id"], body["receivedDate"]) == ("BS-1", "2026-11-23T10:11:12+07:00")
    assert [each["name"] for each in body["files"]] == ["Sổ.pdf"]
    body = _passed_on(sheets, "withdrawal", withdrawal)
    assert onestop_checks.withdrawn(body) == []
    assert (body["askedDate"], body["reason"]) == ("2026-11-23T10:11:12+07:00", "Không còn nhu cầu")


def _passed_on(sheets: Sheets, name: str, tree: Json) -> Json:
    message = sheets[f"national_portal/{name}"].read(tree, source="national_portal").message
    body: Json = sheets[f"onestop/{name}"].write(message, source="onestop").tree
    assert "code" not in body
    again = sheets[f"onestop/{name}"].read({**body, "code": LOCAL}, source="onestop").message
    assert msgspec.structs.replace(again, code=NUMBER, extras={}) == msgspec.structs.replace(
        message, extras={}
    )
    return body


def test_results_and_requests_for_supplements_are_read(sheets: Sheets, worked: list[Json]) -> None:
    """An item of results[] or supplements[] with the dossier's number beside it is a message of its own."""
    returned = next(each for each in worked if each["results"])
    asked = next(each for each in worked if each["supplements"])
    result = _read(sheets, "onestop/result", {**returned["results"][0], "code": returned["code"]}, Result)
    assert (result.code, result.url) == (returned["code"], returned["results"][0]["url"])
    assert str(result.issued_on) == returned["results"][0]["issuedDate"][:10]
    body = sheets["onestop/result"].write(result, source="onestop").tree
    assert authority_checks.resulted(body) == []
    whole = _read(sheets, "onestop/dossier", asked, Dossier)
    tree = {**asked["supplements"][0], "code": asked["code"]}
    request = sheets["onestop/supplement"].read(tree, source="onestop").message
    assert msgspec.structs.replace(request, code=None) == whole.supplements[0]


def test_a_kind_of_fee_whose_meaning_differs_passes_through(sheets: Sheets, stream: list[Submission]) -> None:
    """LoaiPhiLePhi 3 is seen in use and explained differently (reference 2): it reaches the one-stop as 3."""
    charged = next(each.record for each in stream if each.record.get("DanhSachLePhi"))
    fees = [{**fee, "LoaiPhiLePhi": "3"} for fee in charged["DanhSachLePhi"]]
    body = _create(sheets, {**charged, "DanhSachLePhi": fees})
    assert {fee["kind"] for fee in body["fees"]} == {3}


def test_a_procedure_of_the_national_catalogue_is_read(sheets: Sheets) -> None:
    """result[0] of LayThuTuc (reference 1e): name, field, the agency by either of its codes, what results."""
    described = Catalogue(TABLES, TODAY).procedure("9.100062")[0]
    procedure = _read(sheets, "national_portal/procedure", described, Procedure)
    assert (procedure.procedure, procedure.sector) == ("9.100062", "G10-MT01")
    assert [agency.code for agency in procedure.agencies] == ["H12.06"]
    assert [result.name for result in procedure.results] == [described["KETQUATHUCHIEN"][0]["TENKETQUA"]]


def test_a_kind_of_applicant_that_no_list_has_waits_for_a_person(sheets: Sheets, worked: list[Json]) -> None:
    """An unknown code is parked, whole, and not guessed."""
    person = {**worked[0]["applicant"]["data"], "kind": "9"}
    with pytest.raises(ParkError):
        sheets["onestop/dossier"].read({**worked[0], "applicant": {"data": person}}, source="onestop")
