"""Calls over real sockets: one deadline over everything, and a precise word on what was done."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from adapters._kit.http import Http, Line, Reply, Request
from adapters._kit.pace import Pace
from bus.errors import OutcomeUnknownError, PermanentError, TransientError
from bus.ports import Deadline

Conversation = Callable[[socket.socket], None]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """A server of one's own on plain sockets: each connection is handed to a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def close(self) -> None:
        """Stop listening and drop everybody."""
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._conversation(connection)


@pytest.fixture
def peer() -> Iterator[Callable[[Conversation], Peer]]:
    """Make peers that end with the test."""
    made: list[Peer] = []

    def make(conversation: Conversation) -> Peer:
        made.append(Peer(conversation))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def http() -> Iterator[Http]:
    """A client with generous limits: what ends a call here is its deadline."""
    client = Http(Line(connect=5, answer=30, limit=100_000))
    yield client
    client.close()


def soon(seconds: float) -> Deadline:
    """A deadline that many seconds from now."""
    return Deadline(time.monotonic() + seconds)


def send(http: Http, peer: Peer, seconds: float = 5, *, effect: bool = True) -> Reply:
    """One call with a small body."""
    return http.send(Request("POST", peer.url, b'{"a": 1}', effect=effect), soon(seconds))


def read_request(connection: socket.socket) -> bytes:
    """Read until the small body of `send` is there."""
    data = b""
    while not data.endswith(b'{"a": 1}'):
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data


def answering(*pieces: bytes, pause: float = 0.0, close: bool = False) -> Conversation:
    """Read a request, then send pieces with pauses between; then close, or wait for more."""

    def talk(connection: socket.socket) -> None:
        while read_request(connection):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            if close:
                connection.close()
                return

    return talk


def test_status_and_bytes_come_as_they_are(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """Whatever the status, the whole answer is handed on raw."""
    one = peer(answering(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\n\xffabc\n"))
    reply = send(http, one)
    assert (reply.status, reply.body, reply.retry_after, reply.json()) == (503, b"\xffabc\n", 7.0, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "Wed, 25 Nov 2026 08:02:00 GMT", "date": "Wed, 25 Nov 2026 08:00:00 GMT"}, 120.0),
        ({"retry-after": "Wed, 25 Nov 2026 07:00:00 GMT", "date": "Wed, 25 Nov 2026 08:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_a_wish_for_rest_is_seconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    """RFC 9110, 10.2.3: a date counts from the peer's own clock; what cannot be read is no wish."""
    assert Reply(503, b"", headers).retry_after == seconds


def test_a_connection_is_used_again(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """Twenty calls, one connection."""
    one = peer(answering(ANSWER))
    for _ in range(20):
        assert send(http, one).body == b"{}"
    assert one.connections == 1


def test_a_peer_that_drips_bytes_cannot_outlast_the_deadline(
    http: Http, peer: Callable[[Conversation], Peer]
) -> None:
    """Each read succeeds in time; the call as a whole ends on time all the same."""
    drip = [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b"x"] * 500]
    one = peer(answering(*drip, pause=0.05))
    began = time.monotonic()
    with pytest.raises(OutcomeUnknownError):
        send(http, one, 0.4)
    assert 0.35 < time.monotonic() - began < 1.0


def test_a_body_without_length_that_the_deadline_cuts_is_not_taken_for_whole(
    http: Http, peer: Callable[[Conversation], Peer]
) -> None:
    """Read until close: the watchdog's own cut must not look like the peer's end."""
    one = peer(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *[b"{}"] * 200, pause=0.05))
    with pytest.raises(OutcomeUnknownError):
        send(http, one, 0.4)


def test_a_peer_that_drips_headers_cannot_outlast_the_deadline(
    http: Http, peer: Callable[[Conversation], Peer]
) -> None:
    """The deadline holds before the first line of the answer is whole."""
    one = peer(answering(*[bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300], pause=0.05))
    with pytest.raises(OutcomeUnknownError):
        send(http, one, 0.4)


def test_a_silent_peer_leaves_a_write_unknown_and_a_question_open(
    http: Http, peer: Callable[[Conversation], Peer]
) -> None:
    """The same silence: unknown for what may have an effect, transient for what cannot."""
    one = peer(lambda connection: time.sleep(5) if read_request(connection) else None)
    with pytest.raises(OutcomeUnknownError):
        send(http, one, 0.3)
    with pytest.raises(TransientError):
        send(http, one, 0.3, effect=False)


def test_nothing_was_done_where_nobody_listens(http: Http) -> None:
    """A refused connection is transient, after two quick tries more."""
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(TransientError) as caught:
        http.send(Request("POST", f"http://127.0.0.1:{port}/", b"{}", effect=True), soon(5))
    assert caught.value.peer_down


def test_a_name_that_does_not_resolve_is_transient(http: Http) -> None:
    """DNS is before the first byte; the sentence names it."""
    with pytest.raises(TransientError, match=r"DNS|not take"):
        http.send(Request("POST", "http://khong-co.invalid/", b"{}", effect=True), soon(3))


def test_a_connection_lost_after_the_request_is_not_tried_again(
    http: Http, peer: Callable[[Conversation], Peer]
) -> None:
    """After the first byte there is no quick try: the effect may be there."""
    one = peer(answering(close=True))
    with pytest.raises(OutcomeUnknownError):
        send(http, one)
    assert one.connections == 1


def test_half_an_answer_is_no_answer(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """A body shorter than it was announced leaves the outcome unknown."""
    one = peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", close=True))
    with pytest.raises(OutcomeUnknownError):
        send(http, one)


def test_what_is_no_http_is_no_answer(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """Bytes of another protocol leave the outcome unknown."""
    one = peer(answering(b"SSH-2.0-x\r\n\r\n", close=True))
    with pytest.raises(OutcomeUnknownError):
        send(http, one)


def test_an_endless_answer_is_cut_at_the_limit(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """Memory is bounded; what was done is unknown."""
    one = peer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n", *[b"x" * 50_000] * 180))
    with pytest.raises(OutcomeUnknownError, match="larger than"):
        send(http, one)


def test_a_redirect_is_not_followed(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """A redirect is an answer like any other; nobody else gets the message."""
    other = peer(answering(ANSWER))
    to = f"HTTP/1.1 307 x\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
    reply = send(http, peer(answering(to.encode())))
    assert (reply.status, other.connections) == (307, 0)


def test_a_peer_that_takes_no_connection_is_transient(http: Http) -> None:
    """A full backlog: connecting ends at the deadline, and nothing was sent."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(TransientError):
            http.send(Request("POST", url, b"{}", effect=True), soon(0.5))


def test_an_address_that_cannot_be_used_is_our_own_fault(http: Http) -> None:
    """Permanent before anything is sent."""
    with pytest.raises(PermanentError):
        http.send(Request("POST", "gopher://127.0.0.1/", b"{}", effect=True), soon(1))


def test_a_call_without_time_left_does_not_begin(http: Http, peer: Callable[[Conversation], Peer]) -> None:
    """Past its deadline nothing goes out."""
    one = peer(answering(ANSWER))
    with pytest.raises(TransientError):
        send(http, one, -1)
    assert one.connections == 0


def test_the_deadline_of_one_call_never_cuts_the_next_on_the_same_connection(
    http: Http, peer: Callable[[Conversation], Peer]
) -> None:
    """The watchdog lets go of a connection with the call, though its alarm is still set."""
    one = peer(answering(ANSWER))
    send(http, one, 0.3)
    slow = threading.Timer(0.2, lambda: None)
    slow.start()
    time.sleep(0.4)
    assert send(http, one, 5).body == b"{}"
    assert one.connections == 1


def test_calls_keep_the_rate_that_the_peer_allows() -> None:
    """Eleven calls at a hundred a second take a tenth of a second, however many threads ask."""
    pace, began = Pace(100), time.monotonic()
    threads = [threading.Thread(target=pace.wait, args=(soon(5),)) for _ in range(11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.09 < time.monotonic() - began < 0.5


def test_a_turn_after_the_deadline_is_refused_at_once() -> None:
    """Whoever would have to wait too long hears so now, and does not count as the peer's fault."""
    pace = Pace(0.1)
    pace.wait(soon(1))
    began = time.monotonic()
    with pytest.raises(TransientError) as caught:
        pace.wait(soon(1))
    assert not caught.value.peer_down
    assert time.monotonic() - began < 0.5


def test_a_process_keeps_to_its_part_of_the_rate() -> None:
    """A quarter of a hundred a second is one every forty milliseconds; with no part at all none is begun."""
    pace, began = Pace(100), time.monotonic()
    pace.share(0.25)
    for _ in range(4):
        pace.wait(soon(5))
    assert 0.12 <= time.monotonic() - began < 0.5
    pace.share(0.0)
    with pytest.raises(TransientError):
        pace.wait(soon(5))
