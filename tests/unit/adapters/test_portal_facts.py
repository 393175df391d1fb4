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
from adapters.national_portal.facts import Fact, Seen, news
from adapters.national_portal.pushed import Pushed
from adapters.national_portal.settings import Inbound
from adapters.national_portal.spelling import restored, spellings
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
