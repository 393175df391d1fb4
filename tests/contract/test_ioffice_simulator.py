"""The simulated axis against an independent client: plain httpx that signs by itself, after reference 5.1."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.adapters.edxml_packages import ORGANS, REST, STATUS, TRACE, N

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[2]
SYSTEM, SECRET = "00.00.H12", "bi-mat-truc"


def package(header: str = ORGANS + REST, trace: str = TRACE, attached: str = "", manifest: str = "") -> bytes:
    """A document in the form of the vendor library."""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{N}"><edXML:edXMLEnvelope xmlns:edXML="{N}">'
        f"<edXML:edXMLHeader><edXML:MessageHeader>{header}</edXML:MessageHeader>{trace}</edXML:edXMLHeader>"
        f'<edXML:edXMLBody><edXML:edXMLManifest version="1.0">{manifest}</edXML:edXMLManifest>'
        f"</edXML:edXMLBody></edXML:edXMLEnvelope>{attached}</edXML>"
    )
    return text.replace("<e:", "<edXML:").replace("</e:", "</edXML:").encode()


def told(header: str = STATUS) -> bytes:
    """A status in the form of the samples."""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="{N}"><edXML:edXMLEnvelope xmlns:edXML="{N}">'
        f"<edXML:edXMLHeader><edXML:MessageHeader>{header}</edXML:MessageHeader></edXML:edXMLHeader>"
        "</edXML:edXMLEnvelope></edXML>"
    )
    return text.replace("<e:", "<edXML:").replace("</e:", "</edXML:").encode()


def as_the_library(content: bytes) -> str:
    """SHA-256 as the vendor library writes it: each byte without its leading zero (7.3)."""
    return "".join(format(byte, "x") for byte in hashlib.sha256(content).digest())


@dataclass
class Peer:
    """A running axis, and a client that signs."""

    http: httpx.Client
    process: subprocess.Popen[str]

    def call(
        self,
        operation: str,
        inputs: dict[str, str],
        body: bytes = b"",
        *,
        secret: str = SECRET,
        changed: dict[str, str] | None = None,
        method: str = "POST",
    ) -> httpx.Response:
        """Call; `changed` headers differ from what is signed."""
        kind = "application/octet-stream" if operation == "sendEdoc" else "application/json"
        stamp = time.strftime("%d%m%YT%H%M%S") + "+0042"
        named = {"Content-Type": kind, **inputs, "timestamp": stamp, "systemid": SYSTEM}
        headers = {f"XroadVnpt-{key}": value for key, value in named.items()}
        text = json.dumps(headers, separators=(",", ":"))
        signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers |= {
            "Content-Type": kind,
            "User-Agent": "JAVASDKAgent/1.0.0 XRoad/VPCP",
            "XroadVnpt-version": "3.0.201608",
            "XroadVnpt-sign-header-key": ";".join(named),
            "XroadVnpt-sign-header": text,
            "XroadVnpt-hash-header": signature,
        }
        return self.http.request(method, f"/{operation}", headers=headers | (changed or {}), content=body)

    def ok(self, operation: str, inputs: dict[str, str], body: bytes = b"") -> dict[str, Any]:
        """Call and get a success."""
        answer: dict[str, Any] = self.call(operation, inputs, body).json()
        assert (answer["status"], answer["ErrorCode"]) == ("OK", "0"), answer
        return answer

    def send(self, content: bytes, kind: str = "edoc", sender: str = "H12.06") -> dict[str, Any]:
        """Send a package as the library does: the hash without zeros, CRLF behind the file (7.3, 7.4)."""
        inputs = {
            "from": sender,
            "servicetype": "eDoc",
            "messagetype": kind,
            "hash-file": as_the_library(content),
        }
        answer: dict[str, Any] = self.call("sendEdoc", inputs, content + b"\r\n").json()
        return answer

    def waiting(self, kind: str = "edoc") -> list[dict[str, Any]]:
        """What waits for our units."""
        rows: list[dict[str, Any]] = self.ok(
            "getReceivedEdocList", {"servicetype": "eDoc", "messagetype": kind}
        )["data"]
        return rows

    def arrive(self, to: str = "H12.06", count: int = 1) -> None:
        """Let an agency send to a unit of ours."""
        self.http.post("/_sim/documents", json={"to": to, "count": count}).raise_for_status()


def start(folder: Path, units: str = "H12.06", *more: str) -> Peer:
    """Start an axis over a folder."""
    options = (*more, "--units", units, "--pace", "0.03", "--reject", "0", "--give-back", "0")
    process = subprocess.Popen(  # noqa: S603 - our own simulator
        [sys.executable, "-m", "adapters.ioffice.simulator", "--data", str(folder), *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    return Peer(httpx.Client(base_url=url, trust_env=False), process)


def end(peer: Peer, *, kill: bool = False) -> None:
    """End an axis, softly or as a crash does."""
    peer.http.close()
    (peer.process.kill if kill else peer.process.terminate)()
    peer.process.wait(10)
    assert peer.process.stdout is not None
    peer.process.stdout.close()


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """One axis for all tests: each uses ids of its own."""
    one = start(tmp_path_factory.mktemp("axis"))
    yield one
    end(one)


LIST = {"servicetype": "eDoc", "messagetype": "edoc"}


@pytest.mark.parametrize(
    ("changed", "secret", "code"),
    [
        ({}, "sai", "15"),
        ({"XroadVnpt-systemid": "00.99.H99"}, SECRET, "15"),
        ({"XroadVnpt-sign-header": "{}"}, SECRET, "15"),
        ({"XroadVnpt-messagetype": "status"}, SECRET, "21"),
        ({"XroadVnpt-sign-header-key": "systemid;timestamp"}, SECRET, "21"),
        ({"Content-Type": "text/plain"}, SECRET, "21"),
        ({"XroadVnpt-version": ""}, SECRET, "21"),
    ],
)
def test_a_call_that_is_not_signed_as_it_should_be_is_refused(
    changed: dict[str, str], secret: str, code: str, peer: Peer
) -> None:
    """Secret, system, text, headers and keys must all agree."""
    answer = peer.call("getReceivedEdocList", LIST, secret=secret, changed=changed).json()
    assert (answer["status"], answer["ErrorCode"]) == ("FAIL", code)


def test_a_packet_waits_until_it_is_acknowledged(peer: Peer) -> None:
    """List, get, done; fail takes it off as well; processing does not; twice is a duplicate."""
    peer.arrive(count=2)
    one, two = (row["docId"] for row in peer.waiting())
    content = base64.b64decode(peer.ok("getEdoc", {"docId": one}, b"{}")["data"])
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    download = peer.call("downloadEdoc", {"docId": one}, method="GET")
    assert download.content == content
    peer.ok("updateStatus", {"docId": one, "status": "processing"}, b"{}")
    assert {row["docId"] for row in peer.waiting()} == {one, two}
    peer.ok("updateStatus", {"docId": one, "status": "done"}, b"{}")
    peer.ok("updateStatus", {"docId": two, "status": "fail"}, b"{}")
    assert peer.waiting() == []
    before = peer.http.get("/_sim/effects").json()["duplicates"]
    peer.ok("updateStatus", {"docId": one, "status": "done"}, b"{}")
    assert peer.http.get("/_sim/effects").json()["duplicates"] == before + 1


def test_what_nobody_has_is_refused(peer: Peer) -> None:
    """In the axis's own form; a packet state is none of the codes 01 to 16."""
    assert peer.call("getEdoc", {"docId": "x"}, b"{}").json()["ErrorCode"] == "20"
    assert peer.call("updateStatus", {"docId": "x", "status": "done"}, b"{}").json()["ErrorCode"] == "20"
    assert peer.call("updateStatus", {"docId": "x", "status": "03"}, b"{}").json()["ErrorCode"] == "21"
    assert (
        peer.call("countReceiveEdoc", {"servicetype": "eDoc", "messagetype": "x"}, b"{}").json()["ErrorCode"]
        == "21"
    )


def test_a_document_is_taken_once_and_answered_by_its_recipient(peer: Peer) -> None:
    """01, 03, 05, an answer, 06; the second time it exists (reference 4)."""
    assert peer.send(package())["status"] == "OK"
    assert peer.send(package())["ErrorCode"] == "M.Exist"
    until = time.monotonic() + 5
    while len(peer.waiting("status")) < 4 and time.monotonic() < until:
        time.sleep(0.02)
    contents = [
        base64.b64decode(peer.ok("getEdoc", {"docId": row["docId"]}, b"{}")["data"]).decode()
        for row in peer.waiting("status")
    ]
    codes = [text.split("<edXML:StatusCode>")[1][:2] for text in contents]
    assert codes == ["01", "03", "05", "06"]
    (answer,) = peer.waiting()
    text = base64.b64decode(peer.ok("getEdoc", {"docId": answer["docId"]}, b"{}")["data"]).decode()
    assert (
        "<edXML:DocumentId>H12.06,2026/11/20,15/SNNMT-VP</edXML:DocumentId>" in text.split("ResponseFor")[1]
    )
    peer.ok("updateStatus", {"docId": answer["docId"], "status": "done"}, b"{}")
    (row,) = peer.ok("getSentEdocList", LIST)["data"]
    assert (row["notation"], row["title"], row["fromCode"]) == ("15/SNNMT-VP", "V/v cấp giấy phép", "H12.06")


def test_a_unit_s_own_office_decides_for_it_and_takes_over_from_others(tmp_path: Path) -> None:
    """With `--offices` a unit is sent nothing that its office has: of its own a document comes back."""
    others = ORGANS[: ORGANS.index("<e:To>")], ORGANS[ORGANS.index("</e:To>") :]
    peer = start(tmp_path, "H12.06,H12.01", "--offices")
    try:
        for to in ("H12.06", "H12.01"):
            recipient = f"<e:To><e:OrganId>{to}</e:OrganId><e:OrganName>A</e:OrganName>"
            sent = package(others[0] + recipient + others[1] + REST.replace("15/SNNMT-VP", f"15/{to}"))
            assert peer.send(sent)["status"] == "OK"
        until = time.monotonic() + 5
        while len(peer.waiting("status")) < 8 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(peer.waiting("status")) == 8
        assert [row["from"] for row in peer.waiting()] == ["H12.06"]
    finally:
        end(peer)


ASKED = (
    STATUS.replace("000.00.00.G22", "X")
    .replace("<e:OrganId>H12.06<", "<e:OrganId>000.00.00.G22<")
    .replace("X", "H12.06")
)
WRONG = {
    "a lost prefix": package(ORGANS + REST.replace("e:Subject", "Subject")),
    "a prefixed root": package()
    .replace(b"<edXML xmlns=", b"<x:edXML xmlns:x=")
    .replace(b"</edXML>", b"</x:edXML>"),
    "a blank before": b"\n" + package(),
    "a DTD": package().replace(b"?>\n", b"?><!DOCTYPE edXML>", 1),
    "another namespace": package().replace(N.encode(), b"http://www.go.vn/eDoc"),
    "a day of another form": package(ORGANS + REST.replace("2026/11/20</e:Prom", "20/11/2026</e:Prom")),
    "an empty SteeringType": package(ORGANS + REST.replace(">1</e:Steer", "></e:Steer")),
    "another order": package(REST + ORGANS),
    "a recipient twice": package(ORGANS + ORGANS.partition("\n<e:To>")[2].join(["<e:To>", ""]) + REST),
    "no trace": package(trace=""),
    "a zip that is none": package(
        manifest="<e:Reference><e:ContentId>cid:1</e:ContentId></e:Reference>",
        attached="<AttachmentEncoded><Attachment><ContentId>cid:1</ContentId><AttachmentName>a</AttachmentName>"
        "<ContentType>application/zip</ContentType><ContentTransferEncoded>JVBERi0=</ContentTransferEncoded>"
        "</Attachment></AttachmentEncoded>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_package_that_a_known_receiver_fails_at_is_refused(name: str, peer: Peer) -> None:
    """Each with the clause of the reference."""
    answer = peer.send(WRONG[name])
    assert answer["ErrorCode"] == "22", answer
    assert answer["ErrorDesc"]


@pytest.mark.parametrize(
    "header",
    [
        ASKED.replace(">03<", ">14<"),
        ASKED.replace(">03<", ">3<"),
        ASKED.replace("2026/11/20 09:00:00", "2026-11-20T09:00:00"),
        ASKED.replace("<e:OrganId>000.00.00.G22</e:OrganId>", ""),
    ],
)
def test_a_status_that_says_too_little_is_refused(header: str, peer: Peer) -> None:
    """Two digits that exist, a time of the form, somebody it goes to."""
    assert peer.send(told(header), "status")["ErrorCode"] == "22"


def test_who_asks_a_document_back_is_answered(peer: Peer) -> None:
    """13 goes to the recipient, who gives it back or not: here not, by the options."""
    assert peer.send(told(ASKED.replace(">03<", ">13<")), "status")["status"] == "OK"
    until = time.monotonic() + 5
    found: list[str] = []
    while not any("<edXML:StatusCode>16<" in text for text in found) and time.monotonic() < until:
        found = [
            base64.b64decode(peer.ok("getEdoc", {"docId": row["docId"]}, b"{}")["data"]).decode()
            for row in peer.waiting("status")
        ]
        time.sleep(0.02)
    assert any("<edXML:StatusCode>16<" in text for text in found)


def test_only_a_unit_of_the_caller_may_send_and_only_what_it_says(peer: Peer) -> None:
    """Sender, hash and kind agree with the package."""
    inputs = {"from": "H12.06", "servicetype": "eDoc", "messagetype": "edoc", "hash-file": "0" * 64}
    assert peer.call("sendEdoc", inputs, package()).json()["ErrorCode"] == "10"
    assert peer.send(package(), sender="H99")["ErrorCode"] == "19"
    assert peer.send(package(), kind="status")["ErrorCode"] == "22"


def test_what_was_sent_outlives_a_crash(tmp_path: Path) -> None:
    """Packets, their states and known documents are there again after a kill."""
    one = start(tmp_path)
    one.arrive(count=2)
    first = one.waiting()[0]["docId"]
    one.ok("updateStatus", {"docId": first, "status": "done"}, b"{}")
    assert one.send(package())["status"] == "OK"
    end(one, kill=True)
    two = start(tmp_path)
    assert len([row for row in two.waiting() if row["docId"] == first]) == 0
    assert len(two.waiting()) >= 1
    assert two.send(package())["ErrorCode"] == "M.Exist"
    end(two)


def test_any_bytes_can_be_put_into_an_inbox(peer: Peer) -> None:
    """What another connection centre may send: the control takes what the axis would refuse."""
    raw = base64.b64encode(b"khong phai XML").decode()
    known = peer.http.post("/_sim/arrive", json={"package": raw, "to": "H12.06"}).json()["docId"]
    assert base64.b64decode(peer.ok("getEdoc", {"docId": known}, b"{}")["data"]) == b"khong phai XML"
    peer.ok("updateStatus", {"docId": known, "status": "fail"}, b"{}")
