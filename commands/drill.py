"""`drill`: an installation of several processes, broken on purpose while dossiers flow; then the account."""

import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.province import load_tables, submissions
from bus.ledger import read
from bus.ledger.ledger import read_only
from bus.ledger.store import Store
from commands.demo_citizens import Payers
from commands.demo_world import Scene, build_scene
from commands.drill_account import PROMISES, Account, Violation, open_now, take_account
from commands.drill_audit import moves, watch
from commands.drill_disk import forget
from commands.drill_faults import KINDS, Clock, Faults, in_lanes
from commands.drill_machine import DATA, clocks, database, disks, left_out
from commands.drill_plan import Fault, Wish, faults, lives
from commands.drill_processes import SAYS_IT_SERVES, SERVING, Processes, Slot
from commands.drill_report import write_report
from commands.drill_settings import fit
from commands.tell import FINE, NEEDS_YOU, covered, local_time, out, put_json, say
from commands.trace import find
from deploy.local.broker_nodes import BrokerNodes, broker_nodes

DRILL = Path(".lienthong/drill")
QUIET_LOOKS = 4
SHOWN = 5
"""How many violations are told with their dossier's timeline."""
CHUNKS = 40
FIRST_START = 30.0
"""Seconds that the bus has to start for the first time before the stream begins."""
PATIENCE = 6.0
"""Seconds that the stream waits for the next kills at most, each time."""


_FIGURES = (
    "kills",
    "starts",
    "moves_audited",
    "kept",
    "paid",
    "slowest_reconnect",
    "first_delivery_after_broker_restart_s",
    "seconds",
)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that runs in a drill."""

    wish: Wish
    scene: Scene
    ledger: str
    nodes: BrokerNodes
    processes: Processes
    faults: Faults
    plan: tuple[Fault, ...]
    left_out: Mapping[str, str]
    payers: Payers


def drill(wish: Wish, *, entry: Sequence[str] = SERVING, plan: tuple[Fault, ...] | None = None) -> int:
    """Run a drill and print its account; `NEEDS_YOU` where a promise does not hold. May be repeated.

    `entry` is what runs a process of the bus, for those who plant a bug in it; `plan` are faults that are
    done instead of drawn ones.
    """
    began = time.monotonic()
    # whoever stops us leaves neither processes nor filesystems behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for name in ("data", "database"):
        forget(DRILL / name)
    shutil.rmtree(DRILL, ignore_errors=True)
    DRILL.mkdir(parents=True)
    with ExitStack() as stack:
        world = _start(stack, wish, entry, plan)
        _stream(world)
        _recover(world)
        quiet = _until_quiet(world)
        world.processes.stop()
        account = take_account(world.ledger, world.scene.peers, DRILL)
        result = _result(world, account, quiet, time.monotonic() - began)
        if wish.report:
            write_report(wish.report, result)
        if wish.as_json:
            put_json(result)
        else:
            _print(result)
        for violation in account.violations[:SHOWN]:
            _tell(world, violation)
    broken = any(result[promise] for promise in PROMISES)
    return NEEDS_YOU if broken or not quiet else FINE


def _start(stack: ExitStack, wish: Wish, entry: Sequence[str], given: tuple[Fault, ...] | None) -> World:
    say(f"a drill with seed {wish.seed}: starting broker, ledger, peers and bus; all of it lies in {DRILL}/")
    below = disks(stack, DRILL, wish)
    missing = left_out(wish, below)
    plan = faults(wish, KINDS - missing.keys()) if given is None else tuple(sorted(given, key=_at))
    # due dates are the database's clock; nobody else's need be set, for the library is slow
    set_ones = clocks(DRILL, wish, wanted=any(fault.kind.startswith("clock") for fault in plan))
    with ThreadPoolExecutor(2) as pool:
        starting = pool.submit(stack.enter_context, database(DRILL, wish, set_ones))
        nodes = stack.enter_context(broker_nodes(DRILL / "broker", wish.nodes, say=_quietly))
        address = starting.result()
    scene = build_scene(stack, DRILL, broker=nodes.url, seed=wish.seed, pace=0.6)
    fit(scene.settings, data=below[DATA].folder.resolve(), ledger=address)
    connectors = tuple(scene.peers)
    slots = [
        Slot(name, () if name == "serve" else connectors, lives(wish, name), env=set_ones.preload(name))
        for name in wish.processes
    ]
    processes = Processes(scene.settings, slots, wish.kills, entry)
    stack.callback(processes.stop)
    clock = Clock({name: each.write for name, each in set_ones.clocks.items()})
    broken = stack.enter_context(
        in_lanes(Faults(scene.peers, nodes, processes, below, clock, address, _quietly))
    )
    # the ledger stands before anybody works, and notes every move
    Store(address).close()
    watch(address)
    processes.armed = True
    _first_start(processes)
    return World(wish, scene, address, nodes, processes, broken, plan, missing, Payers(scene))


def _at(fault: Fault) -> float:
    return fault.at


def _first_start(processes: Processes) -> None:
    """Wait until the bus works: faults shall strike what is at work, and not a start alone."""
    until = _from_now(FIRST_START)
    while processes.said(SAYS_IT_SERVES) < len(processes.slots) and time.monotonic() < until:
        processes.look()
        time.sleep(0.05)


def _stream(world: World) -> None:
    """Submit dossiers as citizens do, while faults and kills come at the pace of the stream."""
    wish, processes = world.wish, world.processes
    with _bar("dossiers submitted", wish.dossiers) as advance:
        pending = list(world.plan)
        submitted = 0
        for chunk in _chunks(wish):
            world.scene.portal.post("/_sim/submit", {"records": chunk})
            submitted += len(chunk)
            share = submitted / wish.dossiers
            due = [fault for fault in pending if fault.at <= share]
            pending = pending[len(due) :]
            world.faults.begin(due)
            world.payers.pay()
            advance(submitted, f"{processes.killed} kills, {world.faults.done.total()} faults")
            _pace(world, share)
    while processes.killed < wish.kills or world.faults.busy():
        processes.look()
        time.sleep(0.05)


def _pace(world: World, share: float) -> None:
    """Let the kills that belong to this part of the stream happen."""
    until = time.monotonic() + PATIENCE
    least = time.monotonic() + 0.3
    while time.monotonic() < until:
        world.processes.look()
        world.faults.busy()
        if time.monotonic() > least and world.processes.killed >= world.wish.kills * share:
            return
        time.sleep(0.05)


def _chunks(wish: Wish) -> Iterator[list[dict[str, Any]]]:
    size = max(1, wish.dossiers // CHUNKS)
    chunk: list[dict[str, Any]] = []
    for one in submissions(wish.dossiers, wish.seed, load_tables()):
        chunk.append({"record": one.record, "via": one.via})
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _recover(world: World) -> None:
    world.faults.heal()
    world.processes.disarm()


def _until_quiet(world: World) -> bool:
    """Wait until nothing is open anywhere, several looks in a row; False where nothing moves any more."""
    calm, before = 0, -1
    until, never = _from_now(world.wish.patience), _from_now(10 * world.wish.patience)
    with _bar("dossiers at an end", world.wish.dossiers) as advance:
        while time.monotonic() < min(until, never):
            world.processes.look()
            world.payers.pay()
            open_things = open_now(world.ledger, world.scene.peers)
            if open_things != before:
                until, before = _from_now(world.wish.patience), open_things
            onestop = world.scene.onestop.effects()
            advance(onestop["dossiers"] - onestop["open"], f"{open_things} things open")
            calm = calm + 1 if open_things == 0 else 0
            if calm >= QUIET_LOOKS:
                return True
            time.sleep(0.5)
    return False


def _from_now(seconds: float) -> float:
    return time.monotonic() + seconds


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int, beside: str) -> None:
            bar.update(task, completed=done, description=f"{what} ({beside})")

        yield advance


def _result(world: World, account: Account, quiet: bool, seconds: float) -> dict[str, Any]:  # noqa: FBT001  one caller
    processes, broken = world.processes, world.faults
    return {
        **{promise: account.count(promise) for promise in PROMISES},
        "quiet": quiet,
        "kills": processes.killed,
        "kill_points": dict(sorted(processes.kills.items())),
        "faults": dict(sorted(broken.done.items())),
        "left_out": dict(world.left_out),
        "dossiers": world.wish.dossiers,
        "kept": account.kept,
        "states": {state: count for state, count in account.states.items() if count},
        "moves_audited": moves(world.ledger),
        "for_a_person": dict(account.for_a_person),
        "paid": len(world.payers.paid),
        "effects": {
            name: {word: counted[word] for word in ("applied", "duplicates", "refused")}
            for name, counted in account.effects.items()
        },
        "starts": processes.starts,
        "slowest_reconnect": round(max(broken.reconnected, default=0.0), 2),
        "first_delivery_after_broker_restart_s": _worst(broken.delivered),
        "seed": world.wish.seed,
        "ledger": world.wish.ledger,
        "nodes": world.wish.nodes,
        "processes": len(processes.slots),
        "seconds": round(seconds, 1),
    }


def _worst(seconds: Sequence[float]) -> float | None:
    """The longest; None where nothing was measured, for no broker was away while work was open."""
    return round(max(seconds), 2) if seconds else None


def _print(result: Mapping[str, Any]) -> None:
    table = Table(title=f"drill, seed {result['seed']}: {result['dossiers']} dossiers", title_justify="left")
    for name in ("what", "how many"):
        table.add_column(name, overflow="fold")
    for promise in PROMISES:
        count = result[promise]
        table.add_row(promise.replace("_", " "), str(count), style="bold red" if count else "green")
    table.add_section()
    for name in _FIGURES:
        table.add_row(name.replace("_", " "), str(result[name]))
    table.add_section()
    for name in ("faults", "kill_points", "for_a_person", "left_out"):
        for what, count in result[name].items():
            table.add_row(f"{name.replace('_', ' ')}: {what}", str(count))
    out().print(table)
    if not result["quiet"]:
        say("it did not come to rest in time: what is open stands in `account`")


def _tell(world: World, violation: Violation) -> None:
    """The seed, what happened, the fault before it, and the dossier's timeline; no personal data."""
    say(f"\nVIOLATION (seed {world.wish.seed}): {violation.promise}: {violation.number} {violation.what}")
    dossier = read_only(world.ledger, find, violation.number) if violation.number else None
    moments = read_only(world.ledger, read.timeline, dossier) if dossier is not None else ()
    # what is lost has no time of its own: its dossier was heard of last then
    at = violation.at or max((moment.at for moment in moments), default=0.0)
    if at:
        what = "at" if violation.at else "last heard of at"
        say(f"  {what} {local_time(at)}; the last fault before it: {world.faults.before(at) or 'none'}")
    for moment in moments:
        said = f"{moment.system} {moment.what} {moment.state} {covered(moment.detail)}"
        say(f"  {local_time(moment.at)} {said}".rstrip())


def _quietly(_text: str) -> None:
    """The bar says enough."""
