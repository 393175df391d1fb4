"""The line to a peer, as its connector's settings describe it: the same for every kind of system."""

from pathlib import Path
from typing import Protocol

from adapters._kit.http import Line
from bus.peer_settings import Timeout
from bus.settings import Rate


class Reach(Protocol):
    """Settings of a connector that speaks HTTP: how it is reached, and how long that may take."""

    @property
    def timeout(self) -> Timeout:
        """How long the peer may take."""

    @property
    def concurrency(self) -> int:
        """Calls at the same time."""

    @property
    def rate(self) -> Rate | None:
        """Calls begun, at most."""

    @property
    def ca(self) -> Path | None:
        """Whose certificates are accepted."""

    @property
    def certificate(self) -> Path | None:
        """Our certificate."""

    @property
    def key(self) -> Path | None:
        """Its key."""


def line_of(settings: Reach, *, readers: int = 0) -> Line:
    """The line with a connection for every call, `readers` more, and two for probe and ping."""
    return Line(
        connect=settings.timeout.connect,
        answer=settings.timeout.answer,
        pool=settings.concurrency + readers + 2,
        ca=settings.ca,
        certificate=settings.certificate,
        key=settings.key,
        per_second=settings.rate,
    )
