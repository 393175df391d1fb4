"""The ways in which a simulated system misbehaves on demand."""

import time
from collections.abc import Callable
from random import Random
from typing import Annotated, Literal

import msgspec

Mode = Literal[
    "slow",
    "silent",
    "dead",
    "faulty",
    "malformed",
    "page",
    "lose_answer",
    "delay_effect",
    "expire_sessions",
    "retry_after",
    "off",
]


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One misbehaviour.

    - `slow`: wait `seconds`, then act and answer
    - `silent`: take the request, never act, never answer
    - `dead`: reset the connection; for operation `*` the port is closed as well
    - `faulty`: answer HTTP `status` with an HTML page, nothing done
    - `malformed`: act, then answer half of the JSON
    - `page`: act, then answer HTTP 200 with an HTML page, as a proxy or a firewall does
    - `lose_answer`: act, wait `seconds`, reset the connection
    - `delay_effect`: reset the connection and act only after `seconds`: look-ups in between say "not there"
    - `expire_sessions`: forget all sessions before the request; once, unless `times` or `for_seconds` is set
    - `retry_after`: answer HTTP `status` with `Retry-After: seconds`, nothing done
    - `off`: take every switch of `operation` back

    `operation` is a name or `*`. `for_seconds` and `times` bound how long and how often it strikes;
    `probability` is drawn from the simulator's seed.
    """

    mode: Mode
    operation: str = "*"
    seconds: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    status: Annotated[int, msgspec.Meta(ge=400, le=599)] = 503
    for_seconds: Annotated[float, msgspec.Meta(gt=0)] | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0


class _Armed(msgspec.Struct):
    switch: Switch
    until: float | None
    left: int | None


class Switchboard:
    """The switches in force; of several that match an operation the latest that strikes wins."""

    def __init__(self, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._random = Random(f"{seed}:switchboard")
        self._clock = clock
        self._armed: list[_Armed] = []

    def set(self, switch: Switch) -> None:
        """Arm a switch; setting the same mode and operation again replaces it, `off` removes."""
        self._armed = [armed for armed in self._armed if not _replaced(armed.switch, switch)]
        if switch.mode == "off":
            return
        until = None if switch.for_seconds is None else self._clock() + switch.for_seconds
        once = switch.mode == "expire_sessions" and switch.for_seconds is None and switch.times is None
        self._armed.append(_Armed(switch, until, 1 if once else switch.times))

    def strike(self, operation: str) -> Switch | None:
        """Return the switch that strikes this request, if any; uses up one of its `times`."""
        for armed in reversed(self._live()):
            if (
                armed.switch.operation in ("*", operation)
                and self._random.random() < armed.switch.probability
            ):
                if armed.left is not None:
                    armed.left -= 1
                return armed.switch
        return None

    def port_closed(self) -> bool:
        """Whether the whole system is `dead` with certainty, so that not even its port may listen."""
        return any(
            armed.switch.mode == "dead"
            and armed.switch.operation == "*"
            and armed.switch.probability == 1
            and armed.left is None
            for armed in self._live()
        )

    def in_force(self) -> list[Switch]:
        """Return the switches that may still strike."""
        return [armed.switch for armed in self._live()]

    def _live(self) -> list[_Armed]:
        if not self._armed:
            return self._armed
        now = self._clock()
        self._armed = [a for a in self._armed if (a.until is None or a.until > now) and a.left != 0]
        return self._armed


def _replaced(old: Switch, new: Switch) -> bool:
    if new.mode == "off":
        return new.operation in ("*", old.operation)
    return (old.mode, old.operation) == (new.mode, new.operation)
