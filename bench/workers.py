"""`bench workers`: the whole hop with one, two and four processes over one ledger on PostgreSQL.

The hop is that of `bench hop` (`bench/hop_lienthong.py`), unchanged; its processes share source queue, work
queue and ledger as `serve` and `worker` do. Beside them, in the same run: one process on SQLite. The database
is as safe as in production (it flushes at every commit), on the disk that is measured. Interleaved rounds,
medians. Broker, database and all processes share this machine's cores: `cores` says how many there are.
After each measurement the processes stop in their orderly way, and ledger and output queue must agree.
"""

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, func, select

from bench.hop import Bench, HopError, measure, start, stop, watch
from bench.hop_child import SOURCE, Report, Spec
from bench.hop_message import Dossier, dossiers
from bench.hop_queue import Queues
from bus.ledger import schema
from bus.ledger.ledger import read_only
from deploy.local.postgres import private_postgres
from deploy.local.rabbitmq import find_broker

COUNTS = (1, 2, 4)
"""How many processes are measured."""
_EACH_SECOND = 1000
"""How many messages are laid out for each second that is measured."""

Measured = tuple[float, float]
"""Messages a second at the output queue, and seconds of processor time a message, of all processes."""


def run(seconds: float = 6.0, *, rounds: int = 3) -> dict[str, Any]:
    """Measure; each number of processes for about `seconds` in each round. Needs a quiet machine.

    Gives messages a second by number of processes, their share of one process's, and of SQLite's with one;
    the processor time a message (start included, broker and database not). Raises `HopError` where any are
    lost. May be repeated.
    """
    folder = Path(".lienthong").absolute()
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as data,
        find_broker(Path(data) / "rabbitmq", say=_say) as broker,
        private_postgres(Path(data) / "postgres", say=_say, durable=True) as ledger,
    ):
        bench = Bench(broker, Path(data), seconds, 0)
        measured = [_round(bench, ledger, number) for number in range(1, rounds + 1)]
    return figures(measured)


def figures(rounds: Sequence[Mapping[str, Measured]]) -> dict[str, Any]:
    """Make medians, and the shares of medians, of what was measured. Pure."""
    names = tuple(rounds[0])
    rates = {name: statistics.median(each[name][0] for each in rounds) for name in names}
    times = {name: statistics.median(each[name][1] for each in rounds) for name in names}
    one = rates["1"]
    return {
        "cores": os.cpu_count(),
        "per_s": {name: round(rate, 1) for name, rate in rates.items()},
        "ratio_to_one": {name: round(rates[name] / one, 2) for name in names if name.isdigit()},
        "ratio_of_one_to_sqlite": round(one / rates["sqlite"], 2),
        "cpu_ms_per_message": {name: round(1000 * each, 3) for name, each in times.items()},
        "rounds": [{name: round(each[name][0], 1) for name in names} for each in rounds],
    }


def _round(bench: Bench, ledger: str, number: int) -> dict[str, Measured]:
    messages = tuple(dossiers(int(_EACH_SECOND * bench.seconds), number))
    alone = measure(bench, "lienthong", number, messages)
    measured = {"sqlite": (alone.per_s, alone.cpu_s_each)}
    for count in COUNTS:
        measured[str(count)] = _together(bench, ledger, count, messages)
    _say(f"round {number}: " + ", ".join(f"{name} {each[0]:,.0f}/s" for name, each in measured.items()))
    return measured


def _together(bench: Bench, ledger: str, count: int, messages: Sequence[Dossier]) -> Measured:
    """Measure so many processes over an empty ledger."""
    _empty(ledger)
    spec = Spec(bench.url, f"bench-{secrets.token_hex(4)}", ledger)
    name = f"{count} processes"
    with Queues(bench.url, spec.topology) as queues:
        queues.renew()
        children: list[subprocess.Popen[bytes]] = []
        try:
            children += [start("hop_lienthong", spec) for _ in range(count)]
            _wait_for_holders(ledger, count)
            queues.fill(messages, 0)
            rate = watch(queues, children[0], name, len(messages), bench.seconds)
            reports = [stop(child, name) for child in children]
        finally:
            for child in children:
                child.kill()
                child.wait()
        _check(queues, ledger, name, len(messages))
    return rate, _processor(reports) / len(messages)


def _processor(reports: Sequence[Report]) -> float:
    return sum(each.cpu_s for each in reports)


def _empty(ledger: str) -> None:
    with psycopg.connect(ledger.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _wait_for_holders(ledger: str, count: int) -> None:
    """Wait until all processes have the ledger open: what is measured is no start."""
    until = time.monotonic() + 60.0
    while time.monotonic() < until:
        try:
            if read_only(ledger, _holders) >= count:
                time.sleep(1.0)
                return
        except Exception:  # noqa: BLE001  the first of them has not made the ledger yet
            time.sleep(0.1)
        time.sleep(0.1)
    raise HopError(f"{count} processes did not start")


def _holders(tx: Connection) -> int:
    return int(tx.execute(select(func.count()).select_from(schema.holder)).scalar_one())


def _check(queues: Queues, ledger: str, name: str, count: int) -> None:
    """Nothing may be lost or doubled: what did not arrive is on the source queue, or kept in the ledger."""
    time.sleep(0.3)  # the broker requeues what a closed channel had not acknowledged
    arrived, left = queues.arrived(), queues.waiting(SOURCE)
    kept, done = read_only(ledger, _counts)
    if kept + left < count or arrived != done:
        raise HopError(f"{name}: {kept} kept, {left} left of {count}; {done} delivered, {arrived} arrived")


def _counts(tx: Connection) -> tuple[int, int]:
    delivery = schema.delivery.c
    kept = tx.execute(select(func.count(func.distinct(delivery.message)))).scalar_one()
    done = tx.execute(select(func.count()).where(delivery.state == "delivered")).scalar_one()
    return int(kept), int(done)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
