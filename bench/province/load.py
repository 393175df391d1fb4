"""`bench province`: the published load from end to end, as fast as it goes; every count is the peers' own.

The demo's world with all its flows, where officials, authorities and citizens lose no time. Citizens submit
no further ahead than `AHEAD`: what is measured is the bus under load, not how long a queue can grow.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.province.left import left_open
from bench.province.mix import PUBLISHED
from bench.province.stream import Submission, submissions
from bench.province.tables import load_tables
from bus.errors import LienThongError
from bus.ledger import read
from bus.ledger.ledger import read_only
from bus.ledger.read import Account
from bus.ledger.schema import OPEN
from commands.demo_citizens import Payers
from commands.demo_world import ONESTOP, PORTAL, ROOT, Scene, build_scene
from deploy.local.folder import last_lines
from deploy.local.guard import Guarded, guarded_popen
from deploy.local.rabbitmq import find_broker

AHEAD, CHUNK = 500, 50
"""Dossiers submitted and not yet at an end at most, and dossiers in one submission."""

SEED = 7
EVERY = 0.25
QUIET_LOOKS = 6
STALLED_SECONDS = 120.0
"""Without any progress for so long, the account is drawn up with what is still open in it."""

_PAYING_SHARE = 0.2
"""At most this share of the time goes into asking who owes: the tax office then does nothing else."""

_PUBLISHED_DOSSIERS = sum(PUBLISHED.values())


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: dossiers at an end at the one-stop, all it has, things open anywhere, what peers did."""

    ended: int
    taken_in: int
    open: int
    done: int


@dataclass(slots=True)
class Run:
    """A replay at work; `submitted` of `wanted` dossiers are at the portal."""

    scene: Scene
    bus: Guarded
    folder: Path
    wanted: int
    stream: Iterator[Submission]
    payers: Payers
    submitted: int = 0
    pay_at: float = field(default_factory=time.monotonic)

    def submit(self, ended: int) -> None:
        """Hand in as many as fit."""
        while self.submitted < self.wanted and self.submitted - ended < AHEAD:
            records = [{"record": one.record, "via": one.via} for one in islice(self.stream, CHUNK)]
            self.scene.portal.post("/_sim/submit", {"records": records})
            self.submitted += len(records)

    def pay(self) -> None:
        """Let citizens pay what they owe, now and then."""
        began = time.monotonic()
        if began >= self.pay_at:
            self.payers.pay()
            self.pay_at = time.monotonic() + (time.monotonic() - began) / _PAYING_SHARE

    @property
    def ledger(self) -> str:
        """Where the bus's ledger lies."""
        return f"sqlite:///{self.folder / 'ledger.db'}"

    def account(self) -> Account:
        """What the ledger says."""
        return read_only(self.ledger, read.account)

    def look(self) -> Seen:
        """Ask the one-stop and the portal; raises `LienThongError` where the bus has ended.

        The ledger, whose account reads all of it, is asked once they are at rest: a look must stay cheap
        however long the replay has run.
        """
        if self.bus.poll() is not None:
            raise LienThongError(f"the bus has ended: {last_lines(self.folder / 'bus.log')}")
        onestop, portal = self.scene.onestop.effects(), self.scene.portal.effects()
        waiting = onestop["open"] + portal["open"] + max(0, self.submitted - onestop["dossiers"])
        ended, done = onestop["dossiers"] - onestop["open"], onestop["applied"] + portal["applied"]
        return Seen(ended, onestop["dossiers"], waiting or self._waiting(), done)

    def _waiting(self) -> int:
        """What the ledger has open, or has not heard of."""
        try:
            account = self.account()
        except Exception:  # noqa: BLE001  the bus has not made its ledger yet
            return 1
        unheard = max(0, self.submitted - account.dossiers)
        return unheard + sum(account.states.get(state, 0) for state in OPEN)


def run(scale: float = 1.0) -> dict[str, Any]:
    """Replay this share of the published 58,500 dossiers in their mix; all of `account` has to be zero.

    `open` is what had not come to an end when nothing moved any more; `left` then tells what, and for whom.
    The rates are of this machine, with the simulated peers on it as well; bytes are those of the SQLite
    ledger after its bus has stopped.
    """
    wanted = max(1, round(_PUBLISHED_DOSSIERS * scale))
    folder = Path(".lienthong").absolute()
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="province-", dir=folder)))
        replay = _start(stack, data, wanted)
        seconds, last = _replay(replay)
        peak = _peak_mb(replay.bus.pid)
        left = left_open(replay.ledger, replay.scene) if last.open else {}
        replay.bus.stop()
        return _figures(replay, seconds, last, peak) | ({"left": left} if left else {})


def _start(stack: ExitStack, data: Path, wanted: int) -> Run:
    broker = stack.enter_context(find_broker(data / "rabbitmq", say=_say))
    scene = build_scene(stack, data, broker=broker, seed=SEED, pace=0.0)
    log = stack.enter_context((data / "bus.log").open("ab"))
    command = [sys.executable, "-m", "commands.serving", str(scene.settings)]
    bus = guarded_popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log, grace=30)
    stack.callback(bus.stop)
    return Run(scene, bus, data, wanted, submissions(wanted, SEED, load_tables()), Payers(scene))


def _replay(replay: Run) -> tuple[float, Seen]:
    """Submit and wait for rest; seconds from the first submission to it, and the last look."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("dossiers at an end", total=replay.wanted)
        began = moved = time.monotonic()
        calm, before = 0, Seen(0, 0, 1, 0)
        while calm < QUIET_LOOKS and time.monotonic() - moved < STALLED_SECONDS:
            replay.submit(before.ended)
            replay.pay()
            seen = replay.look()
            bar.update(task, completed=seen.ended)
            if seen != before:
                moved, before = time.monotonic(), seen
            resting = seen.open == 0 and seen.taken_in > 0 and replay.submitted == replay.wanted
            calm = calm + 1 if resting else 0
            time.sleep(EVERY)
    return moved - began, before


def _figures(replay: Run, seconds: float, last: Seen, peak: float) -> dict[str, Any]:
    account = replay.account()
    delivered = account.states.get("delivered", 0)
    effects = {name: peer.effects() for name, peer in replay.scene.peers.items()}
    kept = sum(file.stat().st_size for file in replay.folder.glob("ledger.db*"))
    twice = len(replay.scene.onestop.get("/_sim/state")["created_twice"])
    return {
        "dossiers": replay.wanted,
        "deliveries": delivered,
        "seconds": round(seconds, 1),
        "dossiers_per_s": round(effects[ONESTOP]["dossiers"] / seconds, 1),
        "deliveries_per_s": round(delivered / seconds, 1),
        "peak_rss_mb": round(peak, 1),
        "ledger_bytes_per_delivery": round(kept / max(1, sum(account.states.values()))),
        "account": draw_up(replay.submitted + twice, account, effects),
        "open": last.open,
        "effects": {name: counted["applied"] for name, counted in effects.items()},
    }


def draw_up(expected: int, account: Account, effects: dict[str, dict[str, Any]]) -> dict[str, int]:
    """What must be zero: the peers tell what they lack, got twice or late, the ledger what it cannot place.

    `expected` are the dossiers submitted, those again that the one-stop made twice: a double covers no loss.
    A file that the portal cannot fetch the same to the byte is lost. Pure.
    """
    return {
        "lost": max(0, expected - effects[ONESTOP]["dossiers"]) + effects[PORTAL]["attachments"]["wrong"],
        "duplicate_effects": sum(counted["duplicates"] for counted in effects.values()),
        "out_of_order": sum(counted["out_of_order"] for counted in effects.values()),
        "unaccounted": account.unaccounted,
    }


def _peak_mb(pid: int) -> float:
    """The most memory that a process ever had resident, in megabytes, by the kernel's count."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
