"""The tax connector at gateways that answer what a test wants: what stands inside is judged too."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters._kit.simulator_seal import Seal
from adapters.tax.settings import Types
from adapters.tax.simulator_frame import KIND
from bus.errors import (
    ConfigurationError,
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.peer_settings import Timeout
from bus.ports import Adapter
from bus.settings import Seconds
from tests.contract.broken_endpoint import BrokenEndpoint, Conversation, answers, envelope
from tests.contract.tax_world import (
    DOSSIER,
    ROOT,
    adapter,
    call,
    query,
    slip,
)

pytestmark = pytest.mark.contract

SHORT = Timeout(connect=Seconds(1), answer=Seconds(0.5))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Callable[[str | Conversation], Adapter]]:
    """Make connectors to a gateway that answers every call with a text inside, signed by nobody."""
    made: list[Any] = []

    def build(inner: str | Conversation, **settings: Any) -> Adapter:
        does = inner if callable(inner) else answers(wrapped(inner))
        made.append(BrokenEndpoint(does))
        made.append(adapter(made[-1].url, timeout=SHORT, **settings))
        one: Adapter = made[-1]
        return one

    yield build
    for one in made:
        one.close()


def wrapped(inner: str) -> str:
    """A text in the answer's envelope, escaped."""
    text = inner.replace("&", "&amp;").replace("<", "&lt;")
    return envelope(
        f'<r:xuLyTruyVanMsgResponse xmlns:r="http://gip.response.com/"><return>{text}</return>'
        "</r:xuLyTruyVanMsgResponse>"
    )


def frame(row: str, **header: str) -> str:
    """A frame with a row."""
    said = {"TRAN_CODE": "05011", "MSG_ID": "GIP202611250000001", "SEND_DATE": "11-25-2026"} | header
    fields = "".join(f"<{name}>{text}</{name}>" for name, text in said.items())
    return f"<DATA><HEADER>{fields}</HEADER><BODY><ROW>{row}</ROW></BODY><SECURITY/></DATA>"


INNER = [
    ("no frame", "xin chào", OutcomeUnknownError, TransientError),
    ("empty", "", OutcomeUnknownError, TransientError),
    ("document type", f"<!DOCTYPE DATA>{frame('')}", OutcomeUnknownError, TransientError),
    ("no row", frame("").replace("<ROW></ROW>", ""), OutcomeUnknownError, TransientError),
    ("says nothing", frame(f"<MA_HS>{DOSSIER}</MA_HS>"), OutcomeUnknownError, TransientError),
    (
        "another question's",
        frame("<ERROR_CODE>0</ERROR_CODE>", MSG_REFID="x"),
        OutcomeUnknownError,
        TransientError,
    ),
    ("unknown code", frame("<ERROR_CODE>77</ERROR_CODE>"), OutcomeUnknownError, TransientError),
    ("unknown code in the header", frame("", ERROR_CODE="77"), OutcomeUnknownError, TransientError),
    ("busy", frame("", ERROR_CODE="40", ERROR_DESC="Hệ thống đang quá tải"), TransientError, TransientError),
    ("wrong form", frame("", ERROR_CODE="02", ERROR_DESC="Sai cấu trúc"), PermanentError, PermanentError),
    ("not let in", frame("", ERROR_CODE="29", ERROR_DESC="Không được phép"), TransientError, TransientError),
    (
        "refused",
        frame("<ERROR_CODE>11</ERROR_CODE><ERROR_DESC>Từ chối</ERROR_DESC>"),
        RefusedByPeerError,
        TransientError,
    ),
]


@pytest.mark.parametrize(("_name", "inner", "writing", "asking"), INNER, ids=[each[0] for each in INNER])
def test_what_stands_inside_on_http_200_is_judged_too(
    _name: str,
    inner: str,
    writing: type[DeliveryError],
    asking: type[DeliveryError],
    gateway: Callable[[str], Adapter],
) -> None:
    """The gateway tells errors inside; "nothing said" is no success; no code is guessed."""
    tax = gateway(inner)
    with pytest.raises(DeliveryError) as caught:
        tax.operations["file_slip"].call(call(slip()))
    assert type(caught.value) is writing
    with pytest.raises(DeliveryError) as caught:
        tax.operations["query_obligation"].call(call(query("00109")))
    assert type(caught.value) is asking


def test_an_answer_that_says_nothing_settles_no_unknown_outcome(gateway: Callable[[str], Adapter]) -> None:
    """Neither done nor not there: a wrong word here would lose or double a slip."""
    lookup = gateway(frame(f"<MA_HS>{DOSSIER}</MA_HS>")).operations["file_slip"].lookup
    assert lookup is not None
    assert lookup(call(slip())).outcome == "cannot say"


def test_a_state_that_nobody_has_seen_is_handed_in_whole(gateway: Callable[[str], Adapter]) -> None:
    """The sheet parks it for a person; the connector does not decide that it means nothing."""
    row = f"<TYPE>00110</TYPE><MA_HS>{DOSSIER}</MA_HS><SOTHUE><TRANGTHAI>07</TRANGTHAI></SOTHUE>"
    (told,) = gateway(frame(row)).operations["query_obligation"].call(call(query("00109"))).says
    assert told.kind == "tax.obligation"


def test_what_already_is_there_counts_as_done(gateway: Callable[[str], Adapter]) -> None:
    """Another filed it, or our own earlier call did: the effect is there."""
    inner = frame("<ERROR_CODE>5</ERROR_CODE><ERROR_DESC>Phiếu đã tồn tại</ERROR_DESC>")
    assert gateway(inner).operations["file_slip"].call(call(slip())).raw


def test_a_clock_that_is_far_off_is_noted(gateway: Callable[[str], Adapter]) -> None:
    """It is told beside the answer and changes nothing."""
    inner = frame("<ERROR_CODE>0</ERROR_CODE>", SEND_DATE="03-31-2020", MSG_ID="GIP202003310000001")
    assert "2020-03-31" in gateway(inner).operations["file_slip"].call(call(slip())).note


def test_every_resend_has_the_same_number_and_a_token_of_its_own(gateway: Callable[..., Adapter]) -> None:
    """The number comes of the request's id; nonce and time of the moment."""
    requests: list[str] = []

    def remember(connection: Any, request: bytes) -> None:
        requests.append(request.decode())
        answers(wrapped(frame("<ERROR_CODE>0</ERROR_CODE>")))(connection, request)

    tax = gateway(remember)
    for attempt in (1, 1):
        tax.operations["file_slip"].call(call(slip(), attempt=attempt))
    numbers = [re.findall(r"(?:MSG_ID|SEQ_ID)&gt;(H12-\d{20})&lt;", each) for each in requests]
    assert numbers[0] == numbers[1]
    assert len(set(numbers[0])) == 1
    assert len({re.findall(r"Nonce[^>]*>([^<]+)<", each)[0] for each in requests}) == 2


def test_another_contract_needs_no_python(tmp_path: Path, gateway: Callable[..., Adapter]) -> None:
    """Other WSDL, operation, namespaces, parameter and message words: settings and files alone."""
    text = (ROOT / "adapters" / "tax" / "schemas" / "tax.wsdl").read_text(encoding="utf-8")
    for old, new in (
        ("xuLyTruyVanMsg", "guiThongDiep"),
        ("in_msg", "noiDung"),
        ('"return"', '"ketQua"'),
        ("http://gip.request.com/", "urn:thue:vao"),
        ("http://gip.response.com/", "urn:thue:ra"),
    ):
        text = text.replace(old, new)
    (tmp_path / "thue.wsdl").write_text(text, encoding="utf-8")
    inner = frame("<ERROR_CODE>0</ERROR_CODE>").replace("<", "&lt;")
    told = f'<r:guiThongDiepResponse xmlns:r="urn:thue:ra"><ketQua>{inner}</ketQua></r:guiThongDiepResponse>'
    seen: list[bytes] = []

    def serve(connection: Any, request: bytes) -> None:
        seen.append(request)
        answers(envelope(told))(connection, request)

    types = Types(slip="PHIEU_CHUYEN")
    tax = gateway(serve, wsdl=tmp_path / "thue.wsdl", operation="guiThongDiep", types=types)
    tax.operations["file_slip"].call(call(slip()))
    assert b"noiDung" in seen[0]
    assert b"PHIEU_CHUYEN" in seen[0]
    with pytest.raises(ConfigurationError, match="guiThongDiep"):
        gateway(serve, wsdl=tmp_path / "thue.wsdl")


def test_a_signed_answer_from_the_wire_is_verified_as_it_came(
    tmp_path: Path, gateway: Callable[..., Adapter]
) -> None:
    """A signed frame with blanks, line ends and Vietnamese inside survives both envelopes."""
    seal = Seal(tmp_path)
    (tmp_path / "gip.pem").write_bytes(seal.pem)
    root = etree.fromstring(frame("\n  <ERROR_CODE>0</ERROR_CODE>\n  <GHI_CHU>Ổn  &amp; ấm</GHI_CHU>\n"))
    seal.sign(root, KIND)
    text = etree.tostring(root, encoding="unicode")
    good = gateway(text, verify_with=tmp_path / "gip.pem")
    assert good.operations["file_slip"].call(call(slip())).raw.decode() == text
    bad = gateway(text.replace("Ổn  ", "Ổn "), verify_with=tmp_path / "gip.pem")
    with pytest.raises(OutcomeUnknownError, match="signature"):
        bad.operations["file_slip"].call(call(slip()))
