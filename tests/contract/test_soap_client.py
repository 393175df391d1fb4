"""The kit's SOAP client at the reference's table of broken endpoints (2.4), each a real server that is so."""

import base64
import hashlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from lxml import etree

from adapters._kit.http import Http, Line
from adapters._kit.soap import SoapClient
from adapters._kit.soap_contract import Contract
from adapters._kit.soap_token import WSSE, WSU, UsernameToken
from adapters._kit.wordings import Wording
from bus.errors import (
    DeliveryError,
    OutcomeUnknownError,
    PermanentError,
    RefusedByPeerError,
    TransientError,
)
from bus.ports import Deadline
from bus.settings import Secret
from tests.contract.broken_endpoint import (
    GOOD,
    BrokenEndpoint,
    Conversation,
    answers,
    dripping,
    envelope,
    fault,
    gzipped,
    reset,
    silent,
)

pytestmark = pytest.mark.contract

CONTRACT = Contract(Path(__file__).with_name("lab.wsdl"))
AT = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
ASKED: dict[str, Any] = {"number": "H12-1", "at": AT, "state": "OPEN", "person": "Trần Văn Ổn"}
PAGE = "<html><head><title>x</title></head><body><p>down</p></body></html>"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WORDINGS = (
    Wording("*", "*", "hồ sơ không hợp lệ", "refused", "The peer refuses."),
    Wording("file", "Server", "đang bận", "busy", "The peer is busy."),
)

Serve = Callable[[Conversation], BrokenEndpoint]
Connect = Callable[..., SoapClient]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Make endpoints that end with the test."""
    made: list[BrokenEndpoint] = []

    def make(conversation: Conversation) -> BrokenEndpoint:
        made.append(BrokenEndpoint(conversation))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make clients of the lab's contract."""
    made: list[Http] = []

    def make(address: str, *, token: UsernameToken | None = None, answer: float = 0.6) -> SoapClient:
        made.append(Http(Line(connect=0.5, answer=answer)))
        return SoapClient(CONTRACT, made[-1], address, wordings=WORDINGS, token=token)

    yield make
    for one in made:
        one.close()


def soon(seconds: float = 2) -> Deadline:
    """A deadline that many seconds from now."""
    return Deadline(monotonic() + seconds)


def failure(client: SoapClient, *, effect: bool, operation: str = "file", **values: Any) -> DeliveryError:
    """The error of a call that must not succeed."""
    with pytest.raises(DeliveryError) as caught:
        client.call(operation, deadline=soon(), effect=effect, **(values or ASKED))
    return caught.value


@dataclass(frozen=True)
class Broken:
    """One line of the table: what the endpoint does, and what it means where an effect was asked for."""

    name: str
    does: Conversation
    error: type[DeliveryError] = OutcomeUnknownError
    says: str = ""


def good(**changes: str) -> str:
    """A good answer with pieces replaced."""
    text = GOOD
    for old, new in changes.items():
        text = re.sub(f"<r:{old}>[^<]*</r:{old}>", new, text)
    return envelope(text)


LATE = good(receipt="", state="<r:state>OPEN</r:state><r:receipt>1</r:receipt>")
BUSY = fault("S:Server", "e", "<detail><b>đang bận</b></detail>")
NIL = '<r:receipt xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
MIXED = envelope(
    "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>"
    "<s:Reason><s:Text>hỏng</s:Text></s:Reason></s:Fault>"
)
OTHER = '<r:sayResponse xmlns:r="urn:lab"><r:text>x</r:text></r:sayResponse>'
USES_XXE = good(receipt="<r:receipt>&x;</r:receipt>")
USES_BOMB = good(receipt="<r:receipt>&b;</r:receipt>")
BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
TABLE = [
    Broken("fault on 200", answers(fault("s:Server", "lỗi hệ thống")), says="lỗi hệ thống"),
    Broken("fault on 500", answers(fault("s:Server", "lỗi"), "500 E"), says="Server"),
    Broken(
        "fault that the table calls a refusal",
        answers(fault("S:Server", "Hồ sơ không hợp lệ"), "500 E"),
        RefusedByPeerError,
    ),
    Broken("fault whose detail the table knows", answers(BUSY), TransientError, "busy"),
    Broken("fault of the sender", answers(fault("env:Client", "thiếu trường"), "500 E"), PermanentError),
    Broken(
        "fault of our token",
        answers(fault("wsse:FailedAuthentication", "sai"), "500 E"),
        TransientError,
        "account",
    ),
    Broken("fault of 1.2's shape in a 1.1 envelope", answers(MIXED), says="hỏng"),
    Broken("fault without code or text", answers(envelope("<s:Fault/>"), "500 E")),
    Broken("404 well-formed page", answers(PAGE, "404 N", "text/html"), says="HTTP 404"),
    Broken("502 well-formed page that calls itself XML", answers(PAGE, "502 B"), says="HTTP 502"),
    Broken("403 with a SOAP body", answers(good(), "403 F"), says="HTTP 403"),
    Broken("401 ill-formed page", answers("<html><p>no", "401 U", "text/html"), TransientError, "HTTP 401"),
    Broken("503 empty", answers("", "503 S"), says="HTTP 503"),
    Broken("500 empty (PHP uncaught)", answers("", "500 E"), says="empty"),
    Broken("500 with a good answer", answers(good(), "500 E"), says="without a fault"),
    Broken("200 page", answers(PAGE, media="text/html"), says="text/html"),
    Broken("200 page that calls itself XML", answers(PAGE), says="no SOAP"),
    Broken("200 empty", answers(""), says="empty"),
    Broken("200 JSON", answers('{"ok": true}', media="application/json"), says="application/json"),
    Broken("200 truncated, said to be whole", answers(good()[:-40]), says="well-formed"),
    Broken("200 cut before its length", answers(good(), length=4000), says="broke"),
    Broken("200 line before the declaration", answers("\n" + good()), says="well-formed"),
    Broken("202 empty", answers("", "202 A"), says="HTTP 202"),
    Broken("time of another form", answers(good(taken="<r:taken>23/11/2026 14:05</r:taken>")), says="taken"),
    Broken("empty time", answers(good(taken="<r:taken/>")), says="taken"),
    Broken("word not in the list", answers(good(state="<r:state>GONE</r:state>")), says="state"),
    Broken("element missing", answers(good(receipt="")), says="receipt"),
    Broken("element unknown", answers(good(state="<r:state>OPEN</r:state><r:new>1</r:new>")), says="new"),
    Broken("element out of order", answers(LATE), says="receipt"),
    Broken("element of another namespace", answers(good(receipt='<receipt xmlns="urn:x">1</receipt>'))),
    Broken("required text empty", answers(good(receipt="<r:receipt/>")), says="receipt"),
    Broken("nil where none may be", answers(good(receipt=NIL))),
    Broken(
        "nil without its prefix declared (node)",
        answers(good(receipt='<r:receipt xsi:nil="true"/>')),
        says="well-formed",
    ),
    Broken("both branches of a choice", answers(good(person="<r:person>a</r:person><r:body>b</r:body>"))),
    Broken("another operation's answer", answers(envelope(OTHER))),
    Broken("body empty", answers(envelope("")), says="no content"),
    Broken(
        "SOAP 1.2 answer to 1.1",
        answers(envelope(GOOD, SOAP_12), media="application/soap+xml"),
        says="version",
    ),
    Broken("document type", answers(good().replace("?>", "?><!DOCTYPE x>", 1)), says="DTD"),
    Broken("external entity", answers(USES_XXE.replace("?>", f"?>{XXE}", 1)), says="DTD"),
    Broken("entities that grow", answers(USES_BOMB.replace("?>", f"?>{BOMB}", 1)), says="DTD"),
    Broken("silence", silent, says="in time"),
    Broken("a byte at a time", dripping, says="in time"),
    Broken("reset after the request", reset, says="broke"),
]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_a_broken_endpoint_ends_as_the_errors_say(case: Broken, serve: Serve, connect: Connect) -> None:
    """After the first byte only a usable answer, or one that says that nothing was done, is certain."""
    endpoint = serve(case.does)
    error = failure(connect(endpoint.url), effect=True)
    assert type(error) is case.error
    assert case.says in error.text
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_a_question_at_a_broken_endpoint_can_be_asked_again(
    case: Broken, serve: Serve, connect: Connect
) -> None:
    """Without an effect nothing is unknown; what the peer said for certain stays so."""
    error = failure(connect(serve(case.does).url), effect=False)
    wanted = TransientError if case.error is OutcomeUnknownError else case.error
    assert type(error) is wanted


@pytest.mark.parametrize(
    "does",
    [
        answers(envelope(GOOD)),
        answers(envelope(GOOD), media=""),
        answers(b"\xef\xbb\xbf" + envelope(GOOD).encode()),
        answers(envelope(GOOD).replace("UTF-8", "UTF-16").encode("utf-16"), media="text/xml; charset=utf-16"),
        gzipped(envelope(GOOD)),
        answers(envelope(GOOD.replace("</r:person>", "<!-- x -->n</r:person>"))),
    ],
    ids=["plain", "no media type", "byte order mark", "UTF-16", "gzip", "comment inside a text"],
)
def test_what_is_unusual_and_right_is_read(does: Conversation, serve: Serve, connect: Connect) -> None:
    """Encodings and compression are the line's affair; times come aware; names whole."""
    endpoint = serve(does)
    reply = connect(endpoint.url).call("file", deadline=soon(), effect=True, **ASKED)
    assert reply.value.receipt == "B-1"
    assert reply.value.taken == AT
    assert reply.value.person.startswith("Đặng Thị Mỹ")


def test_a_redirect_is_not_followed(serve: Serve, connect: Connect) -> None:
    """The library would turn the POST into a GET and take its answer for ours (reference 2.4)."""
    other = serve(answers(good()))
    endpoint = serve(answers("", "302 F", more=f"Location: {other.url}\r\n"))
    error = failure(connect(endpoint.url), effect=True)
    assert type(error) is OutcomeUnknownError
    assert "HTTP 302" in error.text
    assert other.requests == []


@pytest.mark.parametrize("effect", [True, False])
def test_nobody_there_means_that_nothing_was_done(connect: Connect, effect: bool) -> None:  # noqa: FBT001
    """Refused: before the first byte, so transient in both."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert type(failure(connect(f"http://127.0.0.1:{port}/"), effect=effect)) is TransientError


def test_a_name_that_is_not_known_means_that_nothing_was_done(connect: Connect) -> None:
    """DNS fails before the first byte; the reserved name is never known."""
    assert type(failure(connect("http://nobody.invalid/"), effect=True)) is TransientError


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "H12-1"},
        ASKED | {"body": "both"},
        {name: value for name, value in ASKED.items() if name != "person"},
        ASKED | {"state": "GONE"},
        ASKED | {"number": "a\x00b"},
        ASKED | {"colour": "red"},
        ASKED | {"at": datetime(2026, 11, 23, 7, 5)},  # noqa: DTZ001 - the mistake that is meant
        ASKED | {"at": "yesterday"},
    ],
    ids=[
        "missing",
        "two branches",
        "no branch",
        "word",
        "control character",
        "unknown",
        "naive time",
        "text",
    ],
)
def test_a_wrong_request_is_never_sent(wrong: dict[str, Any], serve: Serve, connect: Connect) -> None:
    """The library lets an empty choice, a word outside its list and a time without offset pass; we do not."""
    endpoint = serve(answers(good()))
    error = failure(connect(endpoint.url), effect=True, **wrong)
    assert isinstance(error, PermanentError)
    assert error.problems
    assert endpoint.requests == []


def test_no_value_of_an_answer_stands_in_an_error(serve: Serve, connect: Connect) -> None:
    """What breaks the contract may be a citizen's number: the element is named, its text is not."""
    endpoint = serve(answers(good(taken="<r:taken>096190000123</r:taken>")))
    error = failure(connect(endpoint.url), effect=True)
    assert "096190000123" not in error.text
    assert b"096190000123" in error.answer


def test_every_call_has_a_token_of_its_own_and_it_is_right(serve: Serve, connect: Connect) -> None:
    """Nonce and time are new, the digest is SHA-1 of nonce, time and password, and one header is there."""
    endpoint = serve(answers(good()))
    client = connect(endpoint.url, token=UsernameToken("camau", Secret("mật-khẩu")))
    for _ in range(3):
        client.call("file", deadline=soon(), effect=True, **ASKED)
    nonces = set()
    for request in endpoint.requests:
        sent = etree.fromstring(request.partition(b"\r\n\r\n")[2])
        (security,) = sent.iter(f"{{{WSSE}}}Security")
        assert security.get("{http://schemas.xmlsoap.org/soap/envelope/}mustUnderstand") == "1"
        texts = {etree.QName(each).localname: each.text or "" for each in security.iter()}
        nonce = base64.b64decode(texts["Nonce"])
        digest = hashlib.sha1(nonce + texts["Created"].encode() + "mật-khẩu".encode()).digest()  # noqa: S324
        assert base64.b64decode(texts["Password"]) == digest
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", texts["Created"])
        assert abs(datetime.fromisoformat(texts["Created"]) - datetime.now(UTC)).total_seconds() < 60
        assert next(security.iter(f"{{{WSSE}}}UsernameToken")).get(f"{{{WSU}}}Id")
        nonces.add(nonce)
    assert len(nonces) == 3


def test_many_threads_share_one_client(serve: Serve, connect: Connect) -> None:
    """Each of 200 calls on 8 threads gets the answer to its own question, some of them faults."""

    def echo(connection: socket.socket, request: bytes) -> None:
        text = re.search(rb"<[^>]*text>([^<]*)<", request)
        said = text[1].decode() if text else ""
        wrong = fault("Server", f"không {said}")
        right = envelope(f'<r:sayResponse xmlns:r="urn:lab"><r:text>{said}</r:text></r:sayResponse>')
        answers(wrong if said.endswith("7") else right)(connection, request)

    client = connect(serve(echo).url, answer=10)
    barrier = threading.Barrier(8)

    def ask(number: int) -> str:
        if number < 8:
            barrier.wait()
        try:
            return str(client.call("say", f"số {number}", deadline=soon(20), effect=True).value)
        except OutcomeUnknownError as error:
            return error.text.rpartition("không ")[2]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(200))) == [f"số {number}" for number in range(200)]
