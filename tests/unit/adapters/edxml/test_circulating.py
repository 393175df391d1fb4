"""The edXML codec: what circulates is read, and one form is written."""

import base64
from pathlib import Path

import pytest
from lxml import etree

from bus.files import FileStore
from mappings.engine import Compiled
from tests.unit.adapters.edxml.codec import (
    BROKEN,
    OWN,
    PDF,
    REAL,
    Q,
    content_of,
    problems,
    read,
    written,
)
from tests.unit.adapters.edxml_packages import (
    ORGANS,
    REST,
    SAMPLES,
    TRACE,
    N,
    attachment,
    document,
    reference,
    zipped,
)

PACKAGES = [
    *(pytest.param(path, id=path.stem) for path in (*OWN, *REAL) if path.name != BROKEN),
    *(
        []
        if REAL
        else [pytest.param(None, id="real", marks=pytest.mark.skip(f"no real packages in {SAMPLES}"))]
    ),
]
"""The shipped samples and, where they are, the real ones."""


@pytest.mark.parametrize("path", PACKAGES)
def test_reading_what_was_written_of_what_was_read_is_the_same(path: Path, files: FileStore) -> None:
    """Parse, write, parse is the identity; and what we wrote once we write again byte for byte."""
    first = read(path.read_bytes(), files)
    again = read(written(first.tree, files), files)
    assert again == first
    assert again.files == first.files
    assert again.notes == ()
    assert written(again.tree, files) == written(first.tree, files)


@pytest.mark.parametrize("path", PACKAGES)
def test_a_sheet_carries_every_package_there_and_back(
    path: Path, files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """Through codec and sheet both ways, but for what contradicts its own condition, which is noted."""
    package = read(path.read_bytes(), files)
    sheet = sheets[package.kind]
    told = sheet.read(package.tree, source="ioffice")
    back = read(written(sheet.write(told.message, source="ioffice").tree, files), files)
    contradictions = [note for note in told.notes if "is there although" in note.what]
    if not contradictions:
        assert sheet.read(back.tree, source="ioffice").message == told.message


@pytest.mark.skipif(not REAL, reason=f"no real packages in {SAMPLES}")
def test_the_real_package_that_is_not_well_formed_is_refused_with_its_place(files: FileStore) -> None:
    """From is opened twice: the error names the line where it shows, and the one it began in."""
    (problem,) = problems((SAMPLES / BROKEN).read_bytes(), files)
    assert problem.line == 74
    assert problem.path.endswith("MessageHeader/From")
    assert "<From> of line 7 is not closed yet" in problem.what


def test_both_orders_and_any_prefix_are_one_package(files: FileStore) -> None:
    """The guide's order with a prefix, and the library's without one, say the same."""
    guide = document(REST.replace("\n", "") + ORGANS, TRACE)
    library = document(ORGANS + REST, TRACE).replace(b"<e:", b"<").replace(b"</e:", b"</")
    assert read(guide, files) == read(library, files)


def test_the_written_order_and_prefixes_are_the_library_s(files: FileStore) -> None:
    """Root and attachments in the default namespace, the envelope under edXML:, bound anew at the content."""
    source = document(
        REST + ORGANS,
        attachments=attachment(zipped(PDF)),
        manifest=reference(more="<e:Description>mô tả</e:Description>"),
    )
    text = written(read(source, files).tree, files).decode()
    declaration, first, second = text.split("\n")[:3]
    assert declaration == '<?xml version="1.0" encoding="UTF-8"?>'
    assert (first, second) == (f'<edXML xmlns="{N}">', f'  <edXML:edXMLEnvelope xmlns:edXML="{N}">')
    root = etree.fromstring(text.encode())
    assert {root.prefix} == {None}
    assert {each.prefix for each in root[0].iter()} == {"edXML"}
    assert {each.prefix for each in root[1].iter()} == {None, "edXML"}
    assert f'<edXML:ContentTransferEncoded xmlns:edXML="{N}">' in text
    header = root.find(f"{Q}edXMLEnvelope/{Q}edXMLHeader/{Q}MessageHeader")
    assert header is not None
    assert [etree.QName(each).localname for each in header] == [
        "From", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject", "SteeringType",
    ]  # fmt: skip
    assert root.findtext(f".//{Q}Attachment/{Q}Description") == "mô tả"


def test_the_standard_s_misspellings_are_kept(files: FileStore) -> None:
    """Bussiness and its kind go out as the standard has them; another spelling is noted as unknown."""
    text = written(read(document(), files).tree, files).decode()
    assert "<edXML:BussinessDocType>0</edXML:BussinessDocType>" in text
    other = document(trace=TRACE.replace("Bussiness>", "Business>"))
    assert [note.path for note in read(other, files).notes] == ["TraceHeaderList/Business"]


DOT_NET = f"""<?xml version="1.0" encoding="utf-8"?>
<edXML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="{N}">
<edXML:edXMLEnvelope xmlns:edXML="{N}"><edXML:edXMLHeader><edXML:MessageHeader>
<edXML:From><edXML:OrganId>H12.06</edXML:OrganId><edXML:OrganName>Sở</edXML:OrganName></edXML:From>
<edXML:To><edXML:OrganId>H12.07</edXML:OrganId><edXML:OrganName>Sở 2</edXML:OrganName></edXML:To>
<edXML:Code><edXML:CodeNumber>15</edXML:CodeNumber><edXML:CodeNotation>S-V</edXML:CodeNotation></edXML:Code>
<edXML:PromulgationInfo><edXML:Place>Cà Mau</edXML:Place>
<edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate></edXML:PromulgationInfo>
<edXML:DocumentType><edXML:Type>18</edXML:Type><edXML:TypeName>Công văn</edXML:TypeName></edXML:DocumentType>
<edXML:Subject xsi:type="xsd:string">V/v</edXML:Subject>
<edXML:ToPlaces><edXML:Place>Như trên</edXML:Place></edXML:ToPlaces>
<edXML:SteeringType>0</edXML:SteeringType><edXML:DocumentId>6a2f</edXML:DocumentId></edXML:MessageHeader>
<edXML:TraceHeaderList id="a1b2c3d4" version="1.0" mustUnderstand="1"
actor="http://schemas.xmlsoap.org/soap/actor/next">
<edXML:TraceHeader><edXML:OrganId>H12.06</edXML:OrganId>
<edXML:Timestamp>2026/11/20 08:00:00</edXML:Timestamp></edXML:TraceHeader>
<edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType><edXML:Paper>0</edXML:Paper></edXML:Bussiness>
</edXML:TraceHeaderList><edXML:DigitalSignature /></edXML:edXMLHeader>
<edXML:edXMLBody><edXML:edXMLManifest version="1.0">
<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink"
xlink:href="cid:6a-1" xlink:role="XLinkRole" xlink:type="simple">
<edXML:Description>Tờ trình</edXML:Description><edXML:AttachmentName>to trinh.pdf</edXML:AttachmentName>
<edXML:ContentType>application/pdf</edXML:ContentType><edXML:ContentId>cid:6a-1</edXML:ContentId></edXML:Reference>
</edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope>
<AttachmentEncoded><Attachment><ContentType>application/pdf</ContentType><ContentId>6a-1</ContentId>
<Description>Tờ trình</Description>
<ContentTransferEncoded>{base64.b64encode(PDF).decode()}</ContentTransferEncoded>
<AttachmentName>to trinh.pdf</AttachmentName></Attachment></AttachmentEncoded></edXML>"""


def test_a_package_of_the_other_library_is_read_and_carried(
    files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """Its order, its attributes, raw content, `cid:` on one side, an empty signature (reference 1, 2)."""
    package = read(DOT_NET.encode(), files)
    assert package.notes == ()
    assert content_of(package, files) == PDF
    message = sheets["document"].read(package.tree, source="ioffice").message
    assert (message.document_id, message.type, message.trace_id) == ("6a2f", 18, "a1b2c3d4")
    assert message.files[0].description == "Tờ trình"
    again = read(written(package.tree, files), files)
    assert again == package
