"""The edXML codec: what circulates is read, one form is written, what is wrong is named with its place."""

import base64
import io
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec import structs

from adapters.ioffice.edxml import (
    Files,
    FolderFiles,
    Limits,
    NoSuchFileError,
    Package,
    PackageError,
    PackageProblem,
    read_package,
    write_package,
)
from bench.edxml import Memory
from mappings.engine import Compiled, MappingError, compile_sheet
from mappings.laws_make import Maker
from mappings.official import Attachment
from mappings.sheet import load_sheets
from tests.unit.adapters.edxml_packages import (
    ORGANS,
    REST,
    SAMPLES,
    STATUS,
    TRACE,
    N,
    attachment,
    document,
    encoded,
    reference,
    status,
    zipped,
)

Q = f"{{{N}}}"
PDF = b"%PDF-1.7 v\xc4\x83n b\xe1\xba\xa3n"
OWN = sorted((Path(__file__).resolve().parents[3] / "adapters/ioffice/samples").glob("*.edxml"))
REAL = sorted(SAMPLES.glob("*.edxml"))
BROKEN = "all4u_edoc.edxml"


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    """An empty store."""
    return FolderFiles(tmp_path / "files")


@pytest.fixture(scope="module")
def sheets() -> dict[str, Compiled]:
    """The sheets that read what the codec gives, by the kind of package."""
    found = load_sheets()
    return {kind: compile_sheet(found[f"ioffice/{kind}"]) for kind in ("document", "status")}


def read(content: bytes, files: Files, limits: Limits | None = None) -> Package:
    """Read a package."""
    return read_package(io.BytesIO(content), files, limits or Limits())


def written(tree: Any, files: FolderFiles) -> bytes:
    """Write a package."""
    out = io.BytesIO()
    write_package(tree, files, out)
    return out.getvalue()


def problems(content: bytes, files: FolderFiles, limits: Limits | None = None) -> tuple[PackageProblem, ...]:
    """Read what cannot be read."""
    with pytest.raises(PackageError) as caught:
        read(content, files, limits)
    assert all(each.what and each.vi for each in caught.value.problems)
    return caught.value.problems


def where(content: bytes, files: FolderFiles) -> list[tuple[str, int]]:
    """The places of all problems."""
    return [(each.path, each.line) for each in problems(content, files)]


def content_of(package: Package, files: FolderFiles, count: int = 0) -> bytes:
    """The bytes of an attachment."""
    with files.open(package.files[count].hash) as stored:
        return stored.read()


# --- what circulates -------------------------------------------------------------------------------


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
def test_reading_what_was_written_of_what_was_read_is_the_same(path: Path, files: FolderFiles) -> None:
    """Parse, write, parse is the identity; and what we wrote once we write again byte for byte."""
    first = read(path.read_bytes(), files)
    again = read(written(first.tree, files), files)
    assert again == first
    assert again.files == first.files
    assert again.notes == ()
    assert written(again.tree, files) == written(first.tree, files)


@pytest.mark.parametrize("path", PACKAGES)
def test_a_sheet_carries_every_package_there_and_back(
    path: Path, files: FolderFiles, sheets: dict[str, Compiled]
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
def test_the_real_package_that_is_not_well_formed_is_refused_with_its_place(files: FolderFiles) -> None:
    """From is opened twice: the error names the line where it shows, and the one it began in."""
    (problem,) = problems((SAMPLES / BROKEN).read_bytes(), files)
    assert problem.line == 74
    assert problem.path.endswith("MessageHeader/From")
    assert "<From> of line 7 is not closed yet" in problem.what


def test_both_orders_and_any_prefix_are_one_package(files: FolderFiles) -> None:
    """The guide's order with a prefix, and the library's without one, say the same."""
    guide = document(REST.replace("\n", "") + ORGANS, TRACE)
    library = document(ORGANS + REST, TRACE).replace(b"<e:", b"<").replace(b"</e:", b"</")
    assert read(guide, files) == read(library, files)


def test_the_written_order_and_prefixes_are_the_library_s(files: FolderFiles) -> None:
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


def test_the_standard_s_misspellings_are_kept(files: FolderFiles) -> None:
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
    files: FolderFiles, sheets: dict[str, Compiled]
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


# --- attachments -----------------------------------------------------------------------------------

OWN_ZIP = zipped(b"x", "b.txt")
DOCX = zipped(b"<Types/>", "[Content_Types].xml")
FORMS = {
    "zipped and said so": (zipped(PDF), "a.pdf", "application/zip", PDF, "application/pdf"),
    "zipped, called pdf": (zipped(PDF), "a.pdf", "application/pdf", PDF, "application/pdf"),
    "zipped, called text": (zipped(b"xin", "x.txt"), "a.txt", "text/plain", b"xin", "text/plain"),
    "raw, its own type": (PDF, "a.pdf", "application/pdf", PDF, "application/pdf"),
    "raw, called zip": (PDF, "a.pdf", "application/zip", PDF, "application/pdf"),
    "an office file by itself": (DOCX, "a.docx", "application/octet-stream", DOCX, ""),
    "an office file zipped": (
        zipped(DOCX, "0d0f8c4e-8f6a-4c53-8d7e-2f1c3b4a5d6e.docx"), "a.docx", "application/zip", DOCX, "",
    ),
    "a citizen's own zip": (OWN_ZIP, "a.zip", "application/zip", OWN_ZIP, "application/zip"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_what_an_attachment_is_its_bytes_decide(form: str, files: FolderFiles) -> None:
    """Three forms circulate, and archives that are files themselves; declared types are not believed."""
    content, name, declared, expected, media = FORMS[form]
    package = read(document(attachments=attachment(content, name, declared), manifest=reference()), files)
    assert content_of(package, files) == expected
    assert package.files[0].name == name
    if media:
        assert package.files[0].media_type == media
    again = read(written(package.tree, files), files)
    assert again == package


def test_a_zip_within_a_zip_survives(files: FolderFiles) -> None:
    """What a reader would take for a wrapping is wrapped once more, whatever type it is declared as."""
    inner = zipped(PDF)
    source = document(
        attachments=attachment(zipped(inner, "x.pdf"), "a.pdf", "application/pdf"), manifest=reference()
    )
    package = read(source, files)
    assert content_of(package, files) == inner
    assert content_of(read(written(package.tree, files), files), files) == inner


@pytest.mark.parametrize(("named", "attached"), [("cid:7", "7"), ("7", "cid:7"), ("CID:7", "7"), ("7", "7")])
def test_cid_is_written_on_both_sides_however_it_came(named: str, attached: str, files: FolderFiles) -> None:
    """Some write `cid:` on one side only; the join is by what is behind it."""
    source = document(attachments=attachment(zipped(PDF), identity=attached), manifest=reference(named))
    package = read(source, files)
    assert package.notes == ()
    assert package.tree.findtext(f"{Q}Attachment/{Q}ContentId") == "7"
    assert written(package.tree, files).count(b"cid:7</") == 2


def test_a_manifest_and_attachments_that_disagree_are_noted(files: FolderFiles) -> None:
    """Attachments count, the manifest does not (reference 7.15)."""
    source = document(attachments=attachment(zipped(PDF)), manifest=reference("cid:other"))
    package = read(source, files)
    assert len(package.files) == 1
    assert len(package.notes) == 2


def test_wrapped_base64_is_taken(files: FolderFiles) -> None:
    """Line breaks in the encoded text mean nothing."""
    text = base64.encodebytes(zipped(PDF)).decode().replace("\n", "\r\n   ")
    assert content_of(read(document(attachments=encoded(text), manifest=reference()), files), files) == PDF


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("${__StringFromFile(test.txt,,,)}", "no base64"),
        ("QUJD QUI", "cut off"),
        ("QQ==QQ==", "no base64"),
        ("Ả" * 8, "no base64"),
    ],
)
def test_what_is_no_base64_is_a_problem_with_its_place(text: str, what: str, files: FolderFiles) -> None:
    """Never a shorter file."""
    (problem,) = problems(document(attachments=encoded(text), manifest=reference()), files)
    assert problem.path == "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert what in problem.what


def test_behind_a_very_long_text_the_path_says_where(files: FolderFiles) -> None:
    """A line that lxml cannot hold is none, never another one."""
    long = base64.b64encode(bytes(240_000)).decode()
    lines = "\n".join(long[at : at + 4] for at in range(0, len(long), 4))
    source = document(
        attachments=encoded(lines, identity="1") + encoded("???", identity="2"),
        manifest=reference("1") + reference("2"),
    )
    assert where(source, files) == [("AttachmentEncoded/Attachment/1/ContentTransferEncoded", 0)]


@pytest.mark.parametrize("name", ["../a.pdf", "/etc/passwd", "a/../../b", "C:\\a.pdf", "..\\x", "a\x7fb.pdf"])
def test_a_name_that_leads_out_of_a_folder_is_refused(name: str, files: FolderFiles) -> None:
    """Nobody after us shall write it; a stroke as in 15/UBND.pdf is common and stays."""
    source = document(attachments=attachment(zipped(PDF), name), manifest=reference())
    assert [each.path for each in problems(source, files)] == ["AttachmentEncoded/Attachment/AttachmentName"]
    assert (
        read(document(attachments=attachment(zipped(PDF), "15/UBND.pdf")), files).files[0].name
        == "15/UBND.pdf"
    )


# --- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "day", ["30/10/2020", "2020-10-30", "2020/10/32", "2020/1/3", "2014/02/30", "31/12/31"]
)
def test_a_day_in_another_form_is_a_problem_with_its_path_and_line(day: str, files: FolderFiles) -> None:
    """Never a year 31, never nothing (reference 7.5)."""
    source = document(ORGANS + REST.replace("2026/11/20</e:PromulgationDate>", f"{day}</e:PromulgationDate>"))
    (problem,) = problems(source, files)
    assert problem.path == "MessageHeader/PromulgationInfo/PromulgationDate"
    assert problem.line == source.decode().split(day)[0].count("\n") + 1
    assert "yyyy/MM/dd" in problem.what
    assert day not in str(problem)


def test_the_day_within_a_document_id_is_never_looked_at(files: FolderFiles) -> None:
    """Ids are not taken apart: a known one has 2014/02/30 in it."""
    source = document(ORGANS + REST.replace("H12.06,2026/11/20", "H12.06,2014/02/30"))
    assert read(source, files).document_id == "H12.06,2014/02/30,15/SNNMT-VP"


def test_all_problems_come_at_once_in_the_order_of_their_lines(files: FolderFiles) -> None:
    """Days, times, numbers, twins and contents of every attachment."""
    source = document(
        ORGANS
        + REST.replace("<e:Type>2<", "<e:Type>hai<").replace("2026/11/20</e:Prom", "20/11/2026</e:Prom")
        + "\n<e:Subject>lại</e:Subject>",
        TRACE.replace("2026/11/20 08:00:00", "2026-11-20T08:00:00"),
        attachment(zipped(PDF)[:-30], identity="1")
        + encoded("???", identity="2")
        + attachment(PDF, "", identity="3"),
        reference("1") + reference("2") + reference("3", ""),
    )
    found = where(source, files)
    assert [path for path, _ in found] == [
        "MessageHeader/PromulgationInfo/PromulgationDate",
        "MessageHeader/DocumentType/Type",
        "MessageHeader/Subject",
        "TraceHeaderList/TraceHeader/Timestamp",
        "AttachmentEncoded/Attachment/0/ContentTransferEncoded",
        "AttachmentEncoded/Attachment/1/ContentTransferEncoded",
        "AttachmentEncoded/Attachment/2/AttachmentName",
    ]
    assert all(line > 0 for _, line in found)


def test_an_empty_steering_type_is_never_written(files: FolderFiles) -> None:
    """It crashes a known receiver: it is read as 0 with a note, and a tree without one gets it."""
    for said in ("<e:SteeringType></e:SteeringType>", "<e:SteeringType/>", ""):
        source = document(ORGANS + REST.replace("<e:SteeringType>1</e:SteeringType>", said))
        package = read(source, files)
        assert [note.path for note in package.notes] == ["MessageHeader/SteeringType"]
        assert b"<edXML:SteeringType>0</edXML:SteeringType>" in written(package.tree, files)
    tree = read(document(), files).tree
    steering = tree.find(f"{Q}MessageHeader/{Q}SteeringType")
    steering.text = ""
    assert b"<edXML:SteeringType>0</edXML:SteeringType>" in written(tree, files)


def test_letters_that_xml_reserves_and_vietnamese_ones_survive(files: FolderFiles) -> None:
    """What stands in a value comes back, whatever it is."""
    subject = "A &lt;B&gt; &amp; \"C\" 'D' ]]&gt; Nguyễn Thị Út &#13;đuôi"
    package = read(document(ORGANS + REST.replace("V/v cấp giấy phép", subject)), files)
    again = read(written(package.tree, files), files)
    assert again.tree.findtext(f"{Q}MessageHeader/{Q}Subject") == "A <B> & \"C\" 'D' ]]> Nguyễn Thị Út \rđuôi"


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    content=st.binary(max_size=300),
    declared=st.sampled_from([None, "application/zip", "text/plain"]),
)
def test_any_document_we_can_have_comes_through_sheet_and_package_unchanged(
    seed: int, content: bytes, declared: str | None
) -> None:
    """Generated documents with generated files: written by both, read by both, the same."""
    sheet, files = _compiled(), Memory()
    message = Maker(Random(seed), "ioffice").message(sheet.plan)  # noqa: S311 - a seeded stream
    stored = files.keep(io.BytesIO(content), name="a", media_type="")
    message = structs.replace(message, files=_with_file(message.files, stored.hash, declared))
    try:
        tree = sheet.write(message, source="ioffice").tree
    except MappingError:  # two recipients that chance made the same
        return
    out = io.BytesIO()
    write_package(tree, files, out)
    package = read(out.getvalue(), files)
    package.tree.attrib.update(tree.attrib)
    again = sheet.read(package.tree, source="ioffice").message
    assert _comparable(again) == _comparable(message)


@cache
def _compiled() -> Compiled:
    return compile_sheet(load_sheets()["ioffice/document"])


def _with_file(files: tuple[Attachment, ...], file: str, declared: str | None) -> tuple[Attachment, ...]:
    return tuple(
        structs.replace(each, id=f"{count}", file=file, declared_type=declared)
        for count, each in enumerate(files)
    )


def _comparable(message: Any) -> Any:
    """With what the package says in its own way: an undeclared type is declared."""
    files = tuple(
        structs.replace(each, declared_type=each.declared_type or "application/zip") for each in message.files
    )
    return structs.replace(message, files=files)


# --- statuses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "13", "15", "16"])
def test_every_status_is_carried(code: str, files: FolderFiles, sheets: dict[str, Compiled]) -> None:
    """All nine codes, through codec and sheet both ways; header only, in the order of the samples."""
    package = read(status(STATUS.replace(">03<", f">{code}<")), files)
    message = sheets["status"].read(package.tree, source="ioffice").message
    text = written(sheets["status"].write(message, source="ioffice").tree, files)
    assert b"edXMLBody" not in text
    assert b"AttachmentEncoded" not in text
    assert read(text, files).tree.findtext(f"{Q}MessageHeader/{Q}StatusCode") == code
    header = etree.fromstring(text).find(f".//{Q}MessageHeader")
    assert header is not None
    assert [etree.QName(each).localname for each in header] == [
        "From", "ResponseFor", "StatusCode", "Description", "Timestamp",
    ]  # fmt: skip


def test_a_status_with_code_and_organ_exchanged_is_put_right(files: FolderFiles) -> None:
    """A known sender writes them so (reference 7.12)."""
    source = STATUS.replace("<e:OrganId>H12.06</e:OrganId>", "<e:OrganId>15/SNNMT-VP</e:OrganId>").replace(
        "<e:Code>15/SNNMT-VP</e:Code>", "<e:Code>H12.06</e:Code>"
    )
    package = read(status(source), files)
    assert package == read(status(), files)
    assert len(package.notes) == 1


@pytest.mark.parametrize("code", ["3", "14", "99", "xx"])
def test_no_other_status_is_written(code: str, files: FolderFiles) -> None:
    """What comes in may be anything, and the sheet judges it; out go two digits that exist."""
    tree = read(status(STATUS.replace(">03<", f">{code}<")), files).tree
    with pytest.raises(PackageError, match="StatusCode"):
        written(tree, files)


# --- the frame -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((b"<edXML ", b"<EdXML "), "<EdXML>"),
        ((N.encode(), b"http://www.go.vn/eDoc"), "http://www.go.vn/eDoc"),
        ((b"e:edXMLHeader", b"e:edXMLKopf"), "there is edXMLKopf"),
        ((b"e:MessageHeader", b"e:Header"), "there is Header"),
    ],
)
def test_another_frame_is_refused_with_what_stands_there(
    change: tuple[bytes, bytes], says: str, files: FolderFiles
) -> None:
    """Four failed attempts of one integrator, each with its reason (reference 7.9)."""
    source = document()
    if change[0] == b"<edXML ":
        source = source.replace(b"</edXML>", b"</EdXML>")
    (problem,) = problems(source.replace(*change), files)
    assert says in problem.what


def test_a_layer_that_stands_twice_is_refused(files: FolderFiles) -> None:
    """Nobody could say which of the two counts."""
    header = document().partition(b"<e:MessageHeader>")[2].partition(b"</e:MessageHeader>")[0].decode()
    twice = document(trace=TRACE + f"<e:MessageHeader>{header}</e:MessageHeader>" + TRACE)
    assert [path for path, _ in where(twice, files)] == [
        "edXMLEnvelope/edXMLHeader/MessageHeader",
        "TraceHeaderList",
    ]


def test_an_attachment_outside_of_its_place_is_refused(files: FolderFiles) -> None:
    """A known receiver reads none there: it would be lost (reference 7.9)."""
    inline = document(manifest=attachment(zipped(PDF)))
    assert [path for path, _ in where(inline, files)] == ["Attachment"]


def test_what_an_attachment_says_twice_is_refused_and_what_nobody_knows_is_noted(files: FolderFiles) -> None:
    """Two contents under one name: nobody could say which; a misspelled attachment is told."""
    both = attachment(zipped(PDF)).replace("</Attachment>", "<ContentType>x</ContentType></Attachment>")
    assert [path for path, _ in where(document(attachments=both, manifest=reference()), files)] == [
        "AttachmentEncoded/Attachment/ContentType"
    ]
    source = document(attachments="<Attachement><ContentId>1</ContentId></Attachement>")
    assert [note.path for note in read(source, files).notes] == ["Attachement"]


def test_elements_of_no_namespace_are_told_from_those_that_are_meant(files: FolderFiles) -> None:
    """They are called the same, and are others."""
    (problem,) = problems(
        document()
        .replace(b"e:MessageHeader>", b"MessageHeader xmlns=''>", 1)
        .replace(b"</e:MessageHeader>", b"</MessageHeader>"),
        files,
    )
    assert 'there is MessageHeader of the namespace ""' in problem.what


def test_what_is_of_another_namespace_is_noted_and_left_out(files: FolderFiles) -> None:
    """It has no place in what we write."""
    package = read(document(ORGANS + REST + "<x:More xmlns:x='urn:x'>1</x:More>"), files)
    assert [note.path for note in package.notes] == ["MessageHeader/More"]
    assert package == read(document(), files)
    other = read(document().replace(b"<e:edXMLBody>", b"<e:ErrorList/><e:edXMLBody>"), files)
    assert [note.path for note in other.notes] == ["ErrorList"]


def test_a_soap_envelope_is_told_from_a_package(files: FolderFiles) -> None:
    """The eDoc profile is another door."""
    soap = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>'
    (problem,) = problems(soap, files)
    assert "SOAP" in problem.what


def test_a_byte_order_mark_is_taken_and_a_blank_before_the_declaration_is_not(files: FolderFiles) -> None:
    """As the known parser has it (reference 7.7)."""
    assert read(b"\xef\xbb\xbf" + document(), files) == read(document(), files)
    (problem,) = problems(b"\n" + document(), files)
    assert problem.line == 2
    assert "nothing may stand before it" in problem.what


@pytest.mark.parametrize(
    "there", ["<e:Code>chữ<e:CodeNumber>", "<e:Code><e:CodeNumber>15</e:CodeNumber>chữ<e:X>"]
)
def test_letters_between_elements_are_refused(there: str, files: FolderFiles) -> None:
    """They would be lost without a word."""
    source = document(ORGANS + REST.replace("<e:Code><e:CodeNumber>", there))
    (problem,) = problems(source.replace(b"<e:X>15</e:CodeNumber>", b"<e:X/>"), files)
    assert "text between elements" in problem.what


def test_a_signature_block_is_left_out(files: FolderFiles) -> None:
    """It is true of other bytes, in either namespace, with anything inside (reference 7.8)."""
    for block in (
        "<Signature><SignedInfo/></Signature>",
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><a/></Signature>',
        "<e:DigitalSignature/>",
    ):
        source = document(trace=TRACE + block)
        assert read(source, files) == read(document(), files)


# --- the store -------------------------------------------------------------------------------------


def test_a_package_that_names_a_file_that_nobody_has_is_not_written(files: FolderFiles) -> None:
    """All problems before the first byte."""
    tree = read(document(attachments=attachment(zipped(PDF)), manifest=reference()), files).tree
    tree.find(f"{Q}Attachment/{Q}FileId").text = "0" * 64
    tree.find(f"{Q}Attachment/{Q}AttachmentName").text = ""
    out = io.BytesIO()
    with pytest.raises(PackageError) as caught:
        write_package(tree, files, out)
    assert [each.path for each in caught.value.problems] == ["Attachment/AttachmentName", "Attachment/FileId"]
    assert out.getvalue() == b""


def test_the_store_keeps_by_content_and_opens_nothing_else(files: FolderFiles, tmp_path: Path) -> None:
    """The same bytes are one file; an id is a hash and never a path."""
    (tmp_path / "secret").write_text("x")
    one, two = (files.keep(io.BytesIO(PDF), name=name, media_type="application/pdf") for name in "ab")
    assert one.hash == two.hash
    for other in ("../secret", "0" * 64, "", f"../{one.hash}"):
        with pytest.raises(NoSuchFileError):
            files.open(other)
    assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == [one.hash]
