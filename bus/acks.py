"""Acknowledgements of one channel's deliveries, sent together once an event loop's turn.

Deliveries end in any order. What is done without a gap from the first is acknowledged in one frame
("multiple"), the rest one by one: a slow delivery neither holds back nor takes along any other.
"""

from collections.abc import Callable


class Acks:
    """Deliveries of one channel, counted by the broker from 1.

    `send(tag, multiple)` writes an acknowledgement; `soon` calls a function in the next turn of the loop.
    """

    __slots__ = ("_above", "_closed", "_fresh", "_low", "_send", "_soon")

    def __init__(
        self, send: Callable[[int, bool], None], soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._send = send
        self._soon = soon
        self._low = 0
        self._above: set[int] = set()
        self._fresh: list[int] = []
        self._closed = False

    @property
    def settled(self) -> int:
        """How many deliveries were acknowledged."""
        return self._low + len(self._above)

    def done(self, tag: int) -> None:
        """Acknowledge a delivery at the end of this turn; again, or after `close`, it does nothing."""
        if self._closed or tag <= self._low or tag in self._above:
            return
        if not self._fresh:
            self._soon(self.flush)
        self._above.add(tag)
        self._fresh.append(tag)

    def flush(self) -> None:
        """Send what is due now."""
        fresh, self._fresh = self._fresh, []
        if self._closed or not fresh:
            return
        before, above = self._low, self._above
        while self._low + 1 in above:
            self._low += 1
            above.remove(self._low)
        if self._low > before:
            # a tag that was acknowledged alone before is unknown to the broker: name the last fresh one
            last = max(tag for tag in fresh if tag <= self._low)
            self._send(last, True)  # noqa: FBT003 - the protocol's own word, by position for speed
        for tag in fresh:
            if tag > self._low:
                self._send(tag, False)  # noqa: FBT003 - as above

    def close(self) -> None:
        """The channel is gone: its tags mean nothing any more, the broker delivers again."""
        self._closed = True
        self._fresh = []
