"""HTTP to a peer: pooled connections, one deadline, whole answers, a precise word on what was done.

Redirects are not followed and proxies of the environment are not used; TLS is always verified. A connection
that fails before the first byte of the request is tried again at once, twice at most (rule 5).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)
from urllib3.exceptions import HTTPError

from adapters._kit import json
from adapters._kit.faults import delivery_error
from adapters._kit.pace import Pace
from adapters._kit.wire import Attempt, Watchdog, WatchedAdapter
from bus.errors import DeliveryError, OutcomeUnknownError, TransientError
from bus.ports import Deadline

TRIES = 3
"""A first try and two quick ones."""
_CHUNK = 65_536
_QUICK = 0.05
_BODILESS = frozenset({204, 304})
"""Answers without a body by their nature (RFC 9110): one that sends a body all the same goes on after it."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `effect`: it may change something at the peer, so a lost answer leaves it unknown.

    A body that is a path is read from there while it is sent, again for each try.
    """

    method: str
    url: str
    body: bytes | Path = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer as it came; header names in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """Decode the body; None where it is no JSON in UTF-8."""
        try:
            return json.read(self.body)
        except json.NotJsonError:
            return None

    @property
    def retry_after(self) -> float | None:
        """The peer's wish to be left alone, in seconds: given as such or as a date (RFC 9110, 10.2.3)."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.replace(".", "", 1).isdigit():
            return float(text)
        until, now = _moment(text), _moment(self.headers.get("date", "")) or datetime.now(UTC)
        return max(0.0, (until - now).total_seconds()) if until else None


@dataclass(frozen=True, slots=True)
class Line:
    """How a peer is reached: seconds to connect and for one answer, connections kept, bytes of an answer.

    `ca` verifies the peer (without one the system's authorities do); `certificate` and `key` show who we are.
    """

    connect: float = 3.0
    answer: float = 20.0
    pool: int = 16
    limit: int = 50_000_000
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    per_second: float | None = None


class Http:
    """The calls of one connector; safe for many threads."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._watchdog = Watchdog()
        self._adapter = WatchedAdapter(pool_connections=4, pool_maxsize=line.pool)
        self._pace = Pace(line.per_second)

    def share(self, part: float) -> None:
        """Keep to this part (0 to 1) of the line's calls a second: other processes have the rest."""
        self._pace.share(part)

    def send(self, request: Request, deadline: Deadline, into: BinaryIO | None = None) -> Reply:
        """Send once and read the whole answer, whatever its status.

        With `into` the body of a 2xx goes there as it comes, without limit, and the reply's own stays empty.
        Raises `TransientError` where nothing was done (never connected, or no effect was asked for),
        `OutcomeUnknownError` after the first byte, `PermanentError` where the request cannot be written.
        """
        tries = Retrying(
            stop=_no_more(deadline),
            wait=wait_random_exponential(multiplier=_QUICK, max=0.5),
            retry=retry_if_exception(_unsent),
            reraise=True,
        )
        return tries(self._once, request, deadline, into)

    def close(self) -> None:
        """Give back connections and the watchdog's thread; may be repeated."""
        self._adapter.close()
        self._watchdog.close()

    def _once(self, request: Request, deadline: Deadline, into: BinaryIO | None) -> Reply:
        self._pace.wait(deadline)
        attempt = Attempt(min(deadline.at, time.monotonic() + self._line.connect + self._line.answer))
        try:
            with _content(request.body) as data, self._watchdog.watch(attempt):
                prepared = requests.Request(
                    request.method, request.url, headers=dict(request.headers), data=data
                ).prepare()
                return self._exchange(prepared, attempt, into, effect=request.effect)
        except (requests.RequestException, HTTPError, OSError) as error:
            wrong = delivery_error(error, sent=attempt.sent, effect=request.effect, expired=attempt.expired)
            raise _marked(wrong, sent=attempt.sent or attempt.expired) from None

    def _exchange(
        self, prepared: requests.PreparedRequest, attempt: Attempt, into: BinaryIO | None, *, effect: bool
    ) -> Reply:
        line = self._line
        left = attempt.left()
        cert = (str(line.certificate), str(line.key)) if line.certificate else None
        response = self._adapter.send(
            prepared,
            stream=True,
            timeout=(min(line.connect, left), min(line.answer, left)),
            verify=str(line.ca) if line.ca else True,
            cert=cert,
        )
        if response.status_code < 200 or response.status_code in _BODILESS:
            _end(response)  # what comes after it would be read as the answer to the next call
        try:
            led = into if into is not None and 200 <= response.status_code < 300 else None
            body = self._body(response, effect=effect) if led is None else _poured(response, led)
        finally:
            response.close()
        if attempt.expired:  # a body that ends with its connection looks whole when the watchdog ended it
            raise TimeoutError("the call's time is up")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, body, headers)

    def _body(self, response: requests.Response, *, effect: bool) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._line.limit:
                text = f"The peer's answer is larger than {self._line.limit} bytes."
                raise OutcomeUnknownError(text) if effect else TransientError(text, peer_down=False)
        return bytes(body)


@contextmanager
def _content(body: bytes | Path) -> Iterator[bytes | BinaryIO | None]:
    if isinstance(body, Path):
        with body.open("rb") as file:
            yield file
    else:
        yield body or None


def _end(response: requests.Response) -> None:
    """End the connection of an answer that is not the last word on its request."""
    if (connection := response.raw.connection) is not None:
        connection.close()


def _poured(response: requests.Response, into: BinaryIO) -> bytes:
    into.writelines(response.iter_content(_CHUNK))
    return b""


def failed(text: str, reply: Reply, *, effect: bool, code: str = "") -> DeliveryError:
    """Judge an answer that cannot be used, such as a proxy's page: rule 5 again."""
    code = code or f"HTTP {reply.status}"
    if effect:
        return OutcomeUnknownError(text, code=code, answer=reply.body, retry_after=reply.retry_after)
    return TransientError(text, code=code, answer=reply.body, retry_after=reply.retry_after)


def _moment(text: str) -> datetime | None:
    """A date as HTTP writes it; None for anything else."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _marked(error: DeliveryError, *, sent: bool) -> DeliveryError:
    error.add_note("sent" if sent else "unsent")
    return error


def _unsent(error: BaseException) -> bool:
    return isinstance(error, TransientError) and "unsent" in getattr(error, "__notes__", ())


def _no_more(deadline: Deadline) -> Callable[[RetryCallState], bool]:
    enough = stop_after_attempt(TRIES)
    return lambda state: bool(enough(state)) or time.monotonic() + _QUICK >= deadline.at
