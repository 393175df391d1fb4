"""The world around the bus in a demo: simulated peers in processes of their own, and their counts."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bus.errors import LienThongError
from commands.demo_settings import write_settings
from deploy.local.folder import free_ports
from deploy.local.guard import Guarded, guarded_popen
from mappings.tables import load as load_tables

ROOT = Path(__file__).resolve().parents[1]
PORTAL, ONESTOP, INSURANCE, TAX, AXIS = "national_portal", "onestop", "insurance", "tax", "ioffice"
PEERS = (PORTAL, ONESTOP, INSURANCE, TAX, AXIS)
"""The simulated systems of a demo, by the names of their connectors."""
_FLOWS = "land_tax,birth_card,insurance,elsewhere,levels"
_HURRY = re.compile(r'^(\s*ask_every\s*=\s*)".*?"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulated system at work: its address, and the address that stays reachable while it plays dead."""

    name: str
    url: str
    control_url: str
    process: Guarded

    def get(self, path: str) -> Any:
        """Read one of its `/_sim/…` pages."""
        return _http("GET", f"{self.control_url}{path}", None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Tell it something at `/_sim/…`."""
        return _http("POST", f"{self.control_url}{path}", body)

    def effects(self) -> dict[str, Any]:
        """What it was asked to do, counted by itself."""
        counted: dict[str, Any] = self.get("/_sim/effects")
        return counted


def start_simulator(stack: ExitStack, name: str, data: Path, options: Sequence[str]) -> Simulator:
    """Start `adapters.NAME.simulator` as a process that ends with us; wait until it listens.

    Raises `LienThongError` where it does not start; its log says why.
    """
    folder = (data / name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    log = stack.enter_context((folder / "simulator.log").open("ab"))
    command = [
        sys.executable,
        "-m",
        f"adapters.{name}.simulator",
        "--port",
        "0",
        "--data",
        str(folder),
        *options,
    ]
    process = guarded_popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    stack.callback(process.stop)
    assert process.stdout is not None  # noqa: S101  asked for above
    line = process.stdout.readline()
    if not line:
        raise LienThongError(f"the simulator of {name} did not start: see {folder / 'simulator.log'}")
    told = json.loads(line)
    return Simulator(name, told["url"], told["control_url"], process)


@dataclass(frozen=True, slots=True)
class Scene:
    """An installation before its bus runs: settings on disk, and the peers at work, by connector."""

    settings: Path
    peers: Mapping[str, Simulator]

    @property
    def portal(self) -> Simulator:
        """Where citizens submit."""
        return self.peers[PORTAL]

    @property
    def onestop(self) -> Simulator:
        """Where officials work."""
        return self.peers[ONESTOP]


def build_scene(  # noqa: PLR0913  a choice each
    stack: ExitStack,
    folder: Path,
    *,
    broker: str,
    seed: int,
    pace: float = 1.0,
    routes: Path | None = None,
    authorities: bool = True,
    axis: bool = False,
) -> Scene:
    """Start the simulated peers, write the settings that fit them, and tell the peers where our door will be.

    `pace` is how many seconds a step of the officials takes. All lies in `folder` and ends with `stack`.
    Without `authorities` there are portal and one-stop alone: nobody then waits for citizens who pay. With
    `axis` there is the document exchange axis too, and the agencies behind it.
    """
    drawn = ["--seed", str(seed), "--tables", str(ROOT / "deploy" / "tables")]
    # at this pace some withdrawals meet a dossier that is still worked on, others come too late
    citizens = ["--citizen-delay", str(min(0.2, pace)), "--withdraw-share", "0.06"]
    flows = f"{_FLOWS},decision,axis" if axis else _FLOWS
    officials = ["--pace", str(pace), *(("--flows", flows) if authorities else ())]
    work = ["--seed", str(seed), "--work-seconds", str(pace)]
    wanted = {PORTAL: [*drawn, *citizens], ONESTOP: [*drawn, *officials]}
    wanted |= dict.fromkeys((INSURANCE, TAX) if authorities else (), work)
    if axis:
        wanted[AXIS] = ["--seed", str(seed), *_offices(pace)]
    with ThreadPoolExecutor(len(wanted)) as pool:
        started = pool.map(lambda name: start_simulator(stack, name, folder, wanted[name]), wanted)
        peers = dict(zip(wanted, started, strict=True))
    portal, onestop = peers[PORTAL], peers[ONESTOP]
    port = free_ports(1)[0]
    if authorities:
        seal = requests.get(f"{peers[TAX].control_url}/_sim/certificate", timeout=30)
        (folder / "tax.pem").write_text(seal.text)
    settings = write_settings(
        folder,
        broker=broker,
        portal=portal.url,
        onestop=onestop.url,
        port=port,
        insurance=peers[INSURANCE].url if authorities else "",
        tax=peers[TAX].url if authorities else "",
        axis=peers[AXIS].url if axis else "",
    )
    for source in filter(None, (ROOT / "bus" / "routes", routes)):
        hurried(source, folder / "routes")
    key, secret = (folder / "secrets" / name for name in ("inbound", "webhook"))
    inbound = {"url": f"http://127.0.0.1:{port}/in/{PORTAL}/push", "header": "X-Lienthong-Key"}
    portal.post("/_sim/inbound", {**inbound, "key": key.read_text()})
    portal.post("/_sim/fetch", {"below": f"http://127.0.0.1:{port}/files/"})
    onestop.post(
        "/_sim/webhook",
        {"url": f"http://127.0.0.1:{port}/in/{ONESTOP}/changed", "secret": secret.read_text()},
    )
    return Scene(settings, peers)


def _offices(pace: float) -> list[str]:
    """The agencies on the axis: each takes dossiers in, and each has an office that answers at once."""
    rows = load_tables([ROOT / "deploy" / "tables"])["agencies"].rows(None)
    units = sorted({row["code"] for row in rows})
    return ["--pace", str(min(0.05, pace)), "--give-back", "1", "--offices", "--units", ",".join(units)]


def hurried(shipped: Path, overlay: Path) -> None:
    """Write the shipped routes into `overlay` with peers asked every second: a demo lasts no working day."""
    overlay.mkdir(exist_ok=True)
    for file in shipped.glob("*.toml"):
        text = _HURRY.sub(r'\1"1 second"', file.read_text(encoding="utf-8"))
        (overlay / file.name).write_text(text, encoding="utf-8")


def _http(method: str, url: str, body: Mapping[str, Any] | None) -> Any:
    answer = requests.request(method, url, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()
