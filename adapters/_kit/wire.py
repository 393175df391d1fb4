"""Connections that end on time: one deadline over resolving, connecting, TLS and every byte of a call.

A library's timeout counts per read, so a peer that drips a byte a second is never late for it. Here a
watchdog shuts the socket of whoever is still on the wire at the deadline, from another thread. The
connection also notes when the first byte of a request goes out, which is what decides between "nothing was
done" and "unknown" (protocol, rule 5).
"""

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

UNACKED_FOR = 30.0
"""Seconds after which the kernel gives up bytes that a peer does not acknowledge (below `absent_after`)."""


class Attempt:
    """One request on the wire: `sent` once its first byte was handed over, `expired` once time was up."""

    __slots__ = ("_done", "_lever", "_lock", "at", "expired", "sent")

    def __init__(self, at: float) -> None:
        self.at = at
        self.sent = False
        self.expired = False
        self._done = False
        self._lever: socket.socket | None = None
        self._lock = threading.Lock()

    def left(self) -> float:
        """Seconds left; raises TimeoutError when there are none."""
        left = self.at - time.monotonic()
        if left <= 0 or self.expired:
            self.expired = True
            raise TimeoutError("the call's time is up")
        return left

    def hold(self, sock: socket.socket) -> None:
        """Take a second handle on a connection, by which the watchdog ends it whoever wraps or closes it."""
        lever = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._drop()
            self._lever = lever
            if self.expired:
                self._pull()

    def expire(self) -> None:
        """End what is under way, unless it ended by itself."""
        with self._lock:
            if not self._done:
                self.expired = True
                self._pull()

    def finish(self) -> None:
        """From now on the connection may serve others; may be repeated."""
        with self._lock:
            self._done = True
            self._drop()

    def _pull(self) -> None:
        if self._lever is not None:
            with contextlib.suppress(OSError):
                self._lever.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._lever is not None:
            self._lever.close()
        self._lever = None


class Watchdog:
    """One thread that expires attempts on time. It starts with the first one and ends with `close`."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Attempt]] = []
        self._count = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def watch(self, attempt: Attempt) -> Iterator[None]:
        """Guard what happens inside; the calling thread's connections belong to this attempt."""
        with self._wake:
            entry = (attempt.at, next(self._count), attempt)
            heapq.heappush(self._due, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
            elif self._due[0] is entry:  # it sleeps until a later time; waking it costs a switch of threads
                self._wake.notify()
        _present.attempt = attempt
        try:
            yield
        finally:
            _present.attempt = None
            attempt.finish()

    def close(self) -> None:
        """End the thread; may be repeated."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._closed:
                    return
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is None or left > 0:
                    self._wake.wait(left)
                    continue
                attempt = heapq.heappop(self._due)[2]
            attempt.expire()


class WatchedAdapter(HTTPAdapter):
    """The transport of requests over watched connections. It follows no redirect and reads no environment."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make pools whose connections are watched."""
        super().init_poolmanager(*arguments, **named)
        pools = {"http": _HttpPool, "https": _HttpsPool}
        self.poolmanager.pool_classes_by_scheme = pools


class _Present(threading.local):
    attempt: Attempt | None = None


_present = _Present()


class _Watched:
    """What a watched connection does beside its library's: dials under the deadline, notes the first byte."""

    def _new_conn(self) -> socket.socket:
        return _dial(self, _present.attempt or Attempt(time.monotonic() + 30))

    def send(self: Any, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        if attempt := _present.attempt:
            self.sock.settimeout(attempt.left())
            attempt.hold(self.sock)
            attempt.sent = True
        super().send(data)  # type: ignore[misc]  # the library's connection comes after this mixin


class _Http(_Watched, HTTPConnection):
    pass


class _Https(_Watched, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


def _dial(connection: Any, attempt: Attempt) -> socket.socket:
    """Connect to the first address that answers; raises urllib3's own exceptions."""
    try:
        addresses = resolve(connection.host, connection.port, attempt.left())
        sock = _first(addresses, connection, attempt)
        attempt.hold(sock)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, str(error)) from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error
    return sock


def _first(addresses: list[Any], connection: Any, attempt: Attempt) -> socket.socket:
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNACKED_FOR * 1000))
            sock.settimeout(min(float(connection.timeout or UNACKED_FOR), attempt.left()))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def resolve(host: str, port: int, seconds: float) -> list[Any]:
    """Resolve a name within `seconds`: the system's resolver knows no deadline, so it runs beside.

    Raises socket.gaierror or TimeoutError.
    """
    with contextlib.suppress(socket.gaierror):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    found: list[Any] = []

    def look() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=look, name="resolver", daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        raise TimeoutError(f"the name {host} was not resolved in {seconds:.1f} seconds")
    if isinstance(found[0], OSError):
        raise found[0]
    return list(found[0])
