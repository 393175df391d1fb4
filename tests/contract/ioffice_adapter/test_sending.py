"""Sending to an axis written from the reference alone: documents, dossiers, statuses; once."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.ioffice.settings import Most
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.files import FileStore
from bus.settings import Size
from mappings.engine import Compiled
from tests.contract.ioffice_adapter.axes import (
    ANSWER,
    DOCUMENT,
    ROOT,
    STATUS,
    Connect,
    Q,
    Reader,
    adapter,
    call,
    dossier,
    text,
    tree_of,
)
from tests.contract.strict_axis import StrictAxis
from tests.unit.adapters.edxml_attacks import large

pytestmark = pytest.mark.contract


def test_a_document_is_sent_as_the_library_sends_it(
    peer: StrictAxis, connect: Connect, files: FileStore
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
    peer: StrictAxis, connect: Connect, files: FileStore
) -> None:
    """By ResponseFor/OrganId: there is no To."""
    tree = tree_of(STATUS, files)
    connect().operations["send_status"].call(call(tree))
    (sent,) = peer.sent
    assert (sent.inputs["from"], json.loads(sent.inputs["to"])) == ("000.00.00.G22", ["H12.06"])
    assert sent.inputs["messagetype"] == "status"
    assert b"edXMLBody" not in sent.body


def test_a_dossier_is_sent_as_a_document_with_its_files(
    peer: StrictAxis, connect: Connect, files: FileStore, sheets: dict[str, Compiled], tmp_path: Path
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
        "H12.06,2026/11/20,H12.06-261120-0001/Hồ sơ liên thông/H12"
    ]
    assert text(sent.body, "ApplicationType") == ["MCDT_DT"]
    assert text(sent.body, "ReferenceCodes") == ["H12.06-261120-0001"]
    assert text(sent.body, "Attachment/AttachmentName") == ["Đơn.pdf"]
    assert operation.key is not None
    assert operation.key(request) == "H12.06,2026/11/20,H12.06-261120-0001/Hồ sơ liên thông/H12"


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
    act: str, kind: type[DeliveryError], peer: StrictAxis, connect: Connect, files: FileStore
) -> None:
    """What may have been done is unknown; what the axis says that it did not do is not."""
    peer.script["sendEdoc"] = [act]
    with pytest.raises(kind) as caught:
        connect().operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    assert type(caught.value) is kind
    assert caught.value.text


def test_nobody_there_means_that_nothing_was_done(files: FileStore) -> None:
    """A port that nobody listens at."""
    one = adapter("http://127.0.0.1:9", files)
    with pytest.raises(TransientError):
        one.operations["send_document"].call(call(tree_of(DOCUMENT, files)))
    one.close()


def test_a_document_that_is_there_already_is_ours_only_where_we_sent_it_before(
    peer: StrictAxis, connect: Connect, files: FileStore
) -> None:
    """A resend has had its effect; a first attempt met somebody else's document, and a person looks."""
    peer.script["sendEdoc"] = ["FAIL M.Exist Document already exists"] * 2
    operation = connect().operations["send_document"]
    with pytest.raises(PermanentError):
        operation.call(call(tree_of(DOCUMENT, files)))
    assert "earlier attempt" in operation.call(call(tree_of(DOCUMENT, files), attempt=2)).note


@pytest.mark.parametrize(("trust", "absent"), [("partial", "cannot say"), ("complete", "not there")])
def test_an_unknown_outcome_is_looked_up_in_the_list_of_what_was_sent(
    trust: str, absent: str, peer: StrictAxis, connect: Connect, files: FileStore
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
    request.find(f"{Q}MessageHeader/{Q}To/{Q}OrganId").text = "H12.36"
    assert operation.lookup(call(request)).outcome == absent


def test_an_update_cannot_be_looked_up(connect: Connect, files: FileStore) -> None:
    """It has sign and title of what it updates."""
    request = tree_of(DOCUMENT.replace(b"BussinessDocType>0<", b"BussinessDocType>2<"), files)
    operation = connect(sent_list="complete").operations["send_document"]
    assert operation.lookup is not None
    assert operation.lookup(call(request)).outcome == "cannot say"
    assert connect(sent_list="none").operations["send_document"].certainty == "person"


def test_a_package_that_is_wrong_is_not_sent(peer: StrictAxis, connect: Connect, files: FileStore) -> None:
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
    peer: StrictAxis, connect: Connect, files: FileStore
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
    peer: StrictAxis, connect: Connect, files: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    peer: StrictAxis, connect: Connect, files: FileStore
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
    script = str(Path(__file__).with_name("child.py"))
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


def test_a_dossier_is_asked_back_by_the_very_id_under_which_it_went(
    peer: StrictAxis, connect: Connect, sheets: dict[str, Compiled], files: FileStore
) -> None:
    """A status 13 from its sender to its recipient; the same asking again has the same key."""
    file = files.keep(io.BytesIO(b"%PDF-1.4"), name="a.pdf")
    one = connect()
    sent = sheets["dossier"].write(dossier(file), source="ioffice").tree
    asked = sheets["ask_back"].write(dossier(file), source="ioffice").tree
    one.operations["send_dossier"].call(call(sent))
    one.operations["ask_back"].call(call(asked))
    document, back = peer.sent
    assert text(back.body, "ResponseFor/DocumentId") == text(document.body, "MessageHeader/DocumentId")
    assert text(back.body, "StatusCode") == ["13"]
    assert (back.inputs["from"], json.loads(back.inputs["to"])) == ("H12.06", ["H12"])
    key = one.operations["ask_back"].key
    assert key is not None
    assert key(asked) == "H12.06,2026/11/20,H12.06-261120-0001/Hồ sơ liên thông/H12#H12#13#"


def test_a_status_that_the_standard_has_not_is_never_sent(
    peer: StrictAxis, connect: Connect, files: FileStore
) -> None:
    """One that came so is carried by the codec; what goes out under our name is one of the nine."""
    tree = tree_of(STATUS, files)
    tree.find(f"{Q}MessageHeader/{Q}StatusCode").text = "14"
    with pytest.raises(PermanentError, match="none of the standard"):
        connect().operations["send_status"].call(call(tree))
    assert peer.sent == []


@pytest.mark.parametrize(
    ("operation", "kind"), [("update_dossier", "2"), ("replace_dossier", "3"), ("revoke_dossier", "1")]
)
def test_what_is_said_of_a_dossier_s_document_afterwards_names_it(
    operation: str,
    kind: str,
    peer: StrictAxis,
    connect: Connect,
    sheets: dict[str, Compiled],
    files: FileStore,
) -> None:
    """Types 1 to 3 (reference 4); the same word again has the same key, another content another one."""
    first, second = (files.keep(io.BytesIO(each), name="a.pdf") for each in (b"%PDF-1.4", b"%PDF-1.4 moi"))
    one = connect()
    sent, later = (sheets["dossier"].write(dossier(file), source="ioffice").tree for file in (first, second))
    one.operations["send_dossier"].call(call(sent))
    one.operations[operation].call(call(later))
    document, said = (each.body for each in peer.sent)
    (known,) = text(document, "MessageHeader/DocumentId")
    assert text(said, "BussinessDocType") == [kind]
    assert text(said, "Bussiness/DocumentId") == (
        [known] if kind == "2" else text(document, "Bussiness/DocumentId")
    )
    assert text(said, "ReplacementInfo/DocumentId") == ([known] if kind == "3" else [])
    assert text(said, "ReplacementInfo/OrganIdList/OrganId") == (["H12"] if kind == "3" else [])
    assert (text(said, "MessageHeader/DocumentId") == [known]) is (kind != "3")
    key = one.operations[operation].key
    assert key is not None
    assert key(later) == key(later)
    assert (key(sent) == key(later)) is (kind == "1"), "a revocation is told once"
