"""What an installation says about a peer of any kind: `[connector.NAME]`, and the times of `[retry]`."""

from collections.abc import Iterator
from typing import Annotated, Literal

from bus.settings import Fault, Rate, Seconds, Section, says
from bus.windows import Window


class Retry(Section, frozen=True, kw_only=True):
    """[retry]: when a delivery that could not be made is tried again."""

    first: Annotated[Seconds, says("longest wait before the second try", least=0.1)] = Seconds("5 seconds")
    factor: Annotated[float, says("each further wait is so many times longer", least=1, most=10)] = 2.0
    ceiling: Annotated[Seconds, says("no wait is longer", least=1)] = Seconds("15 minutes")
    give_up_after: Annotated[Seconds, says("then a person decides; counted only while the peer is up")] = (
        Seconds("3 days")
    )

    def faults(self) -> Iterator[Fault]:
        """The waits grow up to the ceiling, and the end lies beyond it."""
        if self.first > self.ceiling:
            yield Fault("first", f"{self.first.written} is longer than the ceiling {self.ceiling.written}")
        if self.give_up_after < self.ceiling:
            yield Fault("give_up_after", f"is shorter than the ceiling {self.ceiling.written}")


class Timeout(Section, frozen=True, kw_only=True):
    """How long a peer may take."""

    connect: Annotated[Seconds, says("to accept a connection", least=0.05)] = Seconds("3 seconds")
    answer: Annotated[Seconds, says("to answer, all bytes together", least=0.05)] = Seconds("20 seconds")


class Unknown(Section, frozen=True, kw_only=True):
    """When a call without an answer is asked about (protocol 6)."""

    look_up_after: Annotated[Seconds, says("the peer is asked, not earlier")] = Seconds("2 minutes")
    absent_after: Annotated[Seconds, says('"not there" counts, not earlier: a slow peer may still act')] = (
        Seconds("30 minutes")
    )

    def faults(self) -> Iterator[Fault]:
        """Nothing counts as absent before it was asked about."""
        if self.absent_after < self.look_up_after:
            yield Fault("absent_after", f"is earlier than look_up_after {self.look_up_after.written}")


class Breaker(Section, frozen=True, kw_only=True):
    """When a peer counts as down, per operation."""

    failures: Annotated[int, says("so many failures of the peer in a row", unit="calls", least=1)] = 5
    open_for: Annotated[Seconds, says("then it is left alone before one probe", least=0.1)] = Seconds(
        "30 seconds"
    )


class ConnectorSettings(Section, frozen=True, kw_only=True):
    """[connector.NAME]: what every connector has. A type's own settings extend this class."""

    type: Annotated[str, says("the kind of system: the folder below adapters/")]
    mode: Annotated[
        Literal["off", "observe", "live"], says("observe reads, maps and validates, and sends nothing")
    ] = "observe"
    serves: Annotated[
        tuple[str, ...], says("codes of the agencies whose dossiers live there; none: all")
    ] = ()
    duty_phone: Annotated[
        str, says("whom to call about the peer; alerts name it", vi="số điện thoại trực")
    ] = ""
    concurrency: Annotated[int, says("calls at the same time", unit="calls", least=1, most=512)] = 4
    rate: Annotated[Rate | None, says("calls begun, at most; empty: no limit")] = None
    timeout: Annotated[Timeout, says("how long the peer may take")] = Timeout()
    unknown: Annotated[Unknown, says("calls without an answer")] = Unknown()
    retry: Annotated[Retry, says("the schedule; what is absent is as in [retry]")] = Retry()
    breaker: Annotated[Breaker, says("when the peer counts as down")] = Breaker()
    window: Annotated[
        Window | None,
        says("when nothing is sent to it and it is not asked; no attempt is spent", vi="khung giờ bảo trì"),
    ] = None
