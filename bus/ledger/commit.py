"""The group commit: writers await a future, one thread commits all that is waiting in one transaction.

Why: a durable commit costs about a disk flush, whatever it holds. A failed batch is rolled back and redone
write by write, so one bad row fails alone (rule 18). Each kind of write is done for the whole batch at
once, in the order of `Book`.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bus.ledger.handover import Handover
from bus.ledger.merge import MergedMeanwhileError
from bus.ledger.store import Store

_PASSING = (DBAPIError, MergedMeanwhileError)
"""What may be over when the same is tried again."""

Many = Callable[[Connection, Sequence[Any]], Sequence[Any]]
"""Does all writes of one kind in an open transaction; results in their order."""

First = Callable[[Connection, Sequence[Any]], None]
"""What a group does before any of its writes: take the locks that it will need."""

Passing = Callable[[str, Collection[str]], None]
"""Told "before" or "after" a commit, on the ledger's thread, with the kinds of writes in it: for drills."""


@dataclass(slots=True)
class _Waiting:
    write: Any
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class GroupCommit:
    """Commits writes of several kinds in groups; `book` maps a type of write to what does many of it.

    `first` is done before the writes of a group, in its transaction.
    """

    def __init__(
        self,
        store: Store,
        book: dict[type, Many],
        handover: Handover,
        *,
        first: First | None = None,
        most: int = 512,
        passing: Passing | None = None,
    ) -> None:
        self._store = store
        self._passing = passing
        self._first = first
        self._book = book
        self._handover = handover
        self._most = most
        self._waiting: list[_Waiting] = []
        self._signal = threading.Condition()
        self._closing = False
        self.commits = 0
        self.seconds = 0.0
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def submit(self, write: Any) -> "asyncio.Future[Any]":
        """Hand a write in; the future ends when it is on disk, or with what was wrong with it alone."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(write, loop.create_future(), loop)
        with self._signal:
            if self._closing:
                raise RuntimeError("the ledger is closed")
            self._waiting.append(waiting)
            if len(self._waiting) == 1:
                self._signal.notify()
        return waiting.future

    def close(self, within: float | None = None) -> bool:
        """Commit what is waiting, then stop the thread; may be repeated.

        False where that takes longer than `within` seconds: the database is away, the thread ends with us.
        """
        with self._signal:
            self._closing = True
            self._signal.notify()
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while batch := self._take():
            began = time.perf_counter()
            results = self._commit(batch)
            self.commits += 1
            self.seconds += time.perf_counter() - began
            _answer(batch, results)

    def _take(self) -> list[_Waiting]:
        with self._signal:
            while not self._waiting and not self._closing:
                self._signal.wait()
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            return batch

    def _commit(self, batch: list[_Waiting]) -> list[Any]:
        try:
            return self._write([waiting.write for waiting in batch])
        except Exception as error:  # noqa: BLE001  any failure is redone alone and lands in its own future
            self._undo()
            if len(batch) == 1:
                return [self._again(batch[0].write, error)]
            return [self._alone(waiting.write) for waiting in batch]

    def _undo(self) -> None:
        self._store.forget_numbers()
        self._handover.rolled_back()

    def _alone(self, write: Any) -> Any:
        try:
            return self._write([write])[0]
        except Exception as error:  # noqa: BLE001  as above
            self._undo()
            return self._again(write, error)

    def _again(self, write: Any, error: Exception) -> Any:
        """Two processes may collide over a new row; the loser sees the winner's row when it tries again."""
        for pause in (0.01, 0.1, 0.5):
            if self._closing or not isinstance(error, _PASSING):
                return error
            time.sleep(pause)
            try:
                return self._write([write])[0]
            except Exception as next_error:  # noqa: BLE001  the ledger's thread must not end with a write
                self._undo()
                error = next_error
        return error

    def _write(self, writes: list[Any]) -> list[Any]:
        results: list[Any] = [None] * len(writes)
        with self._store.write() as tx:
            if self._first is not None:
                self._first(tx, writes)
            for kind, many in self._book.items():
                places = [place for place, write in enumerate(writes) if type(write) is kind]
                if places:
                    done = many(tx, [writes[place] for place in places])
                    for place, result in zip(places, done, strict=True):
                        results[place] = result
            self._pass("before", writes)
        self._pass("after", writes)
        self._handover.committed()
        return results

    def _pass(self, when: str, writes: Sequence[Any]) -> None:
        if self._passing is not None:
            self._passing(when, {type(write).__name__ for write in writes})


def _answer(batch: list[_Waiting], results: list[Any]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for waiting, result in zip(batch, results, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, result))
    for loop, pairs in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, pairs)


def _resolve(pairs: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, result in pairs:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
