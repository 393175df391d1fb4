"""The edXML codec: statuses, and the frame of a package."""

import pytest
from lxml import etree

from bus.files import FileStore
from mappings.engine import Compiled
from tests.unit.adapters.edxml.codec import PDF, Q, problems, read, where, written
from tests.unit.adapters.edxml_packages import (
    ORGANS,
    REST,
    STATUS,
    TRACE,
    N,
    attachment,
    document,
    reference,
    status,
    zipped,
)


@pytest.mark.parametrize("code", ["01", "02", "03", "04", "05", "06", "13", "15", "16"])
def test_every_status_is_carried(code: str, files: FileStore, sheets: dict[str, Compiled]) -> None:
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


def test_a_status_with_code_and_organ_exchanged_is_put_right(files: FileStore) -> None:
    """A known sender writes them so (reference 7.12)."""
    source = STATUS.replace("<e:OrganId>H12.06</e:OrganId>", "<e:OrganId>15/SNNMT-VP</e:OrganId>").replace(
        "<e:Code>15/SNNMT-VP</e:Code>", "<e:Code>H12.06</e:Code>"
    )
    package = read(status(source), files)
    assert package == read(status(), files)
    assert len(package.notes) == 1


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
    change: tuple[bytes, bytes], says: str, files: FileStore
) -> None:
    """Four failed attempts of one integrator, each with its reason (reference 7.9)."""
    source = document()
    if change[0] == b"<edXML ":
        source = source.replace(b"</edXML>", b"</EdXML>")
    (problem,) = problems(source.replace(*change), files)
    assert says in problem.what


def test_a_layer_that_stands_twice_is_refused(files: FileStore) -> None:
    """Nobody could say which of the two counts."""
    header = document().partition(b"<e:MessageHeader>")[2].partition(b"</e:MessageHeader>")[0].decode()
    twice = document(trace=TRACE + f"<e:MessageHeader>{header}</e:MessageHeader>" + TRACE)
    assert [path for path, _ in where(twice, files)] == [
        "edXMLEnvelope/edXMLHeader/MessageHeader",
        "TraceHeaderList",
    ]


def test_an_attachment_outside_of_its_place_is_refused(files: FileStore) -> None:
    """A known receiver reads none there: it would be lost (reference 7.9)."""
    inline = document(manifest=attachment(zipped(PDF)))
    assert [path for path, _ in where(inline, files)] == ["Attachment"]


def test_what_an_attachment_says_twice_is_refused_and_what_nobody_knows_is_noted(files: FileStore) -> None:
    """Two contents under one name: nobody could say which; a misspelled attachment is told."""
    both = attachment(zipped(PDF)).replace("</Attachment>", "<ContentType>x</ContentType></Attachment>")
    assert [path for path, _ in where(document(attachments=both, manifest=reference()), files)] == [
        "AttachmentEncoded/Attachment/ContentType"
    ]
    source = document(attachments="<Attachement><ContentId>1</ContentId></Attachement>")
    assert [note.path for note in read(source, files).notes] == ["Attachement"]


def test_elements_of_no_namespace_are_told_from_those_that_are_meant(files: FileStore) -> None:
    """They are called the same, and are others."""
    (problem,) = problems(
        document()
        .replace(b"e:MessageHeader>", b"MessageHeader xmlns=''>", 1)
        .replace(b"</e:MessageHeader>", b"</MessageHeader>"),
        files,
    )
    assert 'there is MessageHeader of the namespace ""' in problem.what


def test_what_is_of_another_namespace_is_noted_and_left_out(files: FileStore) -> None:
    """It has no place in what we write."""
    package = read(document(ORGANS + REST + "<x:More xmlns:x='urn:x'>1</x:More>"), files)
    assert [note.path for note in package.notes] == ["MessageHeader/More"]
    assert package == read(document(), files)
    other = read(document().replace(b"<e:edXMLBody>", b"<e:ErrorList/><e:edXMLBody>"), files)
    assert [note.path for note in other.notes] == ["ErrorList"]


def test_a_soap_envelope_is_told_from_a_package(files: FileStore) -> None:
    """The eDoc profile is another door."""
    soap = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>'
    (problem,) = problems(soap, files)
    assert "SOAP" in problem.what


def test_a_byte_order_mark_is_taken_and_a_blank_before_the_declaration_is_not(files: FileStore) -> None:
    """As the known parser has it (reference 7.7)."""
    assert read(b"\xef\xbb\xbf" + document(), files) == read(document(), files)
    (problem,) = problems(b"\n" + document(), files)
    assert problem.line == 2
    assert "nothing may stand before it" in problem.what


@pytest.mark.parametrize(
    "there", ["<e:Code>chữ<e:CodeNumber>", "<e:Code><e:CodeNumber>15</e:CodeNumber>chữ<e:X>"]
)
def test_letters_between_elements_are_refused(there: str, files: FileStore) -> None:
    """They would be lost without a word."""
    source = document(ORGANS + REST.replace("<e:Code><e:CodeNumber>", there))
    (problem,) = problems(source.replace(b"<e:X>15</e:CodeNumber>", b"<e:X/>"), files)
    assert "text between elements" in problem.what


def test_a_signature_block_is_left_out(files: FileStore) -> None:
    """It is true of other bytes, in either namespace, with anything inside (reference 7.8)."""
    for block in (
        "<Signature><SignedInfo/></Signature>",
        '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><a/></Signature>',
        "<e:DigitalSignature/>",
    ):
        source = document(trace=TRACE + block)
        assert read(source, files) == read(document(), files)
