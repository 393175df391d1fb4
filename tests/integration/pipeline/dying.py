"""A bus that ends itself by SIGKILL at a named point: `python -m tests.integration.pipeline.dying`.

Reads one JSON job a line, forks a bus for it, and writes how that ended. What its one-stop did stands in a
file, so that it outlives the bus as a real peer does.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from bus.ledger import store as stores
from bus.ports import Answer, Call
from bus.rabbitmq import Received
from tests.integration.pipeline import road as roads
from tests.integration.pipeline.peers import Effect, Peer, onestop
from tests.integration.pipeline.road import road, sheets, submitted

_REACHED = {
    "keep": "SELECT count(*) FROM message",
    "claim": "SELECT count(*) FROM delivery WHERE attempt > 0",
    "settle": "SELECT count(*) FROM attempt WHERE part = 0",
}
"""What a transaction has done when it is the one that is meant."""


class Job(msgspec.Struct, frozen=True):
    """Where to die. `hands_in`: the bus itself keeps the message; else its hint waits at the broker."""

    ledger_url: str
    amqp_url: str
    prefix: str
    file: str
    when: str
    point: str
    hands_in: bool


def remembering(file: Path) -> Peer:
    """A one-stop whose effects are in a file, one a line."""
    peer = onestop()
    if file.exists():
        for line in file.read_bytes().splitlines():
            peer.effects.append(Effect(at=0.0, **msgspec.json.decode(line)))

    def do(name: str, call: Call) -> Answer:
        answer = Peer.do(peer, name, call)
        with file.open("ab") as lines:
            one = {"operation": name, "request": call.request, "request_id": call.request_id}
            lines.write(msgspec.json.encode({**one, "attempt": call.attempt}) + b"\n")
            lines.flush()
            os.fsync(lines.fileno())
        return answer

    peer.will("create_dossier", *[lambda _, name, call: do(name, call)] * 20)
    return peer


def die() -> None:
    """End as at a power cut: nothing is flushed, nobody is told."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(job: Job, peer: Peer) -> None:
    """Prepare to die at the job's point."""
    if job.point in _REACHED:
        _arm_commit(job)
    elif job.point == "call":
        act = peer.script["create_dossier"].popleft()
        peer.script["create_dossier"].appendleft(_dying_call(job.when, act))
    else:
        _arm_ack(job.when)


def _arm_commit(job: Job) -> None:
    question = text(_REACHED[job.point])
    write = stores.Store.write

    @contextmanager
    def dying(store: stores.Store) -> Iterator[Connection]:
        with write(store) as tx:
            yield tx
            reached = tx.execute(question).scalar_one() > 0
            if reached and job.when == "before":
                die()
        if reached:
            die()

    stores.Store.write = dying  # type: ignore[method-assign,assignment]  # the commit itself is what is cut short


def _dying_call(when: str, act: Any) -> Any:
    def dying(peer: Peer, name: str, call: Call) -> Answer:
        if when == "before":
            die()
        answer: Answer = act(peer, name, call)
        die()
        return answer

    return dying


def _arm_ack(when: str) -> None:
    ack = Received.ack

    def dying(received: Received) -> None:
        if when == "before":
            die()
        ack(received)
        # acknowledgements leave at the end of the loop's turn
        asyncio.get_running_loop().call_later(0.1, die)

    Received.ack = dying  # type: ignore[method-assign,assignment]  # as above


async def live(job: Job) -> None:
    """Run until the point comes, or until all has come to rest without it."""
    peer = remembering(Path(job.file))
    arm(job, peer)
    async with road(job.ledger_url, job.amqp_url, job.prefix, to_onestop=peer) as one:
        if job.hands_in:
            await one.keep(submitted())
        await one.rests()
        await asyncio.sleep(0.5)


def main() -> None:
    """Fork for each job, so that imports and sheets are paid for once."""
    sheets()
    roads.routes()
    for line in sys.stdin:
        job = msgspec.json.decode(line, type=Job)
        child = os.fork()
        if not child:
            asyncio.run(live(job))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
