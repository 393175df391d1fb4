"""A province in small for acceptance tests: peers and bus, each a process that can be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from bench.province import load_tables, submissions
from bus.ledger import read, schema
from bus.ledger.ledger import read_only
from bus.ledger.schema import OPEN
from commands.demo_settings import write_settings
from commands.demo_world import Simulator, start_simulator
from deploy.local.folder import free_ports
from deploy.local.guard import Guarded, guarded_popen

ROOT = Path(__file__).resolve().parents[2]
SQLITE = 'url = "sqlite:///ledger.db"'


@dataclass
class Province:
    """Two simulated peers and an installation between them, whose processes a test starts and ends."""

    folder: Path
    settings: Path
    ledger: str
    portal: Simulator
    onestop: Simulator
    stack: ExitStack
    processes: list[Guarded] = field(default_factory=list)

    def start(self, *words: str) -> Guarded:
        """Start `run.py WORDS` on this installation, as its users do; its words go to `bus.log`."""
        command = [sys.executable, str(ROOT / "run.py"), *words, "--settings", str(self.settings)]
        with self.log.open("ab") as log:
            process = guarded_popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log, grace=20)
        self.stack.callback(process.stop)
        self.processes.append(process)
        return process

    @property
    def log(self) -> Path:
        """What the processes of the bus said."""
        return self.folder / "bus.log"

    def said(self, text: str) -> int:
        """How often a text stands in what the bus said."""
        return self.log.read_text().count(text) if self.log.exists() else 0

    def submit(self, dossiers: int, seed: int, *, after: int = 0) -> None:
        """Submit dossiers of a stream on the portal, as citizens do; `after` so many earlier ones."""
        stream = islice(submissions(after + dossiers, seed, load_tables()), after, None)
        records = [{"record": one.record, "via": one.via} for one in stream]
        self.portal.post("/_sim/submit", {"records": records})

    def account(self) -> read.Account:
        """The proof that everything is accounted for, read beside the running bus."""
        return read_only(self.ledger, read.account)

    def calls_of(self, process: Guarded) -> int:
        """How many deliveries this process is sending now."""

        def count(tx: Connection) -> int:
            row, holder = schema.delivery.c, schema.holder.c
            query = select(func.count()).select_from(
                schema.delivery.join(schema.holder, holder.id == row.holder)
            )
            query = query.where(row.state == "sending", holder.name.endswith(f":{process.pid}"))
            return int(tx.execute(query).scalar_one())

        return read_only(self.ledger, count)

    def open_now(self) -> int:
        """What is still open anywhere: in the ledger, at the peers."""
        states = self.account().states
        peers = self.portal.effects()["open"] + self.onestop.effects()["open"]
        return sum(states.get(state, 0) for state in OPEN) + int(peers)

    def rests(self, seconds: float, *, looks: int = 4) -> bool:
        """Wait until nothing is open anywhere, several looks in a row; False where that takes too long."""
        until, calm = time.monotonic() + seconds, 0
        while calm < looks:
            if time.monotonic() > until:
                return False
            calm = calm + 1 if self.open_now() == 0 else 0
            time.sleep(0.5)
        return True

    def broken_promises(self) -> dict[str, Any]:
        """What breaks a promise, by name; empty where all hold."""
        counted = {one.name: one.effects() for one in (self.portal, self.onestop)}
        found = {
            f"{name}: {word}": effects[word]
            for name, effects in counted.items()
            for word in ("duplicates", "out_of_order", "echoes")
        }
        account = self.account()
        found["unaccounted"] = account.unaccounted
        found |= {state: account.states.get(state, 0) for state in OPEN}
        return {name: count for name, count in found.items() if count}


def kill(process: Guarded) -> None:
    """End a process as a power cut would, and wait until it is gone."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait(20)


def wait_for(holds: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until something holds; say what was waited for where it does not."""
    until = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def province(
    folder: Path,
    amqp_url: str,
    *,
    ledger_url: str = "",
    seed: int = 7,
    citizen_delay: float = 0.2,
    officials: Sequence[str] = (),
) -> Iterator[Province]:
    """Peers and settings for an installation in `folder`; every process ends with the block."""
    with ExitStack() as stack:
        drawn = ["--seed", str(seed), "--tables", str(ROOT / "deploy" / "tables")]
        portal = start_simulator(
            stack, "national_portal", folder, [*drawn, "--citizen-delay", str(citizen_delay)]
        )
        onestop = start_simulator(stack, "onestop", folder, [*drawn, "--pace", "0.5", *officials])
        port = free_ports(1)[0]
        settings = write_settings(folder, broker=amqp_url, portal=portal.url, onestop=onestop.url, port=port)
        if ledger_url:
            _use_ledger(settings, ledger_url)
        door = f"http://127.0.0.1:{port}/in"
        secrets = {name: (folder / "secrets" / name).read_text() for name in ("inbound", "webhook")}
        portal.post(
            "/_sim/inbound",
            {
                "url": f"{door}/national_portal/push",
                "header": "X-Lienthong-Key",
                "key": secrets["inbound"],
            },
        )
        onestop.post("/_sim/webhook", {"url": f"{door}/onestop/changed", "secret": secrets["webhook"]})
        ledger = ledger_url or f"sqlite:///{folder / 'ledger.db'}"
        yield Province(folder, settings, ledger, portal, onestop, stack)


def _use_ledger(settings: Path, url: str) -> None:
    """Name another ledger in the settings; its password goes to a file of its own."""
    head, _, tail = url.rpartition("@")
    scheme, _, login = head.partition("://")
    user, _, password = login.partition(":")
    (settings.parent / "secrets" / "ledger").write_text(password)
    written = f'url = "{scheme}://{user}@{tail}"\npassword = "file:secrets/ledger"'
    settings.write_text(settings.read_text().replace(SQLITE, written))
