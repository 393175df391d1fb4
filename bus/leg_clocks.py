"""The clocks of legs (chặng): due dates, and supplement rounds in which the leg's clock stands. Pure."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bus.calendar import ZONE, Duration, WorkingCalendar
from bus.flow_values import Leg, Send
from bus.ledger.records import Rounds, Way

Clock = Callable[[float], float]
"""From a start to when so much (working) time has passed, both in seconds since the epoch."""

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


def seconds_of(length: Duration) -> float:
    """A length of plain time in seconds."""
    return float(length.amount * _SECONDS[length.unit])


def clock_of(calendar: WorkingCalendar, within: Duration | None) -> Clock | None:
    """The clock of a leg, or none."""
    if within is None:
        return None
    return lambda start: calendar.due(_moment(start), within).timestamp()


def rounds_of(calendar: WorkingCalendar, leg: Leg, way: Callable[[Send], Way]) -> Rounds | None:
    """The supplement rounds of a leg: working time left is counted in working time, and goes on so."""
    if leg.pause is None:
        return None
    working = bool(leg.within and leg.within.working)

    def left(now: float, due: float) -> float:
        if not working:
            return due - now
        return calendar.working_between(_moment(now), _moment(due)).total_seconds()

    def again(now: float, seconds: float) -> float:
        if seconds <= 0 or not working:
            return now + seconds
        return _worked(calendar, _moment(now), timedelta(seconds=seconds)).timestamp()

    send = way(leg.pause.send) if leg.pause.send else None
    return Rounds(clock_of(calendar, leg.pause.within), left, again, send, leg.pause.is_own)


def _worked(calendar: WorkingCalendar, start: datetime, left: timedelta) -> datetime:
    """When so much working time has passed; whole seconds, and what is less than one on top."""
    whole = calendar.add_working(start, int(left.total_seconds()), "second")
    return whole + timedelta(microseconds=left.microseconds)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, ZONE)
