"""What may stand inside a SOAP answer of tax and insurance: read as it is meant, or believed in nothing.

Both connectors at once: the same text inside both contracts, each in its own frame.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bus.errors import DeliveryError, OutcomeUnknownError, TransientError
from bus.peer_settings import Timeout
from bus.ports import Adapter
from bus.settings import Seconds
from tests.contract import insurance_world, tax_world
from tests.contract.broken_endpoint import BrokenEndpoint, answers, envelope
from tests.contract.tax_world import DOSSIER, ROOT, call, query, slip
from tests.contract.test_tax_gateway import frame

pytestmark = pytest.mark.contract
SHORT = Timeout(connect=Seconds(1), answer=Seconds(0.5))
OTHER = "000.00.32.H12-261120-9999"


@dataclass(frozen=True)
class Peer:
    """A connector's way to write one thing and to ask one, and what a good answer to each has inside."""

    name: str
    build: Callable[..., Adapter]
    write: str
    ask: str
    requests: Callable[[], tuple[Any, Any]]
    good: str
    wrap: Callable[[str], str]


def _tax(inner: str) -> str:
    told = f'<r:xuLyTruyVanMsgResponse xmlns:r="http://gip.response.com/">{inner}</r:xuLyTruyVanMsgResponse>'
    return envelope(told.replace("TEXT", "return"))


def _insurance(inner: str) -> str:
    told = f'<r:OPResponse xmlns:r="urn:lienthong:insurance:response">{inner}</r:OPResponse>'
    return envelope(told.replace("TEXT", "ketQua"))


TAX = Peer(
    "tax",
    tax_world.adapter,
    "file_slip",
    "query_payments",
    lambda: (slip(), query("00022")),
    frame("<ERROR_CODE>0</ERROR_CODE><TEN>Đặng Thị Mỹ</TEN>"),
    _tax,
)
INSURANCE = Peer(
    "insurance",
    insurance_world.adapter,
    "request_card",
    "query_card",
    lambda: (insurance_world.written("card_request"), insurance_world.written("query")),
    "<KetQua><maKetQua>200</maKetQua><ten>Đặng Thị Mỹ</ten></KetQua>",
    _insurance,
)
PEERS = [TAX, INSURANCE]


def escaped(text: str) -> str:
    """A text as it stands inside an element."""
    return f"<TEXT>{text.replace('&', '&amp;').replace('<', '&lt;')}</TEXT>"


@pytest.fixture
def serve() -> Iterator[Callable[..., Adapter]]:
    """Make connectors to an endpoint that answers every operation with this inside."""
    made: list[Any] = []

    def make(peer: Peer, inner: str, **settings: Any) -> Adapter:
        def answer(connection: Any, request: bytes) -> None:
            found = re.search(rb"Body><(?:\w+:)?(\w+)", request)
            assert found is not None
            answers(peer.wrap(inner).replace("OPResponse", f"{found[1].decode()}Response"))(
                connection, request
            )

        made.append(BrokenEndpoint(answer))
        made.append(peer.build(made[-1].url, timeout=SHORT, **settings))
        one: Adapter = made[-1]
        return one

    yield make
    for one in made:
        one.close()


FORMS: dict[str, Callable[[str], str]] = {
    "escaped": escaped,
    "CDATA": lambda text: f"<TEXT><![CDATA[{text}]]></TEXT>",
    "half CDATA": lambda text: f"<TEXT><![CDATA[{text[:20]}]]>{escaped(text[20:])[6:]}",
    "blanks around": lambda text: escaped(f"\r\n  {text}\t\n "),
    "a mark of byte order": lambda text: escaped(f"\ufeff{text}"),
    "declared": lambda text: escaped(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'),
    "declared as utf-16 (.NET)": lambda text: escaped(f'<?xml version="1.0" encoding="utf-16"?>{text}'),
    "declared as latin, line by line": lambda text: escaped(
        f"<?xml\n version='1.0'\n encoding='ISO-8859-1'\n?>{text}"
    ),
    "a comment before": lambda text: escaped(f"<!-- x -->{text}"),
    "an instruction before": lambda text: escaped(f"<?x y?>{text}"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_the_text_inside_is_read_in_every_form_that_it_may_have(
    peer: Peer, form: str, serve: Callable[..., Adapter]
) -> None:
    """It is in the envelope's encoding, whatever it says of itself; Vietnamese stays whole."""
    one = serve(peer, FORMS[form](peer.good))
    request, _ = peer.requests()
    assert "Đặng Thị Mỹ" in one.operations[peer.write].call(call(request)).raw.decode()


HOSTILE: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "<TEXT/>",
    "blanks": lambda _: escaped("  \n"),
    "escaped twice": lambda text: escaped(text.replace("<", "&lt;")),
    "cut short": lambda text: escaped(text[:-9]),
    "twice": lambda text: escaped(text * 2),
    "a word": lambda _: escaped("OK"),
    "JSON": lambda _: escaped('{"maKetQua": "200"}'),
    "a page": lambda _: escaped("<html><body>login</body></html>"),
    "an envelope": lambda text: escaped(envelope(text)),
    "a document type": lambda text: escaped(f"<!DOCTYPE x>{text}"),
    "entities that grow": lambda text: escaped(
        f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>{text.replace("Đặng", "&b;")}'
    ),
    "an undeclared entity": lambda text: escaped(text.replace("Đặng", "&nbsp;")),
    "another namespace": lambda text: escaped(re.sub(r"^<(\w+)", r'<\1 xmlns="urn:x"', text)),
    "a zero byte said": lambda text: escaped(text.replace("Đặng", "&#0;")),
    "two codes that differ": lambda text: escaped(
        text.replace("</ERROR_CODE>", "</ERROR_CODE><ERROR_CODE>11</ERROR_CODE>").replace(
            "</maKetQua>", "</maKetQua><maKetQua>500</maKetQua>"
        )
    ),
    "no code": lambda text: escaped(re.sub(r"<(ERROR_CODE|maKetQua)>\d+</\1>", "", text)),
    "an empty code": lambda text: escaped(re.sub(r"<(ERROR_CODE|maKetQua)>\d+</\1>", r"<\1/>", text)),
    "a code in words": lambda text: escaped(re.sub(r"<(ERROR_CODE|maKetQua)>\d+", r"<\1>OK", text)),
    "four hundred deep": lambda text: escaped(text.replace("Đặng", "<a>" * 400 + "</a>" * 400)),
}


@pytest.mark.parametrize("form", HOSTILE)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_what_cannot_be_believed_inside_is_no_success(
    peer: Peer, form: str, serve: Callable[..., Adapter]
) -> None:
    """After a call with an effect it is unknown, and whoever asks is not told that it is there."""
    one = serve(peer, HOSTILE[form](peer.good))
    request, _ = peer.requests()
    operation = one.operations[peer.write]
    with pytest.raises(OutcomeUnknownError):
        operation.call(call(request))
    assert operation.lookup is not None
    try:
        assert operation.lookup(call(request)).outcome == "cannot say"
    except DeliveryError as error:
        assert type(error) is TransientError  # noqa: PT017 - either way nothing is settled


@pytest.mark.parametrize(
    "inner", ["", '<TEXT xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>']
)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_contract_that_allows_no_text_at_all_makes_none_of_it_a_success(
    peer: Peer, inner: str, serve: Callable[..., Adapter], tmp_path: Path
) -> None:
    """.NET's own: minOccurs 0, nillable. Absent or nil: the outcome is unknown, no mistake of ours."""
    shipped = (ROOT / "adapters" / peer.name / "schemas" / f"{peer.name}.wsdl").read_text(encoding="utf-8")
    loose = re.sub(r'name="(return|ketQua)"', r'name="\1" minOccurs="0" nillable="true"', shipped)
    (tmp_path / "loose.wsdl").write_text(loose, encoding="utf-8")
    one = serve(peer, inner, wsdl=tmp_path / "loose.wsdl")
    writing, asking = peer.requests()
    with pytest.raises(OutcomeUnknownError):
        one.operations[peer.write].call(call(writing))
    with pytest.raises(TransientError):
        one.operations[peer.ask].call(call(asking))


def test_a_tax_answer_about_another_dossier_is_nobodys(serve: Callable[..., Adapter]) -> None:
    """MSG_REFID may be empty, so the numbers inside decide: nothing counts as filed, nothing merges."""
    said = f"<MA_HS>{OTHER}</MA_HS>"
    one = serve(TAX, escaped(frame(f"{said}<SO_PHIEU>PC-1</SO_PHIEU><MA_KETQUA>0</MA_KETQUA>")))
    operation = one.operations["file_slip"]
    with pytest.raises(OutcomeUnknownError, match="another dossier"):
        operation.call(call(slip()))
    assert operation.lookup is not None
    assert operation.lookup(call(slip())).outcome == "cannot say"
    number = escaped(frame(f"<MA_HS>{DOSSIER}</MA_HS><SO_PHIEU>PC-2</SO_PHIEU><MA_KETQUA>0</MA_KETQUA>"))
    other_slip = serve(TAX, number).operations["file_slip"].lookup
    assert other_slip is not None
    assert other_slip(call(slip())).outcome == "cannot say"
    book = f"<SOTHUE><TRANGTHAI>01</TRANGTHAI><TONG_TIEN><ROW_SOTHUE>{said}</ROW_SOTHUE></TONG_TIEN></SOTHUE>"
    with pytest.raises(TransientError, match="another dossier"):
        serve(TAX, escaped(frame(book))).operations["query_obligation"].call(call(query("00109")))
    vouchers = f"<CHUNGTU>{said}<SO_CHUNGTU>1</SO_CHUNGTU></CHUNGTU>"
    assert (
        serve(TAX, escaped(frame(vouchers))).operations["query_payments"].call(call(query("00022"))).says
        == ()
    )


def test_an_insurance_answer_about_another_dossier_is_nobodys(serve: Callable[..., Adapter]) -> None:
    """A file of another dossier neither settles an unknown outcome nor becomes a result of this one."""
    file = f"<hoSo><maHoSo>{OTHER}</maHoSo><soHoSo>1</soHoSo><trangThai>4</trangThai></hoSo>"
    one = serve(INSURANCE, escaped(f"<KetQua><maKetQua>200</maKetQua>{file}</KetQua>"))
    writing, asking = INSURANCE.requests()
    with pytest.raises(TransientError, match="another dossier"):
        one.operations["query_card"].call(call(asking))
    lookup = one.operations["request_card"].lookup
    assert lookup is not None
    with pytest.raises(TransientError, match="another dossier"):
        lookup(call(writing))
