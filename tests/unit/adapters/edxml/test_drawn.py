"""The edXML codec against packages drawn from the reference's tables by a generator that knows no codec."""

import time

import pytest

from adapters.ioffice.edxml import Limits
from bench.edxml import Memory
from bus.files import FileStore
from tests.unit.adapters.edxml.codec import Q, problems, read, written
from tests.unit.adapters.edxml_grammar import drawn, faulty, leaves
from tests.unit.adapters.edxml_packages import STATUS, attachment, document, reference, status

DRAWN = 150
BLOCKS = range(0, DRAWN, 50)


def said(element: object, path: str = "") -> list[tuple[str, str]]:
    """All values below an element of our tree, with their paths."""
    here = f"{path}/{element.tag.removeprefix(Q)}"  # type: ignore[attr-defined]
    children = list(element)  # type: ignore[call-overload]
    if children:
        return sorted(value for child in children for value in said(child, here))
    return [(here, element.text)] if element.text else []  # type: ignore[attr-defined]


@pytest.mark.parametrize("first", BLOCKS)
def test_what_a_drawn_package_says_is_read_and_stays_through_writing_and_reading(first: int) -> None:
    """Orders, prefixes, encodings, CDATA, comments, cid:, forms of attachments: every value, every byte."""
    for seed in range(first, first + 50):
        one, store = drawn(seed), Memory()
        began = time.process_time()
        package = read(one.content, store)
        assert time.process_time() - began < 1.0, seed
        assert package.kind == one.kind, seed
        assert said(package.tree.find(f"{Q}MessageHeader")) == leaves(one.header), seed
        trace = package.tree.find(f"{Q}TraceHeaderList")
        assert (said(trace) if trace is not None else None) == (leaves(one.trace) if one.trace else None), (
            seed
        )
        names = [each.text for each in package.tree.iterfind(f"{Q}Attachment/{Q}AttachmentName")]
        contents = [store.open(file.hash).read() for file in package.files]
        assert list(zip(names, contents, strict=True)) == [
            (each.name, each.content) for each in one.attached
        ], seed
        text = written(package.tree, store)
        again = read(text, store)
        assert (again, again.files) == (package, package.files), seed
        assert written(again.tree, store) == text, seed


@pytest.mark.parametrize("first", BLOCKS)
def test_one_mistake_in_a_drawn_package_is_named_with_its_place(first: int, files: FileStore) -> None:
    """Values, twins, strays, contents, frames, entities: the error names the element."""
    for seed in range(first, first + 50):
        content, place = faulty(seed)
        found = problems(content, files)
        assert any(place in str(problem) for problem in found), (seed, place, found)
        assert any(problem.line for problem in found), seed


def test_a_hard_blank_in_a_file_s_name_is_no_attack_and_marks_that_turn_text_are(files: FileStore) -> None:
    """Word puts U+00A0 into titles; U+202E makes fdp.exe read as exe.pdf. The store's own name is safe."""
    kept = document(attachments=attachment(b"a", "Tờ\u00a0trình.pdf"), manifest=reference())
    package = read(kept, files)
    assert package.tree.findtext(f"{Q}Attachment/{Q}AttachmentName") == "Tờ\u00a0trình.pdf"
    assert package.files[0].name == "Tờ trình.pdf"
    for mark in ("\u202e", "\u2066", "\u2028", "\u0085"):
        (problem,) = problems(document(attachments=attachment(b"a", f"a{mark}fdp.exe")), files)
        assert problem.path.endswith("AttachmentName")


@pytest.mark.parametrize("code", ["3", "14", "99", "xx"])
def test_a_strange_status_is_carried_as_it_came_and_noted(code: str, files: FileStore) -> None:
    """The codec changes nothing (reference 7.12): the sheet parks it, and what we send is checked there."""
    package = read(status(STATUS.replace(">03<", f">{code}<")), files, Limits())
    assert [note.path for note in package.notes] == ["MessageHeader/StatusCode"]
    assert read(written(package.tree, files), files) == package
