"""Publisher confirms: which published message an acknowledgement, refusal or return of the broker means."""

from collections.abc import Callable, Iterator

import structlog

from bus.broker_errors import BrokerError, NackedError, UnroutableError

_log = structlog.get_logger("broker")

Done = Callable[[BrokerError | None], None]
"""Called once for each message: with None where the broker has it, else with the reason."""

Key = tuple[str, str, str]
"""Exchange, routing key and message id: by these the broker names a message that it gives back."""


class Confirms:
    """Messages published on one channel and not yet confirmed; a channel counts them from 1."""

    __slots__ = ("_last", "_pending", "_returned")

    def __init__(self) -> None:
        self._last = 0
        self._pending: dict[int, tuple[Done, Key]] = {}
        self._returned: set[int] = set()

    def __len__(self) -> int:
        return len(self._pending)

    def published(self, key: Key, done: Done) -> None:
        """Note the next message of the channel; to be called once it was handed to the connection."""
        self._last += 1
        self._pending[self._last] = (done, key)

    def returned(self, key: Key) -> None:
        """Note that the broker gave a message back; its acknowledgement still follows."""
        for tag, (_done, known) in self._pending.items():
            if known == key and tag not in self._returned:
                self._returned.add(tag)
                return

    def acked(self, tag: int, *, multiple: bool) -> None:
        """The broker has this message, with `multiple` also all before it."""
        for each in self._meant(tag, multiple=multiple):
            self._settle(each, None)

    def nacked(self, tag: int, *, multiple: bool) -> None:
        """The broker refuses this message, with `multiple` also all before it."""
        for each in self._meant(tag, multiple=multiple):
            self._settle(each, NackedError("the broker refused it: its queue is full or cannot be written"))

    def fail(self, error: BrokerError) -> None:
        """The channel is gone: nobody knows what became of the rest."""
        pending, self._pending = self._pending, {}
        self._returned.clear()
        for done, _key in pending.values():
            _tell(done, error)

    def _meant(self, tag: int, *, multiple: bool) -> Iterator[int]:
        if not multiple:
            yield tag
            return
        # tag 0 means all; the dict is in the order of publishing
        while self._pending and ((first := next(iter(self._pending))) <= tag or tag == 0):
            yield first

    def _settle(self, tag: int, error: BrokerError | None) -> None:
        done, key = self._pending.pop(tag)
        if self._returned and tag in self._returned:
            self._returned.discard(tag)
            error = UnroutableError(f"nothing is bound to {key[0]} for {key[1]!r}")
        _tell(done, error)


def _tell(done: Done, error: BrokerError | None) -> None:
    try:
        done(error)
    except Exception:  # noqa: BLE001 - whatever a publisher does, the channel goes on
        # one publisher's mistake must neither cost the others their outcome nor the connection
        _log.exception("publisher failed on its confirm")
