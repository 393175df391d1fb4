"""The portal's simulator against a client written from the reference alone."""

import os
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

ROOT = Path(__file__).parents[2]
DSTCODE = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
FORWARD = "/XrdAdapter/RestService/forward/mapi/"
ACCEPTED = {0, "0", "00"}
pytestmark = pytest.mark.contract


class Portal:
    """A province's client, as small as the reference allows."""

    def __init__(self, url: str, control_url: str, password: str = "") -> None:
        self.http = httpx.Client(base_url=url, timeout=5, params={"dstcode": DSTCODE})
        self.control = httpx.Client(base_url=control_url, timeout=5)
        self.password = password or "mat-khau-thu"
        self.session = ""

    def login(self) -> dict[str, Any]:
        """Log in and keep the session."""
        body = {"username": "000.00.00.H12", "password": self.password}
        answer: dict[str, Any] = self.http.post(FORWARD + "login", json=body).raise_for_status().json()
        self.session = answer["session"]
        return answer

    def call(self, service: str, request_id: str = "", **params: Any) -> dict[str, Any]:
        """Call a service and return its envelope."""
        body = {"session": self.session, "madonvi": "000.00.00.H12", "service": service} | params
        answer = self.http.post(FORWARD + "g", json=body, headers={"X-Request-Id": request_id})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def sync(self, record: dict[str, Any], *, updating: bool = False) -> dict[str, Any]:
        """Send one record."""
        return self.call("DongBoHoSoMC", isUpdating=str(updating), data=[record])

    def progress(self, *rows: dict[str, Any]) -> dict[str, Any]:
        """Send rows of progress in one batch."""
        return self.call("CapNhatTienDoHoSoMC", data=list(rows))

    def found(self, number: str) -> dict[str, Any]:
        """Return the one row of a dossier."""
        (row,) = self.call("TraCuuHoSo", mahoso=number)["result"]
        return dict(row)

    def submit(self, *items: dict[str, Any]) -> list[dict[str, Any]]:
        """Let citizens submit."""
        answer = self.control.post("/_sim/submit", json={"records": items}).raise_for_status()
        return list(answer.json()["records"])

    def effects(self, number: str) -> list[str]:
        """Return what the simulator's journal says about a dossier."""
        return [e["effect"] for e in self.control.get("/_sim/journal", params={"key": number}).json()]

    def close(self) -> None:
        """Close both connections."""
        self.http.close()
        self.control.close()


@contextmanager
def running(data: Path, *options: str) -> Iterator[Portal]:
    """Run the simulator in its own process and log in."""
    module = ["-m", "adapters.national_portal.simulator"]
    process = subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
        [sys.executable, *module, "--data", str(data), "--seed", "5", *options],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    portal = Portal(**msgspec.json.decode(process.stdout.readline(), type=dict[str, str]))
    try:
        portal.login()
        yield portal
    finally:
        portal.close()
        process.terminate()
        code = process.wait(5)
        process.stdout.close()
    assert code == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for the tests that do not end it."""
    with running(
        tmp_path_factory.mktemp("portal"),
        *("--tables", str(ROOT / "deploy" / "tables")),
        *("--citizen-delay", "0.1", "--withdraw-share", "0"),
    ) as portal:
        yield portal


@pytest.fixture
def portal(server: Portal) -> Portal:
    """The shared portal, logged in, all switches off."""
    server.control.post("/_sim/switch", json={"mode": "off"}).raise_for_status()
    server.login()
    return server


_SERIAL = iter(range(1, 9999))


def a_record(**changes: Any) -> dict[str, Any]:
    """Make a record of section 2 as a one-stop would send it; `None` leaves a field out."""
    record = {
        "MaHoSo": f"000.00.12.H12-261008-{next(_SERIAL):04d}",
        "MaTTHC": "2.000986",
        "TenTTHC": "Liên thông đăng ký khai sinh",
        "MaLinhVuc": "G15-HT01",
        "TenLinhVuc": "Hộ tịch",
        "KenhThucHien": "1",
        "ChuHoSo": "Trần Thị Kim Diệu",
        "LoaiDoiTuong": "1",
        "Email": "",
        "SoDienThoai": "0826805217",
        "TrichYeuHoSo": "Đăng ký khai sinh",
        "NgayTiepNhan": "20261008080000",
        "NgayHenTra": "20261012170000",
        "TrangThaiHoSo": "2",
        "HinhThuc": "0",
        "DonViXuLy": "Ủy ban nhân dân xã Vĩnh Lợi",
        "TaiLieuNop": [
            {
                "TepDinhKemId": "t-1",
                "TenTepDinhKem": "Tờ khai.pdf",
                "IsDeleted": "False",
                "MaThanhPhanHoSo": "",
                "DuongDanTaiTepTin": "https://tep.camau.example/t-1",
            }
        ],
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "096154083072"}],
    }
    return {name: value for name, value in (record | changes).items() if value is not None}


def a_submission(**changes: Any) -> dict[str, Any]:
    """Make a dossier as a citizen submits it."""
    unknown = {"NgayTiepNhan": None, "NgayHenTra": None, "MaHoSo": None, "KenhThucHien": "2"}
    return a_record(**unknown | {"TrangThaiHoSo": "1", "NgayNopHoSo": "20261007201500"} | changes)


def a_row(number: str, at: str = "20261008080000", **changes: Any) -> dict[str, Any]:
    """Make a row of progress (section 3)."""
    row = {"MaHoSo": number, "NguoiXuLy": "Lê Văn Tám", "ThoiDiemXuLy": at, "TrangThai": "2"}
    return row | {"NoiDungXuLy": "Tiếp nhận hồ sơ", "NgayBatDau": "", "ChucDanh": ""} | changes


def accepted(answer: dict[str, Any]) -> bool:
    """Whether it was done: code 0 in any spelling and "thành công" in the text (reference 1f)."""
    return answer["error_code"] in ACCEPTED and "thành công" in answer["message"]


def eventually(condition: Callable[[], Any], seconds: float = 5) -> Any:
    """Wait until a condition holds and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (given := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert given
    return given


def test_only_the_right_member_code_passes_the_facade(portal: Portal) -> None:
    """Missing, wrong or contradicting dstcode is the security server's error, header and body (6b)."""
    plain = httpx.Client(base_url=portal.http.base_url)
    body = {"username": "x", "password": "y"}

    def answer(query: dict[str, str], header: dict[str, str]) -> httpx.Response:
        return plain.post(FORWARD + "login", json=body, params=query, headers=header)

    for query, header, status in [
        ({}, {}, 400),
        ({"dstcode": "VN:GOV:000.00.00.G99:x"}, {}, 500),
        ({"dstcode": DSTCODE}, {"dstcode": "VN:GOV:other"}, 400),
    ]:
        refused = answer(query, header)
        assert refused.status_code == status
        assert refused.headers["X-Road-Error"] == refused.json()["type"]
        assert set(refused.json()) == {"type", "message", "detail"}
    for query, header in [({"dstcode": DSTCODE}, {}), ({}, {"dstcode": DSTCODE})]:
        passed = answer(query, header)
        assert passed.status_code == 200
        assert "X-Road-Error" not in passed.headers
        assert passed.headers["X-Road-Id"]
    plain.close()


def test_a_wrong_password_gives_no_session(portal: Portal) -> None:
    """Login answers HTTP 200 with a code that is not 0."""
    stranger = Portal(str(portal.http.base_url), str(portal.control.base_url), password="sai")
    answer = stranger.login()
    assert answer["error_code"] not in ACCEPTED
    assert not answer["session"]
    assert stranger.call("LayDVC")["error_code"] not in ACCEPTED
    stranger.close()


def test_an_expired_session_fails_the_call_until_a_new_login(portal: Portal) -> None:
    """All sessions may be forgotten at once; the call then does nothing."""
    record = a_record()
    portal.control.post("/_sim/switch", json={"mode": "expire_sessions", "operation": "DongBoHoSoMC"})
    assert "Phiên làm việc" in portal.sync(record)["message"]
    assert portal.effects(record["MaHoSo"]) == []
    portal.login()
    assert accepted(portal.sync(record))


def test_sessions_end_by_themselves(tmp_path: Path) -> None:
    """A session lives as long as configured, no longer."""
    with running(tmp_path, "--session-seconds", "1") as short:
        assert accepted(short.call("LayDanhSachTTHC"))
        time.sleep(1.05)
        assert "Phiên làm việc" in short.call("LayDanhSachTTHC")["message"]


def test_the_code_of_success_comes_in_three_spellings(portal: Portal) -> None:
    """Int 0, "0" and "00" are all seen within a few calls (reference 1)."""
    seen = {repr(portal.call("LayDanhMucLinhVuc")["error_code"]) for _ in range(40)}
    assert seen == {"0", "'0'", "'00'"}


def test_the_envelope_is_judged_before_the_service(portal: Portal) -> None:
    """Numbers where strings belong, a stranger's madonvi, an unknown service: refused."""
    for answer in [
        portal.call("TraCuuHoSo", mahoso=5),
        portal.call("TraCuuHoSo", mahoso="x", madonvi="000.00.00.H15"),
        portal.call("KhongCo"),
    ]:
        assert answer["error_code"] not in ACCEPTED


def test_a_record_is_inserted_once_and_then_updated(portal: Portal) -> None:
    """Insert, insert again ("đã tồn tại" with 0, 3 or -3), update, equal update (echo), update of nothing."""
    record = a_record()
    number = record["MaHoSo"]
    assert portal.call("TraCuuHoSo", mahoso=number)["result"] == []
    assert accepted(portal.sync(record))
    again = portal.sync(record)
    assert again["error_code"] in {0, "3", "-3"}
    assert "đã tồn tại" in again["message"]
    assert accepted(portal.sync(record | {"TrangThaiHoSo": "4"}, updating=True))
    assert accepted(portal.sync(record | {"TrangThaiHoSo": "4", "Fax": ""}, updating=True))
    assert portal.effects(number) == ["applied", "refused", "applied", "echo"]
    assert portal.found(number)["TRANGTHAIHOSO"] == "4"
    assert "không tồn tại" in portal.sync(a_record(), updating=True)["message"]


def test_read_results_have_upper_case_keys_at_every_depth(portal: Portal) -> None:
    """Written in PascalCase, read in UPPER CASE (reference 1b); unknown fields come back."""
    record = a_record(DiaChiChuHoSo={"MaTinh": "96"})
    portal.sync(record)
    row = portal.found(record["MaHoSo"])
    assert row["TAILIEUNOP"][0]["DUONGDANTAITEPTIN"] == "https://tep.camau.example/t-1"
    assert row["DIACHICHUHOSO"] == {"MATINH": "96"}
    assert {"DANHSACHTIENDO", "NGAYCAPNHAT"} <= row.keys()


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("MaHoSo", {"MaHoSo": "000.00.12.H15-261008-0001"}),
        ("MaHoSo", {"MaHoSo": "G22.99-261008-999999"}),
        ("MaTTHC", {"MaTTHC": "khai-sinh"}),
        ("MaTTHC", {"MaTTHC": "1.999999"}),
        ("TrichYeuHoSo", {"TrichYeuHoSo": ""}),
        ("TrichYeuHoSo", {"TrichYeuHoSo": "á" * 1001}),
        ("SoDienThoai", {"SoDienThoai": None}),
        ("SoDienThoai", {"SoDienThoai": 826805217}),
        ("Email", {"Email": "a" * 101}),
        ("NgayTiepNhan", {"NgayTiepNhan": ""}),
        ("NgayHenTra", {"NgayHenTra": "20260230080000"}),
        ("NgayHenTra", {"NgayHenTra": "2026-10-12T17:00:00"}),
        ("TrangThaiHoSo", {"TrangThaiHoSo": "11"}),
        ("DonViXuLy", {"DonViXuLy": "H12.12"}),
        ("LoaiDoiTuong", {"LoaiDoiTuong": "0"}),
        ("GhiChu", {"GhiChu": "x" * 2001}),
        ("TaiLieuNop", {"TaiLieuNop": {"TepDinhKemId": "1"}}),
        ("TaiLieuNop[0].TepDinhKemId", {"TaiLieuNop": [{"TenTepDinhKem": "x"}]}),
        (
            "TaiLieuNop[0].Base64",
            {"TaiLieuNop": [{"TepDinhKemId": "1", "TenTepDinhKem": "x", "Base64": "eA=="}]},
        ),
        ("DinhDanhCHS", {"DinhDanhCHS": []}),
        ("DinhDanhCHS[0].SoDinhDanh", {"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "123"}]}),
        ("DanhSachGiayToKetQua[0].DuongDanTepTinKetQua", {"DanhSachGiayToKetQua": [{"TenGiayTo": "Giấy"}]}),
        (
            "DanhSachHoSoBoSung[0].TrangThaiBoSung",
            {"DanhSachHoSoBoSung": [{"HoSoBoSungId": "1", "NoiDungBoSung": "x", "TrangThaiBoSung": "True"}]},
        ),
    ],
)
def test_a_wrong_field_is_refused_and_named(portal: Portal, field: str, change: dict[str, Any]) -> None:
    """Lengths, forms, dates, lists and shapes of section 2 hold; nothing of a refused batch is written."""
    record, good = a_record(**change), a_record()
    answer = portal.call("DongBoHoSoMC", isUpdating="False", data=[good, record])
    assert not accepted(answer)
    assert f"Trường {field}" in answer["message"]
    assert portal.call("TraCuuHoSo", mahoso=good["MaHoSo"])["result"] == []


def test_all_problems_come_at_once_and_some_hide_under_code_0(portal: Portal) -> None:
    """Every problem is named in one answer; the code alone does not tell that it failed (reference 1f)."""
    answers = [portal.sync(a_record(TenTTHC="", HinhThuc="9")) for _ in range(30)]
    assert all("TenTTHC" in a["message"] and "HinhThuc" in a["message"] for a in answers)
    assert {a["error_code"] for a in answers} == {0, -1, "-1"}


def test_a_status_that_goes_back_is_out_of_order(portal: Portal) -> None:
    """9 → 4 and leaving an end are counted; 5 → 4 → 6 and 4 → 9 → 10 are not."""
    record = a_record()
    portal.sync(record)
    for status in ("4", "5", "4", "6", "9", "4", "9", "10", "9"):
        assert accepted(portal.sync(record | {"TrangThaiHoSo": status}, updating=True))
    assert [i for i, e in enumerate(portal.effects(record["MaHoSo"])) if e == "out_of_order"] == [6, 9]


def test_progress_is_appended_once_and_in_order(portal: Portal) -> None:
    """No record, no progress; the same row twice is a duplicate; an earlier row is out of order."""
    record = a_record()
    number = record["MaHoSo"]
    assert "không tồn tại" in portal.progress(a_row(number))["message"]
    portal.sync(record)
    later = a_row(number, "20261009090000", TrangThai="4", NoiDungXuLy="Thẩm định")
    assert accepted(portal.progress(a_row(number), later))
    assert accepted(portal.progress(a_row(number)))
    assert accepted(portal.progress(a_row(number, "20261008093000", TrangThai="4", NoiDungXuLy="Chuyển")))
    assert portal.effects(number) == ["refused", "applied", "applied", "applied", "duplicate", "out_of_order"]
    assert len(portal.found(number)["DANHSACHTIENDO"]) == 3
    assert "NguoiXuLy" in portal.progress(a_row(number, NguoiXuLy="x" * 51))["message"]


def test_the_portals_own_row_coming_back_is_an_echo(portal: Portal) -> None:
    """The row of a citizen's submission, read here and written back, is not appended and is counted."""
    (submitted,) = portal.submit(a_submission())
    number = submitted["MaHoSo"]
    assert "chưa được đồng bộ" in portal.progress(a_row(number))["message"]
    portal.sync(a_record(MaHoSo=number), updating=True)
    (own,) = portal.found(number)["DANHSACHTIENDO"]
    back = a_row(number, own["THOIDIEMXULY"], TrangThai=own["TRANGTHAI"], NoiDungXuLy=own["NOIDUNGXULY"])
    assert accepted(portal.progress(back))
    assert portal.effects(number) == ["refused", "applied", "echo"]


def test_submitted_dossiers_are_found_by_time_in_pages(portal: Portal) -> None:
    """Ordered by NGAYCAPNHAT, paged, without those that are only pushed; numbers are issued here."""
    vias = ["search"] * 5 + ["push", "both"]
    submitted = portal.submit(*(a_submission() | {"via": via} for via in vias))
    numbers = [record["MaHoSo"] for record in submitted]
    assert all(number.startswith("G22.99-") for number in numbers)
    since = portal.found(numbers[0])["NGAYCAPNHAT"]

    def page(number: int) -> list[dict[str, Any]]:
        pages = {"trang": str(number), "soluong": "4"}
        return list(portal.call("TraCuuHoSo", tungay=since, denngay="20991231000000", **pages)["result"])

    pages = [page(1), page(2), page(3), page(4)]
    rows = [row for part in pages for row in part]
    listed = [row["MAHOSO"] for row in rows]
    assert [len(part) for part in pages[:2]] == [4, len(rows) - 4 if len(rows) < 8 else 4]
    assert set(numbers) - set(listed) == {numbers[5]}
    assert [row["NGAYCAPNHAT"] for row in rows] == sorted(row["NGAYCAPNHAT"] for row in rows)
    assert portal.call("TraCuuHoSo", tungay="hôm nay")["error_code"] is not None
    assert "tungay" in portal.call("TraCuuHoSo", tungay="hôm nay")["message"]


def test_the_status_service_is_for_dossiers_of_the_portal(portal: Portal) -> None:
    """DongBoTrangThaiHoSo: type "2", statuses 2, 5, 11, twice is a duplicate; province's own are refused."""
    (submitted,) = portal.submit(a_submission())
    notice = {
        "MaHoSo": submitted["MaHoSo"],
        "MaHoSoDonVi": "H12.12-261008-0001",
        "NoiDung": "Đã tiếp nhận",
        "NgayXuLy": "20261008080000",
        "TrangThai": "2",
    }
    assert accepted(portal.call("DongBoTrangThaiHoSo", type="2", data=notice))
    assert accepted(portal.call("DongBoTrangThaiHoSo", type="2", data=notice))
    assert portal.found(submitted["MaHoSo"])["TRANGTHAIHOSO"] == "2"
    wrong = portal.call("DongBoTrangThaiHoSo", type="1", data=notice | {"TrangThai": "9"})
    assert "type" in wrong["message"]
    assert "TrangThai" in wrong["message"]
    assert portal.effects(submitted["MaHoSo"]) == ["applied", "duplicate", "refused"]


def test_catalogues_and_technical_ids(portal: Portal) -> None:
    """Catalogues have the keys of 1b and 1e; the TechID of a citizen who submitted is found."""
    organisations = portal.call("LayDanhMucCoQuan")["result"]
    assert set(organisations[0]) == {"MADONVI", "TENDONVI", "CAPDONVI"}
    assert set(portal.call("LayDanhMucLinhVuc")["result"][0]) == {"MALINHVUC", "TENLINHVUC", "MANGANH"}
    codes = [row["MATTHC"] for row in portal.call("LayDanhSachTTHC")["result"]]
    (procedure,) = portal.call("LayThuTuc", maTTHC=codes[0])["result"]
    assert procedure["MATTHC"] == codes[0]
    assert procedure["LINHVUCTHUCHIEN"][0].keys() == {"MALINHVUC", "TENLINHVUC"}
    assert len(portal.call("LayDVC")["result"]["data"]) == len(codes)
    owner = {"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "096300000001"}], "MaDoiTuong": "tech-1"}
    portal.submit(a_submission(**owner))
    known = portal.call("TraCuuTechID", provider="wso2is", mstorcmnd="096300000001")
    assert known["result"] == [{"TECHNICALID": "tech-1"}]
    assert portal.call("TraCuuTechID", provider="wso2is", mstorcmnd="096300000002")["result"] == []


def test_a_citizen_answers_a_supplement_and_the_search_tells(portal: Portal) -> None:
    """After status 5 the open supplement comes back answered, with a file that can be fetched."""
    (submitted,) = portal.submit(a_submission())
    number = submitted["MaHoSo"]
    asked = {"HoSoBoSungId": "bs/1", "NoiDungBoSung": "Bổ sung sổ hộ khẩu", "TrangThaiBoSung": False}
    record = a_record(MaHoSo=number, TrangThaiHoSo="5", DanhSachHoSoBoSung=[asked])
    portal.sync(record, updating=True)

    def answered() -> Any:
        (supplement,) = portal.found(number)["DANHSACHHOSOBOSUNG"]
        return supplement["TRANGTHAIBOSUNG"] and supplement

    supplement = eventually(answered)
    paper = supplement["DANHSACHGIAYTOBOSUNG"][0]["DUONGDANTAITEPTIN"]
    assert httpx.get(paper).content.startswith(b"%PDF")
    portal.sync(
        record | {"TrangThaiHoSo": "4", "DanhSachHoSoBoSung": [asked | {"TrangThaiBoSung": True}]},
        updating=True,
    )
    time.sleep(0.3)
    assert portal.found(number)["TRANGTHAIHOSO"] == "4"
    assert [row["TRANGTHAI"] for row in portal.found(number)["DANHSACHTIENDO"]] == ["1", "5"]


def test_a_second_request_is_answered_though_the_status_never_left_5(portal: Portal) -> None:
    """The province may tell two rounds in one record: what is open is answered, not only what changed."""
    (submitted,) = portal.submit(a_submission())
    number = submitted["MaHoSo"]
    first, second = (
        {"HoSoBoSungId": name, "NoiDungBoSung": "Bổ sung", "TrangThaiBoSung": False} for name in ("1", "2")
    )
    record = a_record(MaHoSo=number, TrangThaiHoSo="5", DanhSachHoSoBoSung=[first])

    def answered() -> Any:
        listed = portal.found(number)["DANHSACHHOSOBOSUNG"]
        return all(item["TRANGTHAIBOSUNG"] for item in listed) and listed

    portal.sync(record, updating=True)
    eventually(answered)
    done = {**first, "TrangThaiBoSung": True}
    portal.sync(record | {"DanhSachHoSoBoSung": [done, second]}, updating=True)
    assert [item["HOSOBOSUNGID"] for item in eventually(answered)] == ["1", "2"]


def test_lost_answers_and_delayed_effects(portal: Portal) -> None:
    """A lost answer has acted; a delayed effect is not there at first and is there once afterwards."""
    lost, late = a_record(), a_record()
    switch = {"mode": "lose_answer", "operation": "DongBoHoSoMC", "seconds": 0, "times": 1}
    portal.control.post("/_sim/switch", json=switch)
    with pytest.raises(httpx.TransportError):
        portal.sync(lost)
    assert portal.effects(lost["MaHoSo"]) == ["applied"]
    portal.control.post("/_sim/switch", json=switch | {"mode": "delay_effect", "seconds": 0.3})
    with pytest.raises(httpx.TransportError):
        portal.sync(late)
    assert portal.call("TraCuuHoSo", mahoso=late["MaHoSo"])["result"] == []
    eventually(lambda: portal.effects(late["MaHoSo"]) == ["applied"])


class Province(ThreadingHTTPServer):
    """The province's inbound door: answers as it is told and keeps what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[tuple[int, Any]] = []
        self.files: dict[str, bytes] = {}


class _Door(BaseHTTPRequestHandler):
    server: Province

    def do_POST(self) -> None:
        """Keep the call and give the next answer, in the end error_code 0."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.headers.get("X-Key", ""), msgspec.json.decode(body)))
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, {"error_code": "0"})
        content = msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        """Serve an attachment by its path; 410 for what is none."""
        content = self.server.files.get(self.path)
        self.send_response(410 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def province() -> Iterator[Province]:
    """Run a province that takes inbound calls."""
    server = Province()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_pushes_are_repeated_until_the_province_has_them(tmp_path: Path, province: Province) -> None:
    """HTTP 500 and -1 are tried again, 1 (duplicate) settles; files come as base64; a withdrawal follows."""
    province.answers[:] = [(500, {}), (200, {"error_code": "-1"}), (200, {"error_code": 1})]
    with running(tmp_path, "--citizen-delay", "0.1", "--withdraw-share", "1") as portal:
        address = f"http://127.0.0.1:{province.server_port}/in"
        portal.control.post("/_sim/inbound", json={"url": address, "header": "X-Key", "key": "k"})
        (submitted,) = portal.submit({"record": a_submission(), "via": "push"})
        eventually(lambda: len(province.calls) == 3)
        key, call = province.calls[0]
        assert (key, call["madonvi"], call["service"]) == ("k", "000.00.00.G22", "NhanHoSo")
        assert call["data"]["MaHoSo"] == submitted["MaHoSo"]
        assert {"TenTepDinhKem", "Base64"} <= call["data"]["TaiLieuNop"][0].keys()
        assert "DuongDanTaiTepTin" not in call["data"]["TaiLieuNop"][0]
        assert province.calls[1] == province.calls[2] == province.calls[0]
        portal.sync(a_record(MaHoSo=submitted["MaHoSo"]), updating=True)
        eventually(lambda: len(province.calls) == 4)
        assert province.calls[3][1]["service"] == "NhanYeuCauRutHoSo"
        assert set(province.calls[3][1]["data"]) == {"MaHoSo", "NgayYeuCau", "LyDo"}
        assert portal.found(submitted["MaHoSo"])["TRANGTHAIHOSO"] == "7"
        portal.sync(a_record(MaHoSo=submitted["MaHoSo"], TrangThaiHoSo="7"), updating=True)
        assert portal.effects(submitted["MaHoSo"]) == ["applied", "applied"]
        eventually(lambda: portal.control.get("/_sim/effects").json()["open"] == 0)


def test_a_supplement_is_pushed_and_the_province_can_be_asked(tmp_path: Path, province: Province) -> None:
    """An answered supplement goes out as NhanHoSoBoSung; a look-up is {madonvi, service, masohoso}."""
    with running(tmp_path, "--citizen-delay", "0.1", "--withdraw-share", "0") as portal:
        address = f"http://127.0.0.1:{province.server_port}/in"
        portal.control.post("/_sim/inbound", json={"url": address})
        (submitted,) = portal.submit(a_submission() | {"via": "both"})
        number = submitted["MaHoSo"]
        asked = {"HoSoBoSungId": "7", "NoiDungBoSung": "Bổ sung ảnh", "TrangThaiBoSung": False}
        record = a_record(MaHoSo=number, TrangThaiHoSo="5", DanhSachHoSoBoSung=[asked])
        portal.sync(record, updating=True)
        eventually(lambda: len(province.calls) == 2)
        call = province.calls[1][1]
        assert call["service"] == "NhanHoSoBoSung"
        assert (call["data"]["HoSoBoSungId"], call["data"]["NoiDungBoSung"]) == ("7", "Bổ sung ảnh")
        assert call["data"]["DanhSachGiayToBoSung"][0]["Base64"]
        province.answers[:] = [(200, {"MaHoSo": number, "TrangThaiHoSo": "4"})]
        asked_back = portal.control.post("/_sim/ask", json={"MaHoSo": number}).json()
        assert asked_back == {"status": 200, "answer": {"MaHoSo": number, "TrangThaiHoSo": "4"}}
        look_up = {"madonvi": "000.00.00.G22", "service": "TraCuuHoSo", "masohoso": number}
        assert province.calls[2][1] == look_up


def test_what_a_record_names_is_fetched_and_compared_to_the_byte(tmp_path: Path, province: Province) -> None:
    """Attachments are download URLs (reference 0): each is fetched once; only what was handed in is right."""
    with running(tmp_path) as portal:
        address = f"http://127.0.0.1:{province.server_port}"
        portal.control.post("/_sim/inbound", json={"url": f"{address}/in"})
        portal.control.post("/_sim/fetch", json={"below": f"{address}/files/"})
        (submitted,) = portal.submit({"record": a_submission(), "via": "push"})
        eventually(lambda: province.calls)
        given = b64decode(province.calls[0][1]["data"]["TaiLieuNop"][0]["Base64"])
        province.files.update({"/files/right": given, "/files/wrong": given + b" ", "/other": given})
        names = ("/files/right", "/files/wrong", "/files/none", "/other")
        listed = [
            {"TepDinhKemId": name, "TenTepDinhKem": "a.pdf", "DuongDanTaiTepTin": address + name}
            for name in names
        ]
        for note in ("", "lần hai"):
            record = a_record(MaHoSo=submitted["MaHoSo"], TaiLieuNop=listed, GhiChu=note)
            portal.sync(record, updating=True)
        counted = {"fetched": 1, "wrong": 2}
        eventually(lambda: portal.control.get("/_sim/effects").json()["attachments"] == counted)


def test_the_register_and_what_is_still_to_be_pushed_survive_a_restart(
    tmp_path: Path, province: Province
) -> None:
    """Started again over the same folder the portal knows its dossiers and pushes what was not settled."""
    with running(tmp_path) as portal:
        record = a_record()
        portal.sync(record)
        (submitted,) = portal.submit(a_submission() | {"via": "push"})
        assert portal.control.get("/_sim/effects").json()["open"] == 1
        waits = {"dossier": submitted["MaHoSo"], "waits": "a push to the province"}
        assert portal.control.get("/_sim/open").json() == [waits]
    with running(tmp_path, "--inbound-url", f"http://127.0.0.1:{province.server_port}/in") as portal:
        assert "đã tồn tại" in portal.sync(record)["message"]
        eventually(lambda: portal.control.get("/_sim/state").json()["pushes_settled"] == 1)
        assert province.calls[0][1]["data"]["MaHoSo"] == submitted["MaHoSo"]
        assert portal.control.get("/_sim/effects").json()["applied"] == 1


def test_the_counter_refuses_what_no_citizen_can_submit(portal: Portal) -> None:
    """A foreign number, a later status or an unknown way is a mistake of the seeding; nothing is taken."""
    for wrong in ({"MaHoSo": "H12-261008-0001"}, {"TrangThaiHoSo": "4"}, {"via": "post"}):
        before = portal.control.get("/_sim/state").json()["dossiers"]
        answer = portal.control.post(
            "/_sim/submit", json={"records": [a_submission(), a_submission() | wrong]}
        )
        assert answer.status_code == 400
        assert portal.control.get("/_sim/state").json()["dossiers"] == before
