"""The edXML codec: values in their one form, and what else stands there is named with its place."""

import io
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from adapters.ioffice.edxml import (
    write_package,
)
from bench.edxml import Memory
from bus.files import FileStore
from mappings.dossier import File
from mappings.engine import Compiled, MappingError, compile_sheet
from mappings.laws_make import Maker
from mappings.official import Attachment
from mappings.sheet import load_sheets
from tests.unit.adapters.edxml.codec import PDF, Q, problems, read, where, written
from tests.unit.adapters.edxml_packages import (
    ORGANS,
    REST,
    TRACE,
    attachment,
    document,
    encoded,
    reference,
    zipped,
)


@pytest.mark.parametrize(
    "day", ["30/10/2020", "2020-10-30", "2020/10/32", "2020/1/3", "2014/02/30", "31/12/31"]
)
def test_a_day_in_another_form_is_a_problem_with_its_path_and_line(day: str, files: FileStore) -> None:
    """Never a year 31, never nothing (reference 7.5)."""
    source = document(ORGANS + REST.replace("2026/11/20</e:PromulgationDate>", f"{day}</e:PromulgationDate>"))
    (problem,) = problems(source, files)
    assert problem.path == "MessageHeader/PromulgationInfo/PromulgationDate"
    assert problem.line == source.decode().split(day)[0].count("\n") + 1
    assert "yyyy/MM/dd" in problem.what
    assert day not in str(problem)


def test_the_day_within_a_document_id_is_never_looked_at(files: FileStore) -> None:
    """Ids are not taken apart: a known one has 2014/02/30 in it."""
    source = document(ORGANS + REST.replace("H12.06,2026/11/20", "H12.06,2014/02/30"))
    assert read(source, files).document_id == "H12.06,2014/02/30,15/SNNMT-VP"


def test_all_problems_come_at_once_in_the_order_of_their_lines(files: FileStore) -> None:
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


def test_an_empty_steering_type_is_never_written(files: FileStore) -> None:
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


def test_a_text_as_long_as_is_allowed_comes_back_and_a_longer_one_is_named(files: FileStore) -> None:
    """Blanks that stand behind an element do not count for it."""
    longest = document(ORGANS + REST.replace("V/v cấp giấy phép", "x" * 100_000))
    package = read(longest, files)
    assert read(written(package.tree, files), files) == package
    (problem,) = problems(document(ORGANS + REST.replace("V/v cấp giấy phép", "x" * 100_001)), files)
    assert problem.path.endswith("MessageHeader/Subject")


def test_letters_that_xml_reserves_and_vietnamese_ones_survive(files: FileStore) -> None:
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
    message = structs.replace(message, files=_with_file(message.files, stored, declared))
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


def _with_file(files: tuple[Attachment, ...], file: File, declared: str | None) -> tuple[Attachment, ...]:
    return tuple(
        structs.replace(each, id=f"{count}", file=file, declared_type=declared)
        for count, each in enumerate(files)
    )


def _comparable(message: Any) -> Any:
    """With what the package says in its own way: an undeclared type is declared, the store names the file."""
    files = tuple(
        structs.replace(
            each,
            declared_type=each.declared_type or "application/zip",
            file=structs.replace(each.file, name="", media_type=""),
        )
        for each in message.files
    )
    return structs.replace(message, files=files)
