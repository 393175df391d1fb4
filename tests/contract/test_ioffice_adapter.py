"""The axis's adapter against an axis written from the reference alone, then against the simulator."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from lxml import etree

from adapters.ioffice.adapter import TYPE, IOffice
from adapters.ioffice.edxml import FolderFiles, read_package
from adapters.ioffice.settings import IOfficeSettings, Most
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.peer_settings import Timeout
from bus.ports import Call, Deadline, Incoming, Page
from bus.settings import Seconds, Secret, Size, Url
from mappings.dossier import Agency, Document, Dossier, File
from mappings.engine import Compiled, compile_sheet
from mappings.official import DocumentStatus, OfficialDocument
from mappings.sheet import load_sheets
from tests.contract.strict_axis import SECRET, STANDARD, SYSTEM, StrictAxis, server
from tests.unit.adapters.edxml_attacks import large

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "adapters" / "ioffice" / "samples"
DOCUMENT, ANSWER, STATUS = (
    (SAMPLES / f"{name}.edxml").read_bytes()
    for name in ("document.dossier", "document.answer", "status.accepted")
)
Q = f"{{{STANDARD}}}"
Connect = Callable[..., IOffice]


@pytest.fixture
def peer() -> Iterator[StrictAxis]:
    """An axis that ends with the test, and had nothing to complain of."""
    one = StrictAxis()
    yield one
    assert one.complaints == []


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    """The store of the test's connectors."""
    return FolderFiles(tmp_path / "files")


@pytest.fixture
def connect(peer: StrictAxis, files: FolderFiles) -> Iterator[Connect]:
    """Make connectors to the axis."""
    http = server(peer)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    made: list[IOffice] = []

    def build(**settings: Any) -> IOffice:
        url = f"http://127.0.0.1:{http.server_address[1]}/XrdAdapter/adapter"
        made.append(adapter(url, files, **settings))
        return made[-1]

    yield build
    for one in made:
        one.close()
    http.shutdown()
    http.server_close()


def adapter(url: str, files: FolderFiles, *, secret: str = SECRET, **settings: Any) -> IOffice:
    """A connector to the axis at `url`."""
    own: dict[str, Any] = {
        "type": "ioffice",
        "endpoint": Url(url),
        "mode": "live",
        "system_id": SYSTEM,
        "secret": Secret(secret),
        "timeout": Timeout(connect=Seconds(1), answer=Seconds(5)),
    }
    return IOffice("ioffice", IOfficeSettings(**(own | settings)), files)


@pytest.fixture(scope="module")
def sheets() -> dict[str, Compiled]:
    """The sheets of the axis."""
    found = load_sheets()
    return {name: compile_sheet(found[f"ioffice/{name}"]) for name in ("document", "status", "dossier")}


class Reader:
    """What polls a box as the bus does: items and cursor of a page commit together."""

    def __init__(self, one: IOffice, poll: str = "documents") -> None:
        self._poll = next(each for each in one.polls if each.name == poll)
        self.cursor = ""
        self.broken: list[tuple[bytes, str]] = []

    def page(self) -> Page:
        """Poll once and keep what came."""
        page: Page = self._poll.fetch(self.cursor, lambda _: {})
        self.cursor = page.cursor
        self.broken += page.broken
        return page

    def drain(self) -> list[Incoming]:
        """Poll until nothing is left."""
        items: list[Incoming] = []
        for _ in range(50):
            page = self.page()
            items += page.items
            if not page.more:
                return items
        raise AssertionError("the poll does not end")


def call(request: Any, *, attempt: int = 1) -> Call:
    """One attempt at an operation."""
    return Call(request, "0e3bd0a0-0000-4000-8000-000000000002", attempt, Deadline(time.monotonic() + 10))


def tree_of(package: bytes, files: FolderFiles) -> Any:
    """The tree of a shipped package, as a sheet would write it."""
    return read_package(io.BytesIO(package), files).tree


def text(package: bytes, path: str) -> list[str | None]:
    """The texts at a path of a package that was sent."""
    root = etree.fromstring(package)
    return [each.text for each in root.iterfind(".//" + "/".join(Q + step for step in path.split("/")))]


# --- taking in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fetch", ["getEdoc", "downloadEdoc"])
def test_a_document_is_listed_fetched_kept_and_only_then_acknowledged(
    fetch: str, peer: StrictAxis, connect: Connect, files: FolderFiles, sheets: dict[str, Compiled]
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
    with files.open(message.files[0].file) as stored:
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
    peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """Nothing encoded goes into the ledger; every byte that came lies in the store."""
    peer.arrives("a", DOCUMENT)
    (item,) = Reader(connect()).page().items
    raw = etree.fromstring(item.raw)
    with files.open(raw.get("package") or "") as stored:
        assert stored.read() == DOCUMENT
    assert b"ContentTransferEncoded" not in item.raw
    assert raw.get("docId") == "a"


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


# --- sending ---------------------------------------------------------------------------------------


def test_a_document_is_sent_as_the_library_sends_it(
    peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """Inputs and package agree; our hop is the last trace; the note has the axis's id."""
    answer = connect().operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    (sent,) = peer.sent
    assert (sent.inputs["from"], json.loads(sent.inputs["to"])) == ("H12.06", ["000.00.00.G22"])
    assert sent.inputs["messagetype"] == "edoc"
    assert text(sent.body, "TraceHeader/OrganId") == ["H12.06", "H12.06"]
    assert text(sent.body, "DocumentId")[0] == "H12.06,2026/11/20,15/SNNMT-VP"
    assert answer.note == "docId sent-1"
    assert json.loads(answer.raw)["DocId"] == "sent-1"


def test_a_status_goes_to_the_side_that_it_is_about(
    peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """By ResponseFor/OrganId: there is no To."""
    tree = tree_of(STATUS, files)
    connect().operations["send_status"].call(call(tree))
    (sent,) = peer.sent
    assert (sent.inputs["from"], json.loads(sent.inputs["to"])) == ("000.00.00.G22", ["H12.06"])
    assert sent.inputs["messagetype"] == "status"
    assert b"edXMLBody" not in sent.body


def test_a_dossier_is_sent_as_a_document_with_its_files(
    peer: StrictAxis, connect: Connect, files: FolderFiles, sheets: dict[str, Compiled], tmp_path: Path
) -> None:
    """MCDT_DT, its number as reference code, an id put together; a component without a file is left out."""
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.4 don")
    with (tmp_path / "x.pdf").open("rb") as content:
        file = files.keep(content, name="Đơn.pdf", media_type="application/pdf")
    request = sheets["dossier"].write(dossier(file), source="ioffice").tree
    operation = connect().operations["send_dossier"]
    operation.call(call(request))
    (sent,) = peer.sent
    assert text(sent.body, "MessageHeader/DocumentId") == [
        "H12.06,2026/11/20,H12.06-261120-0001/Hồ sơ liên thông"
    ]
    assert text(sent.body, "ApplicationType") == ["MCDT_DT"]
    assert text(sent.body, "ReferenceCodes") == ["H12.06-261120-0001"]
    assert text(sent.body, "Attachment/AttachmentName") == ["Đơn.pdf"]
    assert operation.key is not None
    assert operation.key(request) == "H12.06,2026/11/20,H12.06-261120-0001/Hồ sơ liên thông"


def dossier(file: File) -> Dossier:
    """An invented dossier that was taken in."""
    return Dossier(
        code="H12.06-261120-0001",
        subject="Cấp giấy phép cho ông Danh Sóc Kha",
        procedure="1.001193",
        intake_agency=Agency(code="H12.06", name="Sở Nông nghiệp và Môi trường"),
        handling_agency=Agency(code="H12", name="UBND tỉnh Cà Mau"),
        accepted_at=datetime.fromisoformat("2026-11-20T08:00:00+07:00"),
        due_at=datetime.fromisoformat("2026-11-27T17:00:00+07:00"),
        documents=(Document(id="1", name="Đơn đề nghị", file=file), Document(id="2", name="Bản vẽ")),
    )


ANSWERS = [
    ("FAIL 10 file không hợp lệ", PermanentError),
    ("FAIL 18 đơn vị nhận không tồn tại", PermanentError),
    ("FAIL 22 edXML sai chuẩn", PermanentError),
    ("FAIL 23 đơn vị nhận bị khóa", RefusedByPeerError),
    ("FAIL 15 sai SystemId", TransientError),
    ("FAIL 19 đơn vị gửi chưa đăng ký", TransientError),
    ("FAIL 20 lỗi hệ thống", OutcomeUnknownError),
    ("FAIL 77 một câu chưa ai thấy", OutcomeUnknownError),
    ("502 <html>", OutcomeUnknownError),
    ("200 không phải JSON", OutcomeUnknownError),
    ("403 {}", TransientError),
    ("lost", OutcomeUnknownError),
    ("half", OutcomeUnknownError),
    ("never", OutcomeUnknownError),
]


@pytest.mark.parametrize(("act", "kind"), ANSWERS, ids=[act for act, _ in ANSWERS])
def test_every_answer_is_named_for_what_is_to_be_done(
    act: str, kind: type[DeliveryError], peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """What may have been done is unknown; what the axis says that it did not do is not."""
    peer.script["sendEdoc"] = [act]
    with pytest.raises(kind) as caught:
        connect().operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    assert type(caught.value) is kind
    assert caught.value.text


def test_nobody_there_means_that_nothing_was_done(files: FolderFiles) -> None:
    """A port that nobody listens at."""
    one = adapter("http://127.0.0.1:9", files)
    with pytest.raises(TransientError):
        one.operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    one.close()


def test_a_document_that_is_there_already_is_ours_only_where_we_sent_it_before(
    peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """A resend has had its effect; a first attempt met somebody else's document, and a person looks."""
    peer.script["sendEdoc"] = ["FAIL M.Exist Document already exists"] * 2
    operation = connect().operations["send_document"]
    with pytest.raises(PermanentError):
        operation.call(call(tree_of(DOCUMENT, files)))
    assert "earlier attempt" in operation.call(call(tree_of(DOCUMENT, files), attempt=2)).note


@pytest.mark.parametrize(("trust", "absent"), [("partial", "cannot say"), ("complete", "not there")])
def test_an_unknown_outcome_is_looked_up_in_the_list_of_what_was_sent(
    trust: str, absent: str, peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """Found is done; not found counts only where the installation says that the list is complete."""
    operation = connect(sent_list=trust).operations["send_document"]
    request = tree_of(DOCUMENT, files)
    assert operation.lookup is not None
    assert operation.lookup(call(request)).outcome == absent
    peer.script["sendEdoc"] = ["lost"]
    with pytest.raises(OutcomeUnknownError):
        operation.call(call(request))
    assert operation.lookup(call(request)).outcome == "done"
    assert operation.lookup(call(tree_of(ANSWER, files))).outcome == absent


def test_an_update_cannot_be_looked_up(connect: Connect, files: FolderFiles) -> None:
    """It has sign and title of what it updates."""
    request = tree_of(DOCUMENT.replace(b"BussinessDocType>0<", b"BussinessDocType>2<"), files)
    operation = connect(sent_list="complete").operations["send_document"]
    assert operation.lookup is not None
    assert operation.lookup(call(request)).outcome == "cannot say"
    assert connect(sent_list="none").operations["send_document"].certainty == "person"


def test_a_package_that_is_wrong_is_not_sent(peer: StrictAxis, connect: Connect, files: FolderFiles) -> None:
    """All problems, and no call; a sender that is none of our units neither."""
    tree = tree_of(DOCUMENT, files)
    tree.find(f"{Q}MessageHeader/{Q}DocumentType/{Q}Type").text = "hai"
    tree.find(f"{Q}Attachment/{Q}FileId").text = "0" * 64
    operation = connect().operations["send_document"]
    with pytest.raises(PermanentError) as caught:
        operation.call(call(tree))
    assert len(caught.value.problems) == 2
    with pytest.raises(PermanentError, match="none of the connector's units"):
        connect(units=("H12.01",)).operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    assert peer.seen == []


def test_a_file_over_the_limit_is_refused_both_ways(
    peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """With a reason, before anything is sent; coming in it is dead intake."""
    one = connect(most=Most(attachment=Size(10)))
    with pytest.raises(PermanentError) as caught:
        one.operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    assert "more than 10 bytes" in str(caught.value.problems[0])
    peer.arrives("a", DOCUMENT)
    reader = Reader(one)
    reader.drain()
    assert "more than 10 bytes" in reader.broken[0][1]


def test_a_disk_that_takes_nothing_is_no_fault_of_the_message(
    peer: StrictAxis, connect: Connect, files: FolderFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was done, either way: it is tried again, and the axis keeps what it has."""
    request = tree_of(DOCUMENT, files)
    (tmp_path / "no-folder").write_text("")
    one = connect()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no-folder"))
    with pytest.raises(TransientError, match="disk"):
        one.operations["send_document"].call(call(request))
    assert peer.seen == []
    peer.arrives("a", DOCUMENT)
    reader = Reader(one)
    with pytest.raises(TransientError, match="disk"):
        reader.page()
    monkeypatch.undo()
    assert [item.key for item in reader.drain()] == ["a"]


def test_a_value_that_no_header_can_carry_is_a_permanent_error(
    peer: StrictAxis, connect: Connect, files: FolderFiles
) -> None:
    """A code with letters of Vietnamese never leaves."""
    tree = tree_of(DOCUMENT, files)
    tree.find(f"{Q}MessageHeader/{Q}From/{Q}OrganId").text = "Sở"
    with pytest.raises(PermanentError):
        connect().operations["send_document"].call(call(tree))
    assert peer.seen == []


def test_a_wrong_secret_is_named_by_the_probe(connect: Connect) -> None:
    """Layer by layer, and no further."""
    assert [one.ok for one in connect().probe()] == [True] * 5
    layers = list(connect(secret="sai").probe())
    assert [(one.layer, one.ok) for one in layers][-1] == ("login", False)
    assert "secret" in layers[-1].text


def test_a_large_package_passes_both_ways_in_little_memory(
    peer: StrictAxis, connect: Connect, tmp_path: Path
) -> None:
    """64 MB of a file, 113 MB of an answer: taken in and sent on in less than 30 MB of memory."""
    peer.arrives("large", b"".join(large(64)))
    endpoint = str(connect()._settings.endpoint)
    script = str(Path(__file__).with_name("ioffice_child.py"))
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, script, endpoint, str(tmp_path / "files")],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    told = json.loads(done.stdout)
    assert told["size"] > 63_000_000
    assert told["megabytes"] < 30, told
    assert len(peer.sent[0].body) > 84_000_000


# --- the simulator ---------------------------------------------------------------------------------


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """A running simulator: its address and that of its control."""
    process = subprocess.Popen(  # noqa: S603 - our own simulator
        [sys.executable, "-m", "adapters.ioffice.simulator", "--data", str(folder), *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        line = json.loads(process.stdout.readline())
        yield line["url"], line["control_url"]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_a_document_sent_to_a_simulated_agency_comes_back_as_steps_and_an_answer(
    tmp_path: Path, files: FolderFiles, sheets: dict[str, Compiled]
) -> None:
    """01, 03, 05, the answer with ResponseFor, 06; then 13 is answered by 15. Each effect once."""
    request = tree_of(DOCUMENT, files)
    with simulator(
        tmp_path / "sim", "--pace", "0.05", "--reject", "0", "--give-back", "1", "--units", "H12.06"
    ) as (url, control):
        one = adapter(url, files, secret="bi-mat-truc")
        assert all(layer.ok for layer in one.probe())
        one.operations["send_document"].call(call(request))
        statuses, documents = Reader(one, "statuses"), Reader(one)
        told = gathered(statuses, 4)
        states = [sheets["status"].read(item.tree, source="ioffice").message for item in told]
        assert [each.status for each in states] == ["arrived", "accepted", "in_progress", "finished"]
        (answer,) = gathered(documents, 1)
        message = sheets["document"].read(answer.tree, source="ioffice").message
        assert message.responds_to[0].document_id == states[0].document_id
        one.operations["send_status"].call(call(asked_back(states[0], sheets["status"])))
        (back,) = gathered(statuses, 1)
        assert sheets["status"].read(back.tree, source="ioffice").message.status == "agreed"
        statuses.drain()
        with pytest.raises(PermanentError):
            one.operations["send_document"].call(call(request))
        effects = httpx.get(f"{control}/_sim/effects").json()["by_operation"]
        assert effects["sendEdoc"] | effects["updateStatus"] == {
            "applied": 6, "duplicates": 0, "refused": 0, "echoes": 0, "out_of_order": 0,
        }  # fmt: skip
        assert effects["sendEdoc"]["refused"] == 1
        one.close()


def asked_back(told: DocumentStatus, sheet: Compiled) -> Any:
    """A status 13: from the document's sender to the agency that has it (reference 3)."""
    changed = msgspec.structs.replace(
        told,
        sender=Agency(code="H12.06", name="Sở Nông nghiệp và Môi trường"),
        about=Agency(code=told.sender.code),
        status="ask_back",
        text="Gửi nhầm tệp",
        staff=None,
        axis_id=None,
    )
    return sheet.write(changed, source="ioffice").tree


def gathered(reader: Reader, count: int) -> list[Incoming]:
    """Poll until so many came."""
    items: list[Incoming] = []
    until = time.monotonic() + 10
    while len(items) < count and time.monotonic() < until:
        items += reader.drain()
        time.sleep(0.02)
    return items


def test_a_lost_answer_at_the_simulator_is_one_effect(tmp_path: Path, files: FolderFiles) -> None:
    """The outcome is unknown, the look-up finds it, and a resend meets the document that is there."""
    request = tree_of(DOCUMENT, files)
    with simulator(tmp_path / "sim", "--units", "H12.06", "--pace", "60") as (url, control):
        one = adapter(url, files, secret="bi-mat-truc")
        httpx.post(
            f"{control}/_sim/switch",
            json={"mode": "lose_answer", "operation": "sendEdoc", "seconds": 0, "times": 1},
        )
        operation = one.operations["send_document"]
        with pytest.raises(OutcomeUnknownError):
            operation.call(call(request))
        assert operation.lookup is not None
        assert operation.lookup(call(request, attempt=2)).outcome == "done"
        assert "earlier attempt" in operation.call(call(request, attempt=2)).note
        effects = httpx.get(f"{control}/_sim/effects").json()
        assert effects["by_operation"]["sendEdoc"]["applied"] == 1
        one.close()


def test_a_type_says_what_its_connector_offers() -> None:
    """Operations are known without building one."""
    assert TYPE.operations == ("send_document", "send_dossier", "send_status")
