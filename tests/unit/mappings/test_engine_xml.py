"""The same engine on XML: namespaces, attributes, repeated elements, any order in, the sheet's order out."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from mappings.engine import Compiled, MappingError, compile_sheet
from mappings.laws import prove
from mappings.sheet import parse_sheet
from tests.unit.mappings.xml_structs import FUNCTIONS, REGISTRY

TAX = """<ROW><TYPE>00110</TYPE><SOTHUE><TRANGTHAI>01</TRANGTHAI><MOTA_TRANGTHAI>Còn nợ</MOTA_TRANGTHAI>
<TONG_TIEN><MA_SO_THUE>0100233488</MA_SO_THUE><TT_NNT>3000</TT_NNT>
<ROW_SOTHUE><MA_HS>H12.06-261123-0001</MA_HS><SO_QUYET_DINH>1</SO_QUYET_DINH>
<NGAY_QUYET_DINH>2026-11-23 00:00:00.0</NGAY_QUYET_DINH><MA_TMUC>2801</MA_TMUC>
<SO_CON_PHAI_NOP>1000</SO_CON_PHAI_NOP></ROW_SOTHUE>
<ROW_SOTHUE><SO_CON_PHAI_NOP>2000</SO_CON_PHAI_NOP><MA_TMUC>1401</MA_TMUC>
<MA_HS>H12.06-261123-0001</MA_HS><SO_QUYET_DINH>2</SO_QUYET_DINH>
<NGAY_QUYET_DINH>2026-11-23 00:00:00.0</NGAY_QUYET_DINH></ROW_SOTHUE></TONG_TIEN></SOTHUE></ROW>"""

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
DOCUMENT = f"""<e:Package xmlns:e="{NAMESPACE}">
<e:TraceHeaderList id="7" version="1.0"><e:Bussiness><e:BussinessDocType>0</e:BussinessDocType></e:Bussiness>
<e:TraceHeader><e:OrganId>H12.06</e:OrganId><e:Timestamp>2026/11/23 08:00:00</e:Timestamp></e:TraceHeader>
</e:TraceHeaderList>
<e:MessageHeader><e:Subject>Về việc</e:Subject><e:DocumentId>d-1</e:DocumentId>
<e:From><e:OrganId>H12.06</e:OrganId><e:OrganName>Sở</e:OrganName></e:From>
<e:To><e:OrganId>H12.07</e:OrganId><e:OrganName>Sở 2</e:OrganName></e:To>
<e:To><e:OrganId>000.00.00.H12</e:OrganId><e:OrganName>Tỉnh</e:OrganName></e:To>
<e:ResponseFor><e:Code>12/QĐ/UBND</e:Code></e:ResponseFor>
<e:PromulgationInfo><e:PromulgationDate>2026/11/23</e:PromulgationDate></e:PromulgationInfo>
</e:MessageHeader></e:Package>"""


def compiled(name: str) -> Compiled:
    """Compile one of the sheets of later systems against the test's own structs."""
    text = (Path(__file__).parent / "sheets" / f"{name}.toml").read_text(encoding="utf-8")
    return compile_sheet(parse_sheet(text, f"{name}.toml", canonical=REGISTRY, functions=FUNCTIONS))


def read(sheet: Compiled, text: str) -> Any:
    """Read a document."""
    return sheet.read(etree.fromstring(text), source="peer")


@pytest.mark.parametrize("name", ["tax_obligation", "ioffice_document"])
def test_both_laws_hold_for_the_xml_sheets(name: str) -> None:
    """On generated messages, through real elements."""
    proof = prove(compiled(name), 60)
    assert proof.holds, [str(each) for each in proof.counterexamples]


def test_a_tax_reply_is_read_in_any_order_and_written_in_the_sheet_s() -> None:
    """Two notices of one payer, the dossier's code said in each and kept once."""
    sheet = compiled("tax_obligation")
    result = read(sheet, TAX)
    message = result.message
    assert message.code == "H12.06-261123-0001"
    assert [notice.remaining for notice in message.payers[0].notices] == [1000, 2000]
    written = sheet.write(message, source="peer").tree
    assert [child.tag for child in written] == ["TYPE", "SOTHUE"]
    assert [row.findtext("MA_HS") for row in written.iter("ROW_SOTHUE")] == ["H12.06-261123-0001"] * 2
    assert sheet.read(written, source="peer").message == message


def test_a_total_that_is_off_is_noted_and_not_refused() -> None:
    """The check of the sheet only notes."""
    result = read(compiled("tax_obligation"), TAX.replace("3000", "2999"))
    assert [note.ours for note in result.notes] == ["payers"]


def test_a_document_of_another_prefix_is_the_same_document() -> None:
    """Names count by namespace; attributes have none; defaults are what absence means."""
    sheet = compiled("ioffice_document")
    message = read(sheet, DOCUMENT).message
    assert (message.trace_id, message.trace_version, message.business.kind) == ("7", "1.0", "new")
    assert [each.code for each in message.recipients] == ["H12.07", "000.00.00.H12"]
    assert (message.responds_to[0].number, message.responds_to[0].notation) == ("12", "QĐ/UBND")
    written = sheet.write(message, source="peer").tree
    assert written.tag == f"{{{NAMESPACE}}}Package"
    assert [etree.QName(child).localname for child in written] == ["MessageHeader", "TraceHeaderList"]
    assert sheet.read(written, source="peer").message == message


def test_an_unknown_element_is_noted_with_its_path() -> None:
    """It has a place in a sequence that we do not know: kept out, never written back."""
    text = DOCUMENT.replace("<e:Subject>", "<e:La>x</e:La><e:Subject>").replace("version=", "la='1' version=")
    notes = [note.path for note in read(compiled("ioffice_document"), text).notes]
    assert sorted(notes) == ["MessageHeader/La", "TraceHeaderList/@la"]


def test_all_problems_of_a_document_come_at_once() -> None:
    """Paths count repeated elements."""
    text = DOCUMENT.replace("000.00.00.H12", "không").replace("<e:Subject>Về việc</e:Subject>", "")
    with pytest.raises(MappingError) as caught:
        read(compiled("ioffice_document"), text)
    paths = [each.path for each in caught.value.problems]
    assert paths == ["MessageHeader/To/1/OrganId", "MessageHeader/Subject"]


def test_another_document_altogether_is_one_problem() -> None:
    """The root's name and namespace are part of the sheet."""
    for text in ("<Khac/>", "<Package/>"):
        with pytest.raises(MappingError, match="is meant"):
            read(compiled("ioffice_document"), text)


def test_a_fragment_is_kept_untouched() -> None:
    """`keep` carries an element as it is, both ways; comments and processing instructions are no fields."""
    text = (
        '[sheet]\nname = "x/y"\ncanonical = "Dossier"\ncarrier = "xml"\nroot = "R"\n'
        'rows = [ { their = "A/Khac", ours = "note", rule = "keep" }, { their = "Ma", ours = "code" } ]\n'
    )
    sheet = compile_sheet(parse_sheet(text, "y.toml"))
    document = '<R><!-- c --><Ma>1</Ma><A><Khac x="1"><B>ế</B> đuôi</Khac></A></R>'
    message = sheet.read(etree.fromstring(document), source="p").message
    assert message.note == '<Khac x="1"><B>ế</B> đuôi</Khac>'
    written = etree.tostring(sheet.write(message, source="p").tree, encoding="unicode")
    assert written == '<R><A><Khac x="1"><B>ế</B> đuôi</Khac></A><Ma>1</Ma></R>'
