"""What citizens do on the portal is told once, with the same key whichever way it comes."""

import base64
import hashlib
import io
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.national_portal import facts, pushed
from adapters.national_portal.comparing import shows
from adapters.national_portal.content import Form, shared
from adapters.national_portal.facts import Fact, Seen, news
from adapters.national_portal.pushed import Pushed
from adapters.national_portal.settings import Inbound
from adapters.national_portal.spelling import restored, spellings
from bus.fingerprint import digest_of, same_content
from bus.ports import HttpReply, HttpRequest, Incoming
from bus.settings import Network, Secret
from mappings.dossier import File

SAMPLES = Path(__file__).resolve().parents[3] / "adapters" / "national_portal" / "samples"
INBOUND = Inbound(key=Secret("khoa-thu"), allow=(Network("127.0.0.0/8"),))
NUMBER = "G22.99-260415-000001"
CITIZEN = "Công dân"


def sample(name: str) -> bytes:
    """The bytes of a shipped sample."""
    return (SAMPLES / f"{name}.json").read_bytes()


def call(body: bytes, *, key: str = "khoa-thu", client: str = "127.0.0.1") -> HttpRequest:
    """A call of the portal."""
    return HttpRequest("POST", "/in/national_portal/push", {"x-lienthong-key": key}, body, client)


def pushed_in(body: bytes) -> Incoming:
    """The message that a push makes."""
    received = Pushed(INBOUND).receive(call(body))
    assert received.reply is None, received.reply
    return received.items[0]


def told(reply: HttpReply | None) -> tuple[int, str]:
    """An answer's code and text; always HTTP 200."""
    assert reply is not None
    assert reply.status == 200
    body = msgspec.json.decode(reply.body)
    return body["error_code"], body["message"]


def found(record: dict[str, Any], *acts: tuple[str, str], seen: Seen | None = None) -> tuple[Fact, ...]:
    """What a search row with these acts of the citizen (status, time) tells."""
    progress = [{"NguoiXuLy": CITIZEN, "TrangThai": status, "ThoiDiemXuLy": at} for status, at in acts]
    return news(record, progress, seen or Seen(), CITIZEN)[0]


def record(**fields: Any) -> dict[str, Any]:
    """A record as the search shows it, keys restored."""
    return {"MaHoSo": NUMBER, "TrangThaiHoSo": "1", "ChuHoSo": "Nguyễn Thị Bé", **fields}


ANSWERED = {
    "HoSoBoSungId": "BS-H12.06-260415-0001-1",
    "NoiDungBoSung": "Bổ sung giấy chứng sinh bản rõ",
    "TrangThaiBoSung": True,
    "NgayTiepNhanBoSung": "20260416080000",
}


def test_a_submission_has_one_key_by_push_and_by_search() -> None:
    """MaHoSo names it."""
    (fact,) = found(record())
    assert (fact.kind, fact.key) == ("national_portal.dossier", NUMBER)
    incoming = pushed_in(sample("push_dossier"))
    assert (incoming.kind, incoming.key) == (fact.kind, fact.key)


def test_a_supplement_has_one_key_by_push_and_by_search() -> None:
    """MaHoSo and HoSoBoSungId name it."""
    row = record(TrangThaiHoSo="5", NgayTiepNhan="20260415090000", DanhSachHoSoBoSung=[ANSWERED])
    (fact,) = found(row, ("5", "20260416080000"), seen=Seen(dossier=True))
    incoming = pushed_in(sample("push_supplement"))
    assert (incoming.kind, incoming.key) == (fact.kind, fact.key)


def test_a_withdrawal_has_one_key_and_one_time_by_push_and_by_search() -> None:
    """MaHoSo/rut names it; the time is the citizen's."""
    row = record(TrangThaiHoSo="7", NgayTiepNhan="20260415090000")
    (fact,) = found(row, ("7", "20260416100000"), seen=Seen(dossier=True))
    incoming = pushed_in(sample("push_withdrawal"))
    assert (
        (incoming.kind, incoming.key)
        == (fact.kind, fact.key)
        == ("national_portal.withdrawn", f"{NUMBER}/rut")
    )
    assert incoming.tree["NgayYeuCau"] == fact.tree["NgayYeuCau"]


FORM: dict[str, Any] = {
    "MaHoSo": NUMBER,
    "MaTTHC": "1.001193",
    "TrangThaiHoSo": "1",
    "NgayNopHoSo": "20260415083000",
    "TrichYeuHoSo": "Đề nghị đăng ký khai sinh",
    "ChuHoSo": "Nguyễn Thị Bé",
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "096190000123"}],
    "SoDienThoai": "0912 345 678",
    "DiaChiChuHoSo": {"MaTinh": "96", "DiaChiChiTiet": "Ấp 3"},
    "TaiLieuNop": [{"TepDinhKemId": "a7c1", "TenTepDinhKem": "Tờ khai.pdf", "IsDeleted": "False"}],
    "DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí", "Gia": "8000"}],
}
"""A submission as both forms tell it, but for its files."""


def push(**changes: Any) -> bytes:
    """The digest of the form as it is pushed: files with their bytes, without the portal's numbers."""
    files = [{"TenTepDinhKem": "Tờ khai.pdf", "Base64": "JVBERi0xLjQKJSVFT0YK"}]
    body = {"service": "NhanHoSo", "data": {**FORM, "TaiLieuNop": files, **changes}}
    fields = pushed_in(msgspec.json.encode(body)).fingerprint
    assert fields is not None
    return digest_of(fields)


def search(**changes: Any) -> bytes:
    """The digest of the form as a row of the search shows it: files with numbers and addresses."""
    files = [{**FORM["TaiLieuNop"][0], "DuongDanTaiTepTin": "https://dvc.example/tai-lieu/a7c1"}]
    (fact,) = found({**FORM, "SoBienNhan": "x", "TaiLieuNop": files, **changes})
    return digest_of(fact.content)


CHANGED: list[dict[str, Any]] = [
    {"SoDienThoai": "0912345679"},
    {"ChuHoSo": "Nguyễn Thị Bê"},
    {"TrichYeuHoSo": "Đề nghị đăng ký khai tử"},
    {"MaTTHC": "1.001194"},
    {"DiaChiChuHoSo": {"MaTinh": "96", "DiaChiChiTiet": "Ấp 4"}},
    {"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "096190000124"}]},
    {"DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí", "Gia": "9000"}]},
]
SPELLED: list[dict[str, Any]] = [
    {},
    {"SoDienThoai": "0912345678"},
    {"ChuHoSo": "NGUYỄN  THỊ BÉ "},
    {"ChuHoSo": "Nguye\u0302\u0303n Thi\u0323 Be\u0301"},
    {"MaTTHC": "1.001193.000.00.00.H12"},
    {"DiaChiChuHoSo": {"MaTinh": 96, "DiaChiChiTiet": "Ấp 3", "MaXa": ""}},
    {"Email": "", "Fax": None, "DanhSachTepDinhKemKhac": []},
    {"TrangThaiHoSo": "1", "MaDoiTuong": "t1", "TenTTHC": "Khai sinh", "Khac": "x"},
]


@pytest.mark.parametrize("spelled", SPELLED)
def test_one_submission_in_two_forms_is_one_content(spelled: dict[str, Any]) -> None:
    """Files as bytes or addresses, blanks, spelling, and what one form alone says make no other content."""
    assert same_content(push(), search(**spelled))
    assert same_content(push(**spelled), search())


@pytest.mark.parametrize("changed", CHANGED)
def test_a_changed_form_is_another_content_whichever_form_tells_it(changed: dict[str, Any]) -> None:
    """Pushed twice, found twice, pushed and found: the change is seen."""
    assert not same_content(push(), push(**changed))
    assert not same_content(search(), search(**changed))
    assert not same_content(push(), search(**changed))
    assert not same_content(push(**changed), search())


def test_another_file_is_seen_as_far_as_a_form_shows_it() -> None:
    """By its name between the forms; by its bytes from push to push, by its number from search to search."""
    name = [{"TepDinhKemId": "b", "TenTepDinhKem": "Khác.pdf", "Base64": "JVBERi0xLjQKJSVFT0YK"}]
    bytes_ = [{"TenTepDinhKem": "Tờ khai.pdf", "Base64": "QUJD"}]
    number = [{"TepDinhKemId": "b", "TenTepDinhKem": "Tờ khai.pdf"}]
    removed = [*FORM["TaiLieuNop"], {"TepDinhKemId": "c", "TenTepDinhKem": "Bỏ.pdf", "IsDeleted": "True"}]
    assert not same_content(search(), push(TaiLieuNop=name))
    assert not same_content(push(), push(TaiLieuNop=bytes_))
    assert not same_content(search(), search(TaiLieuNop=number))
    assert same_content(search(), push(TaiLieuNop=bytes_))
    assert same_content(push(), search(TaiLieuNop=removed))


def test_supplement_and_withdrawal_are_compared_in_what_both_forms_tell() -> None:
    """A supplement by its papers; texts that portals word in their own way only within one form."""
    papers = [{"TenTepDinhKem": "Giấy chứng sinh.pdf"}]
    tree = {**ANSWERED, "MaHoSo": NUMBER, "DanhSachGiayToBoSung": papers}

    def content(form: Form, **changes: Any) -> bytes:
        return digest_of(facts.supplement({**tree, **changes}, form).content)

    assert same_content(content("push"), content("search", NoiDungBoSung="Yêu cầu bổ sung"))
    assert not same_content(content("push"), content("push", NoiDungBoSung="khác"))
    other = [{"TenTepDinhKem": "Giấy khác.pdf"}]
    assert not same_content(content("push"), content("search", DanhSachGiayToBoSung=other))
    asked = {"MaHoSo": NUMBER, "NgayYeuCau": "20260416100000", "LyDo": "Không còn nhu cầu"}
    mine = digest_of(facts.withdrawal(asked, "push").content)
    assert same_content(mine, digest_of(facts.withdrawal({**asked, "LyDo": "Rút"}, "search").content))
    assert not same_content(mine, digest_of(facts.withdrawal({**asked, "LyDo": "Rút"}, "push").content))


def test_a_field_that_the_forms_tell_differently_is_taken_out() -> None:
    """The setting names it; a table goes with all its fields."""
    content = facts.submission(FORM).content
    left = shared(content, frozenset({"SoDienThoai", "DiaChiChuHoSo"}))
    assert content.keys() - left.keys() == {
        "SoDienThoai",
        "DiaChiChuHoSo.MaTinh",
        "DiaChiChuHoSo.DiaChiChiTiet",
    }


def test_a_submission_that_the_citizen_changed_is_told_again_with_its_key() -> None:
    """While only the citizen has written on it; once the province has, a row shows our words."""
    own = [{"NguoiXuLy": CITIZEN, "TrangThai": "1", "ThoiDiemXuLy": "20260415083000"}]
    theirs = [*own, {"NguoiXuLy": "Lê Hoàng Phúc", "TrangThai": "1", "ThoiDiemXuLy": "20260415090000"}]
    changed = {**FORM, "SoDienThoai": "0900000000"}
    _first, seen = news(FORM, own, Seen(), CITIZEN)
    assert news(FORM, own, seen, CITIZEN) == ((), seen)
    (fact,), after = news(changed, own, seen, CITIZEN)
    assert fact.key == NUMBER
    assert news(changed, own, after, CITIZEN) == ((), after)
    assert news(changed, theirs, seen, CITIZEN)[0] == ()
    assert news({**changed, "NgayTiepNhan": "20260415090000"}, own, seen, CITIZEN)[0] == ()
    assert news(changed, None, seen, CITIZEN)[0] == ()
    assert news(changed, own, Seen(dossier=True), CITIZEN)[0] == ()


def test_a_withdrawn_row_may_be_our_own_writing_and_is_believed_little() -> None:
    """First found withdrawn: it is the same submission as the push, whatever we wrote over it."""
    ours = {"TrangThaiHoSo": "7", "TrichYeuHoSo": "Trích yếu của một cửa", "SoDienThoai": ""}
    submitted = next(fact for fact in found({**FORM, **ours}) if fact.kind.endswith("dossier"))
    assert same_content(push(), digest_of(submitted.content))
    assert not same_content(push(MaTTHC="2.000001"), digest_of(submitted.content))


def test_what_was_told_is_not_told_again() -> None:
    """The memory after a row keeps its facts from coming twice."""
    row = record(TrangThaiHoSo="7", DanhSachHoSoBoSung=[ANSWERED])
    progress = [
        {"NguoiXuLy": CITIZEN, "TrangThai": "5", "ThoiDiemXuLy": "20260416080000"},
        {"NguoiXuLy": CITIZEN, "TrangThai": "7", "ThoiDiemXuLy": "20260416100000"},
    ]
    first, seen = news(row, progress, Seen(), CITIZEN)
    assert [fact.kind.partition(".")[2] for fact in first] == ["dossier", "supplement", "withdrawn"]
    assert news(row, progress, seen, CITIZEN) == ((), seen)


def test_a_record_that_we_wrote_is_no_submission() -> None:
    """First seen after it was accepted: the portal shows our own words."""
    assert found(record(TrangThaiHoSo="4", NgayTiepNhan="20260415090000")) == ()


def test_our_own_writing_does_not_come_back_as_a_citizens_act() -> None:
    """A supplement or withdrawal that the province synced has no act of the citizen beside it."""
    row = record(TrangThaiHoSo="7", NgayTiepNhan="20260415090000", DanhSachHoSoBoSung=[ANSWERED])
    official = [{"NguoiXuLy": "Lê Hoàng Phúc", "TrangThai": "7", "ThoiDiemXuLy": "20260416100000"}]
    assert news(row, official, Seen(dossier=True), CITIZEN)[0] == ()


def test_a_portal_that_shows_no_progress_is_believed() -> None:
    """Without progress there is no telling whose act it was: it is handed in rather than lost."""
    row = record(TrangThaiHoSo="7", DanhSachHoSoBoSung=[ANSWERED])
    kinds = [fact.kind for fact in news(row, None, Seen(dossier=True), CITIZEN)[0]]
    assert kinds == ["national_portal.supplement", "national_portal.withdrawn"]


def test_an_attachments_bytes_go_beside_the_message() -> None:
    """What goes on in the tree is what the file is; its bytes are an attachment by that hash."""
    incoming = pushed_in(sample("push_supplement"))
    (document,) = incoming.tree["DanhSachGiayToBoSung"]
    (attached,) = incoming.files
    content = b"%PDF-1.4\n%%EOF\n"
    digest = hashlib.sha256(content).hexdigest()
    assert document["Base64"] == File(
        hash=digest, size=len(content), media_type="application/pdf", name="Giấy chứng sinh.pdf"
    )
    assert document["TepDinhKemId"] == digest[:32]
    assert (attached.hash, attached.path) == (digest, "DanhSachGiayToBoSung/0/Base64")
    assert attached.open().read() == attached.open().read() == content


def test_a_long_content_leaves_the_raw_message_and_can_be_put_back() -> None:
    """The ledger keeps no content twice: what stands for it gives, with the store, the very bytes again."""
    content = bytes(range(256)) * 8
    text = base64.b64encode(content)
    body = sample("push_supplement").replace(b"JVBERi0xLjQKJSVFT0YK", text)
    incoming = pushed_in(body)
    (attached,) = incoming.files
    assert text not in incoming.raw
    assert incoming.raw.replace(f"sha256:{attached.hash}".encode(), text) == body


def test_a_name_is_composed_and_made_safe_before_anybody_sees_it() -> None:
    """Decomposed letters of a Mac, a folder of Windows: the file has the one name that people mean."""
    name = "Đơn đăng ký – bản sao (1).pdf"
    apart = unicodedata.normalize("NFD", f"C:\\ho so\\{name}")
    tree = msgspec.json.decode(sample("push_supplement"))
    tree["data"]["DanhSachGiayToBoSung"][0]["TenTepDinhKem"] = apart
    (document,) = pushed_in(msgspec.json.encode(tree)).tree["DanhSachGiayToBoSung"]
    assert document["Base64"].name == name


def test_a_bomb_is_refused_with_its_place() -> None:
    """An archive that would unpack to a thousand times its size does not reach the store."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * 5_000_000)
    text = base64.b64encode(packed.getvalue())
    body = sample("push_supplement").replace(b"JVBERi0xLjQKJSVFT0YK", text)
    code, said = told(Pushed(INBOUND).receive(call(body)).reply)
    assert code == -1
    assert "DanhSachGiayToBoSung/0/Base64: tệp thứ 1 bên trong: nén quá mức" in said


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"<html>", "JSON"),
        (b"\xff\xfe{", "JSON"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "JSON"),
        (b"[1]", "đối tượng"),
        (b'{"service": "NhanHoSoo", "data": {"MaHoSo": "x"}}', "NhanHoSo"),
        (b'{"service": "NhanHoSo", "data": "x"}', "data"),
        (b'{"service": "NhanHoSo", "data": {}}', "data"),
    ],
)
def test_what_is_no_call_is_refused_with_its_reason(body: bytes, says: str) -> None:
    """Broken bytes, wrong shapes and unknown services: HTTP 200, -1 and why."""
    code, text = told(Pushed(INBOUND).receive(call(body)).reply)
    assert code == -1
    assert says in text


def test_all_broken_attachments_are_named_at_once() -> None:
    """Not base64, too large, nameless, not an object: each with its place."""
    files = [
        {"TenTepDinhKem": "a.pdf", "Base64": "@@"},
        {"TenTepDinhKem": "b.pdf", "Base64": "QUJDREVG"},
        {"Base64": "QQ=="},
        7,
    ]
    body = {"service": "NhanHoSo", "data": {"MaHoSo": NUMBER, "TaiLieuNop": files}}
    door = Pushed(INBOUND, file_limit=4)
    code, text = told(door.receive(call(msgspec.json.encode(body))).reply)
    assert code == -1
    for place in ("TaiLieuNop/0/Base64", "TaiLieuNop/1/Base64", "TaiLieuNop/2/TenTepDinhKem", "TaiLieuNop/3"):
        assert place in text


@pytest.mark.parametrize(
    "request_", [call(b"{}", key="sai"), call(b"{}", key=""), call(b"{}", client="10.1.1.1")]
)
def test_who_has_no_key_or_calls_from_elsewhere_is_not_let_in(request_: HttpRequest) -> None:
    """Neither key nor address alone is enough."""
    code, text = told(Pushed(INBOUND).receive(request_).reply)
    assert (code, "Không được phép" in text) == (-1, True)


def test_without_a_key_in_the_settings_nobody_is_let_in() -> None:
    """An empty header never equals a key that is not there."""
    assert Pushed(Inbound()).receive(call(b"{}", key="")).items == ()


def test_fields_beside_the_service_are_read_like_those_in_data() -> None:
    """Reference 1d shows flat bodies."""
    body = {
        "madonvi": "000.00.00.G22",
        "service": "NhanYeuCauRutHoSo",
        "MaHoSo": NUMBER,
        "NgayYeuCau": "",
        "LyDo": "x",
    }
    assert pushed_in(msgspec.json.encode(body)).tree == {"MaHoSo": NUMBER, "NgayYeuCau": "", "LyDo": "x"}


def test_a_submission_named_by_the_national_number_is_found_by_it() -> None:
    """MaHoSo or MaHoSoQG (reference 1d)."""
    assert facts.submission({"MaHoSoQG": NUMBER}).key == NUMBER


def test_a_fact_without_its_number_has_no_key_and_is_left_to_the_sheet() -> None:
    """The sheet names every missing field; the adapter does not guess."""
    assert facts.supplement({"MaHoSo": NUMBER}).key is None


def test_the_answers_are_the_portals_own_form() -> None:
    """0 taken, 1 known before, -1 with all problems (reference 1f)."""
    assert told(pushed.accepted())[0] == 0
    assert told(pushed.repeated())[0] == 1
    assert told(pushed.rejected(("a: x", "b: y"))) == (-1, "a: x; b: y")
    assert pushed.unavailable(30).headers["Retry-After"] == "30"


def test_upper_case_keys_are_spelled_back_at_any_depth() -> None:
    """Names come from the schema; what it does not name stays as it came."""
    names = spellings(
        {"properties": {"MaHoSo": {}, "TaiLieuNop": {"items": {"properties": {"TenTepDinhKem": {}}}}}}
    )
    row = {"MAHOSO": "1", "TAILIEUNOP": [{"TENTEPDINHKEM": "a", "LA": 1}]}
    assert restored(row, names) == {"MaHoSo": "1", "TaiLieuNop": [{"TenTepDinhKem": "a", "LA": 1}]}


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({"MaHoSo": "1", "ChuHoSo": " Bé ", "L": [{"a": "1", "b": "2"}]}, "done"),
        ({"MaHoSo": "1", "ChuHoSo": "Be\u0301", "L": [{"a": "1"}], "Khac": "x"}, "done"),
        ({"MaHoSo": "1", "ChuHoSo": "Bé"}, "done"),
        ({"MaHoSo": "1", "ChuHoSo": "Út", "L": [{"a": "1"}]}, "not there"),
        ({"MaHoSo": "1", "ChuHoSo": "Bé", "L": []}, "not there"),
        ({"MaHoSo": "1"}, "cannot say"),
    ],
)
def test_a_record_is_there_if_all_that_is_shown_is_as_we_wrote_it(row: dict[str, Any], outcome: str) -> None:
    """Blank says nothing, form and blanks do not count, what is not shown cannot differ."""
    request = {"MaHoSo": "1", "ChuHoSo": "Bé", "L": [{"a": "1", "c": ""}], "Fax": ""}
    assert shows(row, request) == outcome


@pytest.mark.parametrize(
    ("shown", "outcome"),
    [
        ({"TrangThaiHoSo": "5", "NoiDungBoSung": "x"}, "done"),
        ({"TrangThaiHoSo": "7", "NoiDungBoSung": "x"}, "done"),
        ({"TrangThaiHoSo": "7", "NoiDungBoSung": "y"}, "not there"),
        ({"TrangThaiHoSo": "4", "NoiDungBoSung": "x"}, "not there"),
        ({"TrangThaiHoSo": "5", "NoiDungBoSung": "x", "TrangThaiBoSung": True, "Giay": [1]}, "done"),
        ({"TrangThaiHoSo": "5", "NoiDungBoSung": "y", "TrangThaiBoSung": True, "Giay": [1]}, "not there"),
    ],
)
def test_what_a_citizen_did_since_does_not_hide_our_record(shown: dict[str, Any], outcome: str) -> None:
    """Withdrawn or answered after our record came: it is there all the same, and is not written over it."""
    asked = {"HoSoBoSungId": "1", "NoiDungBoSung": "x", "TrangThaiBoSung": False, "DanhSachGiayToBoSung": [2]}
    request = {"MaHoSo": "1", "TrangThaiHoSo": "5", "ChuHoSo": "Bé", "DanhSachHoSoBoSung": [asked]}
    given = {"NoiDungBoSung": shown["NoiDungBoSung"], "DanhSachGiayToBoSung": shown.get("Giay", [2])}
    theirs = asked | given | {"TrangThaiBoSung": shown.get("TrangThaiBoSung", False)}
    row = request | {"TrangThaiHoSo": shown["TrangThaiHoSo"], "DanhSachHoSoBoSung": [theirs]}
    assert shows(row, request) == outcome
