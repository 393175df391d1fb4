"""The world around the bus in a demo: simulated peers in processes of their own, and their counts."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bus.errors import LienThongError
from deploy.local.guard import Guarded, guarded_popen

ROOT = Path(__file__).resolve().parents[1]


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


def _http(method: str, url: str, body: Mapping[str, Any] | None) -> Any:
    answer = requests.request(method, url, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()
