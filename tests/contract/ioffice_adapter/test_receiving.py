"""Taking in from an axis written from the reference alone: list, fetch, hand over, acknowledge."""

import pytest
from lxml import etree

from adapters.ioffice.edxml.outline import put_together
from bus.errors import TransientError
from bus.files import FileStore
from mappings.engine import Compiled
from mappings.official import DocumentStatus, OfficialDocument
from tests.contract.ioffice_adapter.axes import ANSWER, DOCUMENT, STATUS, Connect, Reader
from tests.contract.strict_axis import StrictAxis
from tests.unit.adapters.edxml_packages import attachment, document

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("fetch", ["getEdoc", "downloadEdoc"])
def test_a_document_is_listed_fetched_kept_and_only_then_acknowledged(
    fetch: str, peer: StrictAxis, connect: Connect, files: FileStore, sheets: dict[str, Compiled]
) -> None:
    """The docId is the key and the axis id, DocumentId stays what it is; the attachment lies in the store."""
    peer.arrives("5f1e-axis", ANSWER)
    reader = Reader(connect(fetch=fetch))
    (item,) = reader.page().items
    assert peer.acknowledged == []
    assert (item.kind, item.key) == ("ioffice.document", "5f1e-axis")
    message: OfficialDocument = sheets["document"].read(item.tree, source="ioffice", as_of=item.as_of).message
    assert (message.axis_id, message.document_id) == ("5f1e-axis", "000.00.00.G22,2026/11/23,812/VPCP-NN")
    assert message.responds_to[0].document_id == "H12.06,2026/11/20,15/SNNMT-VP"
    assert str(item.as_of) == "2026-11-23 08:00:00+07:00"
    with files.open(message.files[0].file.hash) as stored:
        assert stored.read().startswith(b"%PDF-1.4")
    assert reader.page().items == ()
    assert peer.acknowledged == [("5f1e-axis", "done")]
    assert (reader.cursor, peer.inbox) == ("", {})


def test_what_the_bus_could_not_keep_is_not_acknowledged_and_comes_again(
    peer: StrictAxis, connect: Connect
) -> None:
    """A crash between fetching and keeping loses nothing: the cursor was not committed."""
    peer.arrives("a", DOCUMENT)
    one = connect()
    first = one.polls[0].fetch("", lambda _: {})
    again = one.polls[0].fetch("", lambda _: {})
    assert [item.key for item in first.items] == [item.key for item in again.items] == ["a"]
    assert peer.acknowledged == []


def test_an_acknowledgement_whose_answer_is_lost_is_made_again(peer: StrictAxis, connect: Connect) -> None:
    """The axis no longer knows the packet the second time; that is no reason to stop."""
    peer.arrives("a", DOCUMENT)
    reader = Reader(connect())
    reader.page()
    peer.script["updateStatus"] = ["lost"]
    with pytest.raises(TransientError):
        reader.page()
    peer.arrives("b", ANSWER)
    assert [item.key for item in reader.drain()] == ["b"]
    assert [known for known, _ in peer.acknowledged] == ["a", "a", "b"]


def test_the_raw_form_names_the_whole_package_and_its_files_by_hash(
    peer: StrictAxis, connect: Connect, files: FileStore
) -> None:
    """Nothing encoded goes into the ledger; every byte that came lies in the store."""
    peer.arrives("a", DOCUMENT)
    (item,) = Reader(connect()).page().items
    raw = etree.fromstring(item.raw)
    with files.open(raw.get("package") or "") as stored:
        assert stored.read() == DOCUMENT
    assert b"ContentTransferEncoded" not in item.raw
    assert raw.get("docId") == "a"


def test_what_the_axis_sends_takes_the_room_of_its_files_once(
    peer: StrictAxis, connect: Connect, files: FileStore
) -> None:
    """As at the agencies' door: the message names the outline, which gives the package with its files."""
    scan = b"%PDF-1.7 " + bytes(range(256)) * 400
    whole = document(attachments=attachment(scan))
    peer.arrives("a", whole)
    (item,) = Reader(connect()).page().items
    raw = etree.fromstring(item.raw)
    with files.open(raw.get("outline") or "") as outline:
        assert b"".join(put_together(outline, files.open)) == whole
    on_disk = sum(each.stat().st_size for each in files.folder.rglob("*") if each.is_file())
    assert on_disk < len(scan) + 3000 < len(whole)


def test_a_status_comes_through_its_own_box(
    peer: StrictAxis, connect: Connect, sheets: dict[str, Compiled]
) -> None:
    """Documents and statuses are asked for apart."""
    peer.arrives("s", STATUS, "status")
    peer.arrives("d", DOCUMENT)
    one = connect()
    (item,) = Reader(one, "statuses").drain()
    message: DocumentStatus = sheets["status"].read(item.tree, source="ioffice").message
    assert (message.status, message.axis_id, message.about.code) == ("accepted", "s", "H12.06")
    assert [each.key for each in Reader(one).drain()] == ["d"]


def test_a_package_that_cannot_be_read_is_dead_intake_and_acknowledged_as_failed(
    peer: StrictAxis, connect: Connect
) -> None:
    """With every problem; the good ones beside it go their way."""
    wrong = DOCUMENT.replace(b"2026/11/20</edXML:PromulgationDate>", b"20/11/2026</edXML:PromulgationDate>")
    peer.arrives("bad", wrong)
    peer.arrives("good", ANSWER)
    reader = Reader(connect())
    assert [item.key for item in reader.drain()] == ["good"]
    ((raw, why),) = reader.broken
    assert raw == wrong
    assert "docId bad" in why
    assert "MessageHeader/PromulgationInfo/PromulgationDate" in why
    assert sorted(peer.acknowledged) == [("bad", "fail"), ("good", "done")]


def test_a_package_that_the_axis_lists_and_will_not_give_is_told_once(
    peer: StrictAxis, connect: Connect
) -> None:
    """An operator sees it; it is passed over while it is listed, and never acknowledged."""
    peer.arrives("stuck", DOCUMENT)
    peer.arrives("good", ANSWER)
    peer.script["getEdoc"] = ["FAIL 20 lỗi hệ thống"]
    reader = Reader(connect())
    assert [item.key for item in reader.drain()] == ["good"]
    reader.drain()
    ((_, why),) = reader.broken
    assert why.startswith("docId stuck is listed and cannot be fetched")
    assert peer.acknowledged == [("good", "done")]
    assert peer.operations().count("getEdoc") == 2


def test_what_was_fetched_before_the_axis_went_away_is_handed_over(
    peer: StrictAxis, connect: Connect
) -> None:
    """The rest comes with the next page."""
    for known in "abc":
        peer.arrives(known, DOCUMENT)
    peer.script["getEdoc"] = ["", "502 <html>"]
    reader = Reader(connect())
    assert [item.key for item in reader.page().items] == ["a"]
    assert [item.key for item in reader.drain()] == ["b", "c"]


def test_what_is_only_observed_is_never_acknowledged_and_read_once(
    peer: StrictAxis, connect: Connect
) -> None:
    """Whoever lives from that inbox loses nothing."""
    peer.arrives("a", DOCUMENT)
    reader = Reader(connect(mode="observe"))
    assert [item.key for item in reader.drain()] == ["a"]
    peer.arrives("b", ANSWER)
    assert [item.key for item in reader.drain()] == ["b"]
    assert reader.drain() == []
    assert peer.acknowledged == []
    assert set(peer.inbox) == {"a", "b"}


def test_a_page_is_no_longer_than_the_batch(peer: StrictAxis, connect: Connect) -> None:
    """And says that there is more."""
    for known in "abcde":
        peer.arrives(known, DOCUMENT)
    reader = Reader(connect(batch=2))
    page = reader.page()
    assert (len(page.items), page.more) == (2, True)
    assert len(reader.drain()) == 3


@pytest.mark.parametrize("answer", ["502 <html>", "200 {}", "200 []", "never", "half"])
def test_an_answer_that_is_none_asks_again_later(answer: str, peer: StrictAxis, connect: Connect) -> None:
    """A list is a question: whatever goes wrong, nothing was done."""
    peer.arrives("a", DOCUMENT)
    peer.script["getReceivedEdocList"] = [answer]
    reader = Reader(connect())
    with pytest.raises(TransientError):
        reader.page()
    assert len(reader.drain()) == 1
