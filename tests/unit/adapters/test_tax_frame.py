"""The gateway's frame by itself: dates, keys, signatures, and what may stand around what is signed."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xmlsec
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapters._kit.keys import FileSigner, Signer, read_trusted
from adapters._kit.simulator_seal import Seal, signature_problem
from adapters._kit.xml import XmlError, parse, read_xsd
from adapters._kit.xml_signature import Cover, SignatureError
from adapters._kit.xml_signature import sign as sign_place
from adapters._kit.xml_signature import verify as verify_place
from adapters.tax.dates import VIETNAM, read_send_date, write_send_date
from adapters.tax.frame import HEADER, FrameError, Frames, as_text
from adapters.tax.signature import COVER
from adapters.tax.simulator_frame import KIND
from tests.contract.tax_world import certificate, rsa_key

FRAMES = Frames(read_xsd(Path(__file__).resolve().parents[3] / "adapters" / "tax" / "schemas" / "frame.xsd"))
OWN = certificate("UBND tỉnh Cà Mau", rsa_key())
SIGNER = FileSigner(rsa_key(), OWN)
HEAD = {"TRAN_CODE": "05010", "MSG_ID": "H12-1", "SEND_DATE": "25-Nov-2026 08:00:00"}
ROW = etree.fromstring("<ROW><A>Đặng &amp; Mỹ</A><B>  hai  </B></ROW>")
MOMENT = datetime(2026, 11, 4, 23, 30, tzinfo=UTC)


def sign(root: Any, signer: Signer) -> None:
    """Sign a frame."""
    sign_place(root.find("SECURITY"), signer, COVER)


def verify(root: Any, trusted: Any) -> None:
    """Verify a frame."""
    verify_place(root.find("SECURITY"), trusted, COVER)


def signed(signer: Signer = SIGNER, row: Any = ROW) -> str:
    """A signed frame as it goes over the wire."""
    root = FRAMES.compose(HEAD, row)
    sign(root, signer)
    return as_text(root)


# --- dates --------------------------------------------------------------------------------------------


def test_a_request_says_vietnams_time_in_english_whatever_the_machine_speaks() -> None:
    """Half past eleven at night in UTC is the next morning there."""
    assert write_send_date(MOMENT, "dd-MMM-yyyy HH:mm:ss") == "05-Nov-2026 06:30:00"
    assert write_send_date(MOMENT, "dd-MM-yyyy HH:mm:ss") == "05-11-2026 06:30:00"


@pytest.mark.parametrize(
    ("text", "number", "day"),
    [
        ("05-Nov-2026 06:30:00", "", date(2026, 11, 5)),
        ("25-11-2026 06:30:00", "", date(2026, 11, 25)),
        ("11-25-2026", "", date(2026, 11, 25)),
        ("25/11/2026", "", date(2026, 11, 25)),
        ("2026-11-25 00:00:00.0", "", date(2026, 11, 25)),
        ("2026-11-25", "", date(2026, 11, 25)),
        ("11-05-2026", "GIP202611050000001", date(2026, 11, 5)),
        ("11-05-2026", "GIP202605110000001", date(2026, 5, 11)),
        ("11-05-2026", "", None),
        ("05-05-2026", "", date(2026, 5, 5)),
        ("31-31-2026", "", None),
        ("05-Mai-2026", "", None),
        ("", "", None),
        ("20261125", "", None),
    ],
)
def test_five_forms_are_read_and_a_doubtful_one_is_not_guessed(
    text: str, number: str, day: date | None
) -> None:
    """Month and day change places between question and answer; the message's number decides, or nobody."""
    assert read_send_date(text, number) == day


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_what_is_written_is_read_as_the_same_day(naive: datetime) -> None:
    """For every moment: both forms of a request come back as Vietnam's day or none, never as another."""
    at = naive.replace(tzinfo=UTC)
    day = at.astimezone(VIETNAM).date()
    assert read_send_date(write_send_date(at, "dd-MMM-yyyy HH:mm:ss")) == day
    assert read_send_date(write_send_date(at, "dd-MM-yyyy HH:mm:ss")) in (day, None)
    assert read_send_date(write_send_date(at, "dd-MM-yyyy HH:mm:ss"), f"X{day:%Y%m%d}") == day


# --- the frame ----------------------------------------------------------------------------------------


def test_a_frame_has_every_field_of_the_header_in_order() -> None:
    """Absent ones are empty elements: the observed requests have all eighteen."""
    frame = FRAMES.read(as_text(FRAMES.compose(HEAD, ROW)))
    assert tuple(each.tag for each in frame.root[0]) == HEADER
    assert frame.header["MSG_ID"] == "H12-1"
    assert frame.header["SPARE3"] == ""
    assert frame.rows[0].findtext("A") == "Đặng & Mỹ"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</BODY>", "</BODY><BODY><ROW/></BODY>"),
        ("<DATA>", "<DATA><EXTRA/>"),
        ("<DATA>", '<DATA a="1">'),
        ("<SECURITY/>", "<SECURITY/><SECURITY/>"),
        ("<SECURITY/>", "<SECURITY/><MORE/>"),
        ("<SECURITY/>", '<SECURITY><HEADER xmlns=""/></SECURITY>'),
        ("<TRAN_CODE>05010</TRAN_CODE>", ""),
        ("<VERSION/>", "<VERSION/><VERSION/>"),
        ("<VERSION/>", "<UNKNOWN/>"),
        ("<DATA>", "<!DOCTYPE DATA><DATA>"),
        ("<DATA>", "<DATA><"),
        ("<BODY>", "<BODY>text"),
        ("<BODY>", '<BODY xmlns="urn:x">'),
    ],
)
def test_what_is_not_exactly_a_frame_is_refused(old: str, new: str) -> None:
    """What stands beside header and body is not covered by the signature, so nothing may stand there."""
    text = as_text(FRAMES.compose(HEAD, ROW))
    assert old in text
    with pytest.raises(FrameError) as caught:
        FRAMES.read(text.replace(old, new, 1))
    assert caught.value.problems


def test_fields_of_a_header_may_come_in_any_order_and_a_declaration_is_no_harm() -> None:
    """The peers differ; the text's own word on its encoding is not believed, it came inside another."""
    text = as_text(FRAMES.compose(HEAD, ROW))
    moved = text.replace("<VERSION/>", "").replace("<SPARE3/>", "<SPARE3/><VERSION/>")
    assert FRAMES.read('<?xml version="1.0" encoding="UTF-16"?>\n' + moved).header["VERSION"] == ""


@pytest.mark.parametrize(
    "text", [b"", b"<a", b"<a/><b/>", b"<!DOCTYPE a><a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>']
)
def test_the_one_parser_refuses_what_is_no_plain_xml(text: bytes) -> None:
    """Nothing of the document stands in the error."""
    with pytest.raises(XmlError):
        parse(text)


# --- signatures ---------------------------------------------------------------------------------------


def test_a_signature_is_right_to_us_and_to_one_who_works_by_hand(tmp_path: Path) -> None:
    """Two implementations that share no code: xmlsec, and canonical form, digest, RSA by hand."""
    ours = parse(signed().encode(), comments=True)
    verify(ours, [OWN])
    assert signature_problem(ours, KIND) == ""
    seal = Seal(tmp_path)
    root = FRAMES.compose(HEAD, ROW)
    seal.sign(root, KIND)
    (tmp_path / "trusted.pem").write_bytes(seal.pem)
    verify(FRAMES.read(as_text(root)).root, read_trusted(tmp_path / "trusted.pem"))


def test_a_signature_holds_after_a_change_outside_and_breaks_at_every_change_inside() -> None:
    """Blanks between header and body are not covered; every character of a value is."""
    text = signed()
    verify(parse(text.replace("</HEADER><BODY>", "</HEADER> <BODY>").encode(), comments=True), [OWN])
    for old, new in (
        ("Đặng", "Đăng"),
        ("  hai  ", " hai "),
        ("H12-1", "H12-2"),
        ("<ROW>", "<ROW> "),
        ("05010", "05011"),
        ("<B>", '<B a="1">'),
    ):
        assert old in text
        with pytest.raises(SignatureError):
            verify(parse(text.replace(old, new, 1).encode(), comments=True), [OWN])


def test_whoever_signs_must_be_trusted() -> None:
    """The key that comes with a signature proves nothing: a stranger's is as right in itself."""
    stranger = FileSigner(rsa_key("stranger"), certificate("UBND tỉnh Cà Mau", rsa_key("stranger")))
    root = parse(signed(stranger).encode(), comments=True)
    verify(root, [stranger.certificate])
    with pytest.raises(SignatureError, match="nobody"):
        verify(root, [OWN])


def test_a_strangers_key_beside_our_certificate_is_not_used() -> None:
    """KeyValue is not read: the signature must be that of the trusted certificate."""
    stranger = FileSigner(rsa_key("stranger"), certificate("x", rsa_key("stranger")))
    ours, theirs = (etree.fromstring(signed(each)) for each in (SIGNER, stranger))
    path = ".//{http://www.w3.org/2000/09/xmldsig#}X509Data"
    found: Any = theirs.find(path)
    found.getparent().replace(found, ours.find(path))
    with pytest.raises(SignatureError, match="not right"):
        verify(theirs, [OWN])


def test_a_chain_leads_to_an_authority_and_only_through_authorities() -> None:
    """A certificate issued by one that may not issue, or that has ended, makes nobody trusted."""
    root_key, leaf_key = rsa_key("root"), rsa_key("leaf")
    root = certificate("CA", root_key, ca=True)
    leaf = FileSigner(leaf_key, certificate("Cục Thuế", leaf_key, (root, root_key)))
    verify(parse(signed(leaf).encode(), comments=True), [root])
    ended = FileSigner(leaf_key, certificate("Cục Thuế", leaf_key, (root, root_key), days=-1))
    below = FileSigner(leaf_key, certificate("Giả", leaf_key, (OWN, rsa_key())))
    for wrong, trusted in ((ended, root), (below, OWN)):
        with pytest.raises(SignatureError, match="nobody"):
            verify(parse(signed(wrong).encode(), comments=True), [trusted])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("ancestor-or-self::HEADER or ancestor-or-self::BODY", "ancestor-or-self::HEADER", "something else"),
        ('Reference URI=""', 'Reference URI="#x"', "something else"),
        ("http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
         "something else"),
        ("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5", "method"),
        ("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1", "method"),
        ("<X509Certificate>MII", "<X509Certificate>AAA", "not right"),
    ],
)  # fmt: skip
def test_a_signature_that_covers_less_or_is_weak_is_refused(old: str, new: str, says: str) -> None:
    """What a signature covers is compared with what we want covered, not taken from it."""
    text = signed()
    assert old in text
    changed = text.replace(old, new)
    with pytest.raises(SignatureError, match=says):
        verify(parse(changed.encode(), comments=True), [OWN])


def test_an_enveloped_signature_covers_all_but_itself() -> None:
    """The other kind that gateways have; neither passes for the other."""
    root = etree.fromstring("<Hoso><NoiDung>ế</NoiDung><CKy_Dvi/></Hoso>")
    sign_place(root.find("CKy_Dvi"), SIGNER, Cover())
    text = etree.tostring(root, encoding="unicode")
    verify_place(parse(text.encode()).find("CKy_Dvi"), [OWN], Cover())
    for changed, cover in (
        (text, COVER),
        (text.replace("ế", "e"), Cover()),
        (text.replace("<Hoso>", '<Hoso a="">'), Cover()),
    ):
        with pytest.raises(SignatureError):
            verify_place(parse(changed.encode()).find("CKy_Dvi"), [OWN], cover)


def test_no_signature_and_two_are_refused() -> None:
    """Exactly one."""
    with pytest.raises(SignatureError, match="no signature"):
        verify(FRAMES.compose(HEAD, ROW), [OWN])
    root = etree.fromstring(signed())
    security: Any = root.find("SECURITY")
    security.append(etree.fromstring(etree.tostring(security[0])))
    with pytest.raises(SignatureError):
        verify(root, [OWN])


@pytest.mark.parametrize(
    "kind",
    sorted(
        {each for each in vars(xmlsec).values() if isinstance(each, type) and issubclass(each, Exception)},
        key=str,
    ),
)
def test_every_exception_of_the_signing_library_is_translated(kind: type[Exception]) -> None:
    """Its exceptions have one root, and verifying catches that."""
    assert issubclass(kind, xmlsec.Error)
