"""The edXML codec: what an attachment is, its bytes and its name decide."""

import base64
import io

import pytest

from adapters.ioffice.edxml import (
    PackageError,
    write_package,
)
from bus.files import FileStore
from tests.unit.adapters.edxml.codec import PDF, Q, content_of, problems, read, where, written
from tests.unit.adapters.edxml_packages import (
    attachment,
    document,
    encoded,
    reference,
    zipped,
)

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
def test_what_an_attachment_is_its_bytes_decide(form: str, files: FileStore) -> None:
    """Three forms circulate, and archives that are files themselves; declared types are not believed."""
    content, name, declared, expected, media = FORMS[form]
    package = read(document(attachments=attachment(content, name, declared), manifest=reference()), files)
    assert content_of(package, files) == expected
    assert package.files[0].name == name
    if media:
        assert package.files[0].media_type == media
    again = read(written(package.tree, files), files)
    assert again == package


def test_a_zip_within_a_zip_survives(files: FileStore) -> None:
    """What a reader would take for a wrapping is wrapped once more, whatever type it is declared as."""
    inner = zipped(PDF)
    source = document(
        attachments=attachment(zipped(inner, "x.pdf"), "a.pdf", "application/pdf"), manifest=reference()
    )
    package = read(source, files)
    assert content_of(package, files) == inner
    assert content_of(read(written(package.tree, files), files), files) == inner


@pytest.mark.parametrize(("named", "attached"), [("cid:7", "7"), ("7", "cid:7"), ("CID:7", "7"), ("7", "7")])
def test_cid_is_written_on_both_sides_however_it_came(named: str, attached: str, files: FileStore) -> None:
    """Some write `cid:` on one side only; the join is by what is behind it."""
    source = document(attachments=attachment(zipped(PDF), identity=attached), manifest=reference(named))
    package = read(source, files)
    assert package.notes == ()
    assert package.tree.findtext(f"{Q}Attachment/{Q}ContentId") == "7"
    assert written(package.tree, files).count(b"cid:7</") == 2


def test_a_manifest_and_attachments_that_disagree_are_noted(files: FileStore) -> None:
    """Attachments count, the manifest does not (reference 7.15)."""
    source = document(attachments=attachment(zipped(PDF)), manifest=reference("cid:other"))
    package = read(source, files)
    assert len(package.files) == 1
    assert len(package.notes) == 2


def test_wrapped_base64_is_taken(files: FileStore) -> None:
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
def test_what_is_no_base64_is_a_problem_with_its_place(text: str, what: str, files: FileStore) -> None:
    """Never a shorter file."""
    (problem,) = problems(document(attachments=encoded(text), manifest=reference()), files)
    assert problem.path == "AttachmentEncoded/Attachment/ContentTransferEncoded"
    assert what in problem.what


def test_behind_a_very_long_text_the_path_says_where(files: FileStore) -> None:
    """A line that lxml cannot hold is none, never another one."""
    long = base64.b64encode(bytes(240_000)).decode()
    lines = "\n".join(long[at : at + 4] for at in range(0, len(long), 4))
    source = document(
        attachments=encoded(lines, identity="1") + encoded("???", identity="2"),
        manifest=reference("1") + reference("2"),
    )
    assert where(source, files) == [("AttachmentEncoded/Attachment/1/ContentTransferEncoded", 0)]


@pytest.mark.parametrize("name", ["../a.pdf", "/etc/passwd", "a/../../b", "C:\\a.pdf", "..\\x", "a\x7fb.pdf"])
def test_a_name_that_leads_out_of_a_folder_is_refused(name: str, files: FileStore) -> None:
    """Nobody after us shall write it."""
    source = document(attachments=attachment(zipped(PDF), name), manifest=reference())
    assert [each.path for each in problems(source, files)] == ["AttachmentEncoded/Attachment/AttachmentName"]


def test_the_sender_s_name_stays_on_the_wire_and_the_store_has_a_safe_one(files: FileStore) -> None:
    """A stroke as in 15/UBND.pdf is common: it comes back as it was, and no file of ours is called so."""
    package = read(document(attachments=attachment(zipped(PDF), "15/UBND.pdf")), files)
    assert package.files[0].name == "UBND.pdf"
    assert package.tree.findtext(f"{Q}Attachment/{Q}AttachmentName") == "15/UBND.pdf"
    assert read(written(package.tree, files), files) == package


def test_a_package_that_names_a_file_that_nobody_has_is_not_written(files: FileStore) -> None:
    """All problems before the first byte."""
    tree = read(document(attachments=attachment(zipped(PDF)), manifest=reference()), files).tree
    tree.find(f"{Q}Attachment/{Q}FileId").text = "0" * 64
    tree.find(f"{Q}Attachment/{Q}AttachmentName").text = ""
    out = io.BytesIO()
    with pytest.raises(PackageError) as caught:
        write_package(tree, files, out)
    assert [each.path for each in caught.value.problems] == ["Attachment/AttachmentName", "Attachment/FileId"]
    assert out.getvalue() == b""
