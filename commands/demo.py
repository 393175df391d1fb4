"""`demo`: the peers simulated, the bus between them, a stream of dossiers, the account at the end."""

import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.province import Coverage, coverage, load_tables, submissions
from bus.errors import ConfigurationError
from bus.ledger import read
from bus.ledger.ledger import read_only
from bus.ledger.schema import OPEN, STATES
from commands import demo_agencies
from commands.demo_agencies import Agency
from commands.demo_citizens import Payers
from commands.demo_console import invite, section
from commands.demo_world import ONESTOP, PEERS, PORTAL, ROOT, Scene, build_scene
from commands.parts import one_of, read_settings
from commands.place import DEMO
from commands.tell import FINE, NEEDS_YOU, out, put_json, say
from deploy.local.folder import free_ports, last_lines
from deploy.local.guard import Guarded, guarded_popen
from deploy.local.rabbitmq import find_broker
from monitoring.words import DELIVERIES

QUIET_LOOKS = 4
CHUNK = 25
_COUNTS = {
    "taken_in": "một cửa đã tiếp nhận",
    "out_of_order": "sai thứ tự",
    "echoes": "tiếng vọng",
    "unaccounted": "không rõ ở đâu",
}
REFUSED = 2
"""The exit code of a bus that its settings keep from starting."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a demo shall do. `breaks` names a peer to be taken away for a while, "" for none.

    Files in `routes` win over the shipped route files.
    """

    dossiers: int = 120
    seed: int = 7
    breaks: str = ""
    routes: Path | None = None
    stay: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Everything that runs in a demo."""

    wish: Wish
    ledger: str
    scene: Scene
    bus: "BusProcess"
    payers: Payers
    agency: Agency

    @property
    def dossiers(self) -> int:
        """How many there are to be: of citizens on the portal, and of the agency at its door."""
        return self.wish.dossiers + self.agency.count


class BusProcess:
    """The bus in a process of its own; killed from outside, it is started again and nothing is lost."""

    def __init__(self, settings: Path, log: Path) -> None:
        self._command = [sys.executable, "-m", "commands.serving", str(settings.resolve())]
        self._log = log
        self._child: Guarded | None = None
        self.starts = 0

    def keep_alive(self) -> None:
        """Start it where it does not run; raises `ConfigurationError` where it refuses to start."""
        if self._child is None or self._child.poll() is not None:
            if self._child is not None:
                if self._child.poll() == REFUSED:
                    raise ConfigurationError([f"the bus does not start: {last_lines(self._log)}"])
                self._child.stop()
            with self._log.open("ab") as log:
                self._child = guarded_popen(
                    self._command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log, grace=30
                )
            self.starts += 1
            (self._log.parent / "bus.pid").write_text(str(self._child.pid))

    def stop(self) -> None:
        """Stop it as a person would: finish, flush, end."""
        if self._child is not None:
            self._child.stop()


def demo(wish: Wish) -> int:
    """Run a demo and print its account; `NEEDS_YOU` where a promise does not hold.

    Raises `ConfigurationError` where what shall break is no peer of the demo.
    """
    if wish.breaks:
        one_of("peer in the demo", wish.breaks, PEERS)
    began = time.monotonic()
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    with ExitStack() as stack:
        world = _start(stack, wish)
        covered = _stream(world)
        quiet = _until_quiet(world, limit=180 + wish.dossiers * 1.5)
        agency = world.agency.account()
        world.bus.stop()
        result = _result(world, covered, time.monotonic() - began) | {"agency": agency}
        if not quiet:
            say("the demo did not come to rest in time; what is open stands in the table")
        _show(world, result, covered)
        if wish.stay:
            _stay(world)
    return FINE if quiet and _holds(result, world) else NEEDS_YOU


def _start(stack: ExitStack, wish: Wish) -> World:
    say("starting the broker, five peers and the bus; their data lie in .lienthong/")
    broker = stack.enter_context(find_broker(DEMO.parent / "rabbitmq", say=say))
    scene = build_scene(stack, DEMO, broker=broker, seed=wish.seed, routes=wish.routes, axis=True)
    console = free_ports(1)[0]
    with scene.settings.open("a", encoding="utf-8") as written:
        written.write(section(console) + demo_agencies.section(DEMO))
    bus = BusProcess(scene.settings, DEMO / "bus.log")
    bus.keep_alive()
    stack.callback(bus.stop)
    if wish.stay:
        say(invite(DEMO, console))
    agency = _agency(scene, wish)
    return World(wish, f"sqlite:///{DEMO / 'ledger.db'}", scene, bus, Payers(scene), agency)


def _agency(scene: Scene, wish: Wish) -> Agency:
    door = read_settings(scene.settings).listen.intake.address
    assert door is not None  # noqa: S101 - for mypy: the demo's settings have one
    key = (DEMO / "secrets" / "agency").read_text()

    def tell(number: str, content: bytes) -> None:
        paper = {"Base64": b64encode(content).decode()}
        scene.portal.post("/_sim/handed", {"MaHoSo": number, "TaiLieuNop": [paper]})

    return Agency(door, key, demo_agencies.how_many(wish.dossiers), tell)


def _stream(world: World) -> Coverage:
    """Submit dossiers on the portal, as citizens do; in the middle of them break what shall break."""
    wish, records = world.wish, []
    chunk: list[dict[str, Any]] = []
    broken = False
    for submission in submissions(wish.dossiers, wish.seed, load_tables()):
        records.append(submission.record)
        chunk.append({"record": submission.record, "via": submission.via})
        if len(chunk) == CHUNK:
            world.scene.portal.post("/_sim/submit", {"records": chunk})
            chunk = []
            world.bus.keep_alive()
            world.payers.pay()
            world.agency.work()
            time.sleep(0.4)
        if wish.breaks and not broken and len(records) * 3 >= wish.dossiers:
            broken = True
            world.scene.peers[wish.breaks].post("/_sim/switch", {"mode": "dead", "for_seconds": 20})
            say(f"{wish.breaks} is gone for 20 seconds; watch it heal")
    if chunk:
        world.scene.portal.post("/_sim/submit", {"records": chunk})
    return coverage(records)


def _until_quiet(world: World, limit: float) -> bool:
    """Wait until nothing is open anywhere, several looks in a row; False where that takes too long."""
    until, calm = time.monotonic() + limit, 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("dossiers at an end", total=world.dossiers)
        while time.monotonic() < until:
            world.bus.keep_alive()
            world.payers.pay()
            world.agency.work()
            open_now, done = _look(world)
            bar.update(task, completed=done, description=f"dossiers at an end ({open_now} things open)")
            calm = calm + 1 if open_now == 0 and done else 0
            if calm >= QUIET_LOOKS:
                return True
            time.sleep(0.5)
    return False


def _look(world: World) -> tuple[int, int]:
    """What is still open anywhere, and how many dossiers the one-stop has finished.

    What was submitted while the portal was gone is open too: nobody has found it yet.
    """
    try:
        account = read_only(world.ledger, read.account)
    except Exception:  # noqa: BLE001  the bus has not made its ledger yet
        return 1, 0
    onestop, portal = world.scene.onestop.effects(), world.scene.portal.effects()
    waiting = sum(account.states.get(state, 0) for state in OPEN)
    waiting += max(0, world.dossiers - account.dossiers)
    return waiting + onestop["open"] + portal["open"], onestop["dossiers"] - onestop["open"]


def _result(world: World, covered: Coverage, seconds: float) -> dict[str, Any]:
    account = read_only(world.ledger, read.account)
    effects = {name: peer.effects() for name, peer in world.scene.peers.items()}
    return {
        "kept": sum(account.messages.values()),
        "dossiers": account.dossiers,
        "messages": account.messages,
        "states": {state: account.states.get(state, 0) for state in STATES},
        "effects": {
            name: {key: counted[key] for key in ("applied", "duplicates", "refused")}
            for name, counted in effects.items()
        },
        "out_of_order": sum(counted["out_of_order"] for counted in effects.values()),
        "echoes": sum(counted["echoes"] for counted in effects.values()),
        "unaccounted": account.unaccounted,
        "attachments": effects[PORTAL]["attachments"],
        "taken_in": effects[ONESTOP]["dossiers"],
        "paid": len(world.payers.paid),
        "by_operation": {name: _done(counted) for name, counted in effects.items()},
        "awkward_covered": len(covered.covered),
        "awkward_missing": sorted(covered.missing),
        "bus_starts": world.bus.starts,
        "seconds": round(seconds, 1),
    }


def _done(counted: Mapping[str, Any]) -> dict[str, int]:
    """How often a system did each thing that it was asked for."""
    return {name: each["applied"] for name, each in counted["by_operation"].items() if each["applied"]}


def _holds(result: Mapping[str, Any], world: World) -> bool:
    """Whether every promise the demo can see holds; the one-stop has each dossier once."""
    doubled = sum(counted["duplicates"] for counted in result["effects"].values())
    counts = (result[name] for name in ("out_of_order", "echoes", "unaccounted"))
    wrong = (doubled, result["attachments"]["wrong"], *counts)
    handed_in = demo_agencies.holds(result["agency"], world.agency.count)
    return not any(wrong) and handed_in and result["taken_in"] == world.dossiers


def _show(world: World, result: dict[str, Any], covered: Coverage) -> None:
    if world.wish.as_json:
        put_json(result)
        return
    table = Table(
        title=f"{result['kept']} messages kept of {result['dossiers']} dossiers in {result['seconds']} s"
    )
    for name in ("state", "trạng thái", "deliveries"):
        table.add_column(name)
    for state, count in result["states"].items():
        if count:
            table.add_row(state, DELIVERIES[state], str(count))
    table.add_section()
    for name, counted in result["effects"].items():
        told = f"{counted['applied']} applied, {counted['duplicates']} doubled, {counted['refused']} refused"
        table.add_row(f"effects at {name}", "do chính nơi nhận đếm", told)
        for operation, count in sorted(result["by_operation"][name].items()):
            table.add_row("", operation, str(count))
    table.add_row("tax notices paid by citizens", "thông báo thuế đã nộp", str(result["paid"]))
    for name, vietnamese in _COUNTS.items():
        table.add_row(name.replace("_", " "), vietnamese, str(result[name]))
    fetched = result["attachments"]
    told = f"{fetched['fetched']} the same to the byte, {fetched['wrong']} wrong"
    table.add_row("attachments fetched", "tệp Cổng tải về", told)
    agency = result["agency"]
    told = f"{agency['handed_in']} taken once each though sent twice, {agency['same_hash']} compared equal"
    table.add_row("handed in by an agency", "hồ sơ cơ quan nộp qua cửa", told)
    table.add_row("awkward facts met", "tình huống khó", f"{len(covered.covered)} of 40")
    out().print(table)
    dossiers = world.scene.portal.get("/_sim/dossiers")
    if dossiers:
        busiest = max(dossiers, key=lambda dossier: dossier["rows"])
        out().print(f"one dossier over all systems: python3 run.py trace {busiest['MaHoSo']}")


def _stay(world: World) -> None:
    world.bus.keep_alive()
    say(demo_agencies.invite(world.agency.door, DEMO))
    say("everything stays up; Ctrl-C ends it")
    try:
        while True:
            world.bus.keep_alive()
            time.sleep(1)
    except KeyboardInterrupt:
        say("ending")
