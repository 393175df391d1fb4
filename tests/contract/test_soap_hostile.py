"""Endpoints that nobody has seen yet, each a real server: none is taken for success, none takes for ever.

What goes wrong after the first byte of a call with an effect leaves it unknown; a question is asked again.
"""

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

import pytest

from adapters._kit.http import Http, Line
from adapters._kit.soap import SoapClient
from adapters._kit.soap_contract import Contract
from adapters._kit.soap_token import WSSE
from bus.errors import DeliveryError, OutcomeUnknownError, PermanentError, TransientError
from tests.contract.broken_endpoint import (
    GOOD,
    SOAP,
    BrokenEndpoint,
    Conversation,
    answers,
    envelope,
    fault,
)
from tests.contract.test_soap_client import ASKED, CONTRACT, WORDINGS, soon

pytestmark = pytest.mark.contract

GOOD_ENVELOPE = envelope(GOOD)
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LIMIT = 2_000_000
"""Bytes of an answer that the clients of these tests take."""

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
    """Make clients whose calls have half a second."""
    made: list[Http] = []

    def make(address: str, contract: Contract = CONTRACT) -> SoapClient:
        made.append(Http(Line(connect=0.2, answer=0.4, limit=LIMIT)))
        return SoapClient(contract, made[-1], address, wordings=WORDINGS)

    yield make
    for one in made:
        one.close()


def raw(content: bytes, *, close: bool = True) -> Conversation:
    """Answer these bytes and nothing else."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(content)
        if close:
            connection.shutdown(socket.SHUT_RDWR)

    return answer


def forever(piece: bytes, first: bytes = b"", pause: float = 0.01) -> Conversation:
    """Answer the same piece again and again until the caller goes."""

    def answer(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(first)
        end = monotonic() + 5
        while monotonic() < end:
            connection.sendall(piece)
            time.sleep(pause)

    return answer


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> Conversation:
    """Answer in chunks, with this end."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks)
    return raw(CHUNKED + body + end)


def coded(body: bytes, coding: str) -> Conversation:
    """Answer with this word for how it is packed."""
    return answers(body, more=f"Content-Encoding: {coding}\r\n")


def with_length(body: bytes, head: bytes = OK) -> bytes:
    """A whole answer as bytes."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def bodies(*contents: str) -> str:
    """An envelope with several bodies."""
    inner = "".join(f"<s:Body>{each}</s:Body>" for each in contents)
    return f'<s:Envelope xmlns:s="{SOAP}">{inner}</s:Envelope>'


FAULT = "<s:Fault><faultcode>s:Server</faultcode><faultstring>hỏng</faultstring></s:Fault>"
PACKED = gzip.compress(b"<a>" + b" " * 20_000_000 + b"</a>", 1)
WHOLE = GOOD_ENVELOPE.encode()
PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><body><form action="/login"/></body></html>'
PART = f"--x\r\nContent-Type: text/xml\r\n\r\n{GOOD_ENVELOPE}\r\n--x--\r\n"
MULTIPART = 'multipart/related; type="application/xop+xml"; boundary=x'
RENAMED = GOOD.replace("urn:lab", "urn:khac")
BARE = GOOD.replace(' xmlns:r="urn:lab"', "").replace("r:", "")
NESTED = envelope(GOOD_ENVELOPE.partition("?>")[2])
DEEP = envelope(GOOD.replace("B-1", "<a>" * 5000 + "</a>" * 5000))
MANY_HEADERS = OK + b"".join(b"X-%d: y\r\n" % n for n in range(2000)) + b"\r\n"
LONG_HEADER = OK + b"X: " + b"y" * 200_000 + b"\r\n\r\n"
TWICE = GOOD.replace("<r:receipt>B-1</r:receipt>", "<r:receipt>B-1</r:receipt>" * 2)
TYPED = GOOD.replace(
    "<r:receipt>", '<r:receipt xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="r:X">'
)
POINTED = GOOD.replace(">B-1</r:receipt>", ' href="#1"/>')
FOREIGN_FAULT = f'<e:Fault xmlns:e="{SOAP_12}"><e:Code><e:Value>e:Receiver</e:Value></e:Code></e:Fault>'


@dataclass(frozen=True)
class Hostile:
    """What an endpoint does, and what that means where an effect was asked for."""

    name: str
    does: Conversation
    error: type[DeliveryError] = OutcomeUnknownError


TABLE = [
    # how the answer is packed
    Hostile("gzip that is none", coded(WHOLE, "gzip")),
    Hostile("gzip cut short", coded(gzip.compress(WHOLE)[:-20], "gzip")),
    Hostile("deflate that is gzip", coded(gzip.compress(WHOLE), "deflate")),
    Hostile("plain that is gzip", answers(gzip.compress(WHOLE))),
    Hostile("an unknown packing that is one", coded(zlib.compress(WHOLE), "x-zlib")),
    Hostile("gzip bomb", coded(PACKED, "gzip")),
    Hostile("gzip bomb in a gzip", coded(gzip.compress(PACKED), "gzip, gzip")),
    Hostile("packed thirty times, it says", coded(WHOLE, ", ".join(["gzip"] * 30))),
    Hostile("larger than we take", answers(b" " * (LIMIT + 100_000))),
    # chunks and lengths
    Hostile("chunks that stop", chunked(WHOLE[:200], end=b"")),
    Hostile("a chunk that stops", raw(CHUNKED + b"fff\r\n" + WHOLE[:100])),
    Hostile("a length of a chunk that is none", raw(CHUNKED + b"zz\r\n" + WHOLE)),
    Hostile("no length, cut short", raw(OK + b"\r\n" + WHOLE[:-30])),
    Hostile("a length that is too short", raw(OK + b"Content-Length: 100\r\n\r\n" + WHOLE)),
    Hostile("a length in words, cut short", raw(OK + b"Content-Length: many\r\n\r\n" + WHOLE[:-9])),
    Hostile("chunks and a length that say otherwise", raw(
        OK + b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<s:En\r\n0\r\n\r\n")),
    # HTTP that is none
    Hostile("no HTTP", raw(WHOLE)),
    Hostile("closed without a word", raw(b"")),
    Hostile("closed inside the status line", raw(b"HTTP/1.1 20")),
    Hostile("closed inside the headers", raw(OK[:40])),
    Hostile("a status that is none", raw(with_length(WHOLE, b"HTTP/1.1 OK\r\n"))),
    Hostile("status 999", answers(GOOD_ENVELOPE, "999 X")),
    Hostile("two thousand headers", raw(MANY_HEADERS + WHOLE)),
    Hostile("a header of 200 KB", raw(LONG_HEADER + WHOLE)),
    Hostile("early hints, then nothing", raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", close=False)),
    Hostile("switching protocols", raw(b"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n" + WHOLE)),
    Hostile("204 with a body", answers(GOOD_ENVELOPE, "204 No Content")),
    Hostile("304", answers(GOOD_ENVELOPE, "304 N")),
    Hostile("307 to nowhere", answers("", "307 T", more="Location: http://127.0.0.1:9/\r\n")),
    Hostile("429", answers("", "429 T", more="Retry-After: 1\r\n")),
    # for ever
    Hostile("100 Continue for ever", forever(b"HTTP/1.1 100 Continue\r\n\r\n")),
    Hostile("headers a byte at a time", forever(b"a", first=OK + b"X: ")),
    Hostile("chunks of a byte for ever", forever(b"1\r\n \r\n", first=CHUNKED)),
    Hostile("a body without end or length", forever(b" ", first=OK + b"\r\n")),
    Hostile("whole, and never ended", forever(b"", first=OK + b"Content-Length: 9999\r\n\r\n" + WHOLE)),
    # media
    Hostile("a login page in XHTML", answers(PAGE, media="application/xhtml+xml")),
    Hostile("a login page that calls itself XML", answers(PAGE)),
    Hostile("a multipart (MTOM)", answers(PART, media=MULTIPART)),
    Hostile("a multipart that calls itself XML", answers(PART)),
    Hostile("text/plain", answers(GOOD_ENVELOPE, media="text/plain")),
    Hostile("a PDF", answers(b"%PDF-1.7", media="application/pdf")),
    # text
    Hostile("says UTF-8 and is windows-1258", answers(GOOD_ENVELOPE.encode("cp1258", "replace"))),
    Hostile("an encoding that nobody knows", answers(GOOD_ENVELOPE.replace("UTF-8", "UTF-99"))),
    Hostile("a zero byte", answers(WHOLE.replace(b"B-1", b"B\x00"))),
    Hostile("a control character", answers(GOOD_ENVELOPE.replace("B-1", "&#x1;"))),
    Hostile("an undeclared entity", answers(GOOD_ENVELOPE.replace("B-1", "&nbsp;"))),
    Hostile("two declarations", answers(GOOD_ENVELOPE.replace("?>", '?><?xml version="1.0"?>', 1))),
    # envelopes
    Hostile("two documents", answers(GOOD_ENVELOPE + GOOD_ENVELOPE.partition("?>")[2])),
    Hostile("an envelope in an envelope", answers(NESTED)),
    Hostile("two bodies, the second a fault", answers(bodies(GOOD, FAULT))),
    Hostile("two bodies, both good", answers(bodies(GOOD, GOOD))),
    Hostile("a good answer and a fault", answers(envelope(GOOD + FAULT))),
    Hostile("a fault beside the body", answers(GOOD_ENVELOPE.replace("</s:Body>", f"</s:Body>{FAULT}"))),
    Hostile("two good answers", answers(envelope(GOOD * 2))),
    Hostile("an instruction in the body", answers(envelope("<?x y?>"))),
    Hostile("a fault of 1.2 in an envelope of 1.1", answers(envelope(FOREIGN_FAULT))),
    Hostile("a fault of no namespace", answers(envelope("<Fault><faultcode>x</faultcode></Fault>"))),
    Hostile("a body of no namespace", answers(bodies(GOOD).replace("s:Body", "Body"))),
    Hostile("a header that must be understood", answers(GOOD_ENVELOPE.replace(
        "<s:Body>", '<s:Header><x:Tx xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header><s:Body>'))),
    Hostile("an envelope of an unknown SOAP", answers(envelope(GOOD, "urn:soap"))),
    Hostile("a fault's code that is our mistake", answers(fault("s:Client", "x"), "500 E"), PermanentError),
    Hostile("a fault without a table in 400", answers(fault("s:Client", "x"), "400 B")),
    # the answer itself
    Hostile("another namespace", answers(envelope(RENAMED))),
    Hostile("no namespace", answers(envelope(BARE))),
    Hostile("another's, of another namespace", answers(envelope('<q:sayResponse xmlns:q="urn:q"/>'))),
    Hostile("the question said back", answers(envelope(GOOD.replace("fileResponse", "file")))),
    Hostile("an element twice", answers(envelope(TWICE))),
    Hostile("of a type that we do not know", answers(envelope(TYPED))),
    Hostile("XML where a text is meant", answers(envelope(GOOD.replace("B-1", "<DATA/>")))),
    Hostile("five thousand deep", answers(DEEP)),
    Hostile("a reference to another place", answers(envelope(POINTED))),
]  # fmt: skip


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_a_hostile_endpoint_is_never_a_success_and_never_for_ever(
    case: Hostile, serve: Serve, connect: Connect
) -> None:
    """Sent once; unknown, unless it is certain that nothing was done; ended by the call's hard deadline."""
    endpoint = serve(case.does)
    began = monotonic()
    with pytest.raises(DeliveryError) as caught:
        connect(endpoint.url).call("file", deadline=soon(), effect=True, **ASKED)
    assert type(caught.value) is case.error
    assert monotonic() - began < 2
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("case", TABLE[::4], ids=lambda case: case.name)
def test_a_question_at_a_hostile_endpoint_can_be_asked_again(
    case: Hostile, serve: Serve, connect: Connect
) -> None:
    """Without an effect nothing is unknown."""
    with pytest.raises(DeliveryError) as caught:
        connect(serve(case.does).url).call("file", deadline=soon(), effect=False, **ASKED)
    assert type(caught.value) is (PermanentError if case.error is PermanentError else TransientError)


SECURITY = f'<s:Header><w:Security xmlns:w="{WSSE}" s:mustUnderstand="1"/></s:Header><s:Body>'


@pytest.mark.parametrize(
    "does",
    [
        chunked(*(WHOLE[n : n + 7] for n in range(0, len(WHOLE), 7))),
        chunked(WHOLE, end=b"0\r\nX-Trailer: y\r\n\r\n"),
        raw(OK + b"\r\n" + WHOLE),
        raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + with_length(WHOLE)),
        raw(with_length(WHOLE, OK.replace(b"1.1", b"1.0"))),
        answers("<!-- proxy -->" + GOOD_ENVELOPE.partition("?>")[2]),
        answers(GOOD_ENVELOPE.encode("utf-16")),
        answers(GOOD_ENVELOPE + "\n\n"),
        answers(GOOD_ENVELOPE.replace("<s:Body>", SECURITY)),
        answers(GOOD_ENVELOPE.replace("<s:Body>", "<s:Header/>\n  <s:Body>\n  ")),
        answers(envelope(GOOD.replace("B-1", "<![CDATA[B-1]]>"))),
        answers(envelope(GOOD.replace("r:", "q:").replace("xmlns:r", "xmlns:q"))),
    ],
    ids=[
        "chunks of seven bytes", "a trailer", "no length", "100 thrice", "HTTP/1.0", "a comment first",
        "UTF-16 by its mark", "blank lines after", "a security header", "an empty header", "CDATA", "prefix",
    ],
)  # fmt: skip
def test_what_is_odd_and_right_is_read(does: Conversation, serve: Serve, connect: Connect) -> None:
    """Strict is not narrow: what HTTP, XML and SOAP allow is an answer."""
    reply = connect(serve(does).url).call("file", deadline=soon(), effect=True, **ASKED)
    assert reply.value.receipt == "B-1"
    assert reply.value.person == "Đặng Thị Mỹ"


def test_what_a_connection_says_too_late_is_nobody_elses_answer(serve: Serve, connect: Connect) -> None:
    """Early hints, and the answer itself while the next call is under way: each gets its own or an error."""
    served: list[bytes] = []

    def late(connection: socket.socket, request: bytes) -> None:
        served.append(request)
        if len(served) == 1:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            time.sleep(0.1)
            connection.sendall(with_length(WHOLE.replace(b"B-1", b"OLD")))
        else:
            time.sleep(0.2)
            connection.sendall(with_length(WHOLE))

    client = connect(serve(late).url)
    with pytest.raises(OutcomeUnknownError):
        client.call("file", deadline=soon(), effect=True, **ASKED)
    assert client.call("file", deadline=soon(), effect=True, **ASKED).value.receipt == "B-1"


def test_a_server_that_closes_after_every_answer_loses_no_call(serve: Serve, connect: Connect) -> None:
    """Without having said so: a kept connection that is gone is seen before the next call goes out."""

    def once(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(with_length(WHOLE))
        connection.shutdown(socket.SHUT_RDWR)

    endpoint = serve(once)
    client = connect(endpoint.url)
    for _ in range(10):
        client.call("file", deadline=soon(), effect=True, **ASKED)
        time.sleep(0.01)
    assert len(endpoint.requests) == 10


def test_a_server_that_reads_nothing_is_left_in_time(connect: Connect) -> None:
    """A request that does not fit into the buffers of the way: its first byte is gone, so it is unknown."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client = connect(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    began = monotonic()
    with pytest.raises(OutcomeUnknownError):
        client.call("file", deadline=soon(), effect=True, **(ASKED | {"person": "x" * 8_000_000}))
    assert monotonic() - began < 2
    listener.close()


def test_a_text_beyond_what_parsers_take_at_first_is_read(serve: Serve) -> None:
    """libxml2 stops at 10 MB of one text (reference 2.6); an answer below our own limit is read whole."""
    http = Http(Line(connect=1, answer=8))
    large = "x" * 11_000_000
    client = SoapClient(CONTRACT, http, serve(answers(envelope(GOOD.replace("B-1", large)))).url)
    assert client.call("file", deadline=soon(9), effect=True, **ASKED).value.receipt == large
    http.close()


def test_a_bomb_costs_little_memory(serve: Serve, connect: Connect) -> None:
    """Packed once or twice, it is dropped at the limit of an answer, not when it is whole."""
    twice = gzip.compress(gzip.compress(bytes(60_000_000), 1), 9)
    tracemalloc.start()
    try:
        with pytest.raises(TransientError):
            connect(serve(coded(twice, "gzip, gzip")).url).call("say", "x", deadline=soon(9), effect=False)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
