"""Which status a peer may be shown after which: the tables of portal and axis."""

import itertools

import pytest
from lxml import etree

from adapters.ioffice.edxml.names import q
from adapters.ioffice.status_order import ORDER
from adapters.national_portal.status_order import STEPS, order
from bus.status_order import StatusOrder, reachable

ALLOWED = {
    "1": "2 3 4 5 6 7 8 9 10",
    "2": "4 5 6 7 8 9 10",
    "3": "",
    "4": "4 5 6 7 8 9 10",
    "5": "4 5 6 7 8 9 10",
    "6": "4 5 6 7 8 9 10",
    "7": "",
    "8": "",
    "9": "10",
    "10": "",
}
"""Every status that may come later, by the order of reference 4: 1→2|3; 2→4; 4↔5; 4↔6; 4|5|6→7|8; 4→9→10."""

EDXML = {
    "01": "02 03 04 05 06",
    "02": "",
    "03": "04 05 06",
    "04": "04 05 06",
    "05": "04 05 06",
    "06": "",
    "15": "",
    "16": "15",
}
"""Of one document; taking it back (13, 15, 16) is a talk of its own."""


@pytest.mark.parametrize(("before", "after"), list(itertools.product(ALLOWED, ALLOWED)))
def test_the_portal_is_shown_a_status_only_where_it_may_follow(before: str, after: str) -> None:
    """All hundred pairs; the same again is no move."""
    expected = before == after or after in ALLOWED[before].split()
    assert order("TrangThai").allows(before, after) == expected


def test_ends_are_left_by_nothing() -> None:
    """3, 7, 8 and 10 are terminal."""
    assert [status for status, follows in order("TrangThai").follow.items() if not follows] == [
        status for status in order("TrangThai").follow if status in ("3", "7", "8", "10")
    ]
    assert STEPS.keys() == ALLOWED.keys()


def test_an_installation_adds_moves_that_its_portal_allows() -> None:
    """The order is nowhere published: a finished dossier may be opened again there, and what then follows."""
    assert order("TrangThai", ("9>4",)).allows("9", "5")
    assert not order("TrangThai", ("9>4",)).allows("10", "4")


@pytest.mark.parametrize(("before", "after"), list(itertools.product(EDXML, EDXML)))
def test_a_document_s_status_goes_on_and_never_back(before: str, after: str) -> None:
    """All pairs of one side's statuses; 05 may repeat."""
    assert ORDER.allows(before, after) == (before == after or after in EDXML[before].split())


def package(document: str, status: str) -> "etree._Element":
    """A status package's tree, as far as its order is read from it."""
    tree = etree.Element(q("edXMLHeader"))
    header = etree.SubElement(tree, q("MessageHeader"))
    etree.SubElement(etree.SubElement(header, q("ResponseFor")), q("DocumentId")).text = document
    etree.SubElement(header, q("StatusCode")).text = status
    return tree


def test_each_document_has_an_order_of_its_own_and_taking_back_another() -> None:
    """Which document is meant stands in ResponseFor."""
    assert ORDER.of(package("A1", "03")) == ("A1", "03")
    assert ORDER.of(package("A2", "15")) == ("A2 back", "15")


def test_an_unknown_status_bars_nothing() -> None:
    """A code that no table has was put right by nobody, and is no reason to be silent."""
    free = StatusOrder(lambda _: ("", ""), reachable({"a": ["b"]}))
    assert free.allows("x", "a")
    assert free.follow == {"a": frozenset({"b"}), "b": frozenset()}
