"""The process that `bench kills` kills: the bus as `serve` puts it together, forked from a warm parent.

`python -m bench.kills_child SETTINGS` reads sheets and libraries once, then takes a word a line: `start N`
forks a bus that keeps the slip and the card request of round N and goes to work (answers its process id),
`kill` ends it with SIGKILL and waits until the kernel has (answers `killed`), `stop` ends it as an operator
would (answers its exit code). Keeping a round's messages again changes nothing. It ends with its input.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import uvloop

from adapters.insurance.adapter import TYPE as INSURANCE
from adapters.onestop.settings import OneStopSettings
from adapters.tax.adapter import TYPE as TAX
from bus.flows import read_routes
from bus.installation import read_installation
from bus.ports import AdapterType, Incoming, Operation, Poll, Probe, Webhook
from bus.topology import Topology
from commands.assemble import Assembly, start
from commands.parts import ROOT, TABLES
from mappings.derived import Derivation
from mappings.dossier import MESSAGES, Birth, Dossier, InformationSlip, Land, Message, Parcel, Party
from mappings.engine import compile_sheet
from mappings.sheet import load_sheets
from mappings.source import read_file
from mappings.tables import load as load_tables

SLIP, CARD = "tax/slip", "insurance/card_request"
_WITH_ITS_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2): no bus outlives the process that it was forked from."""


class _Source:
    """The one-stop as a source that is neither asked nor written to: its messages are handed in."""

    operations: Mapping[str, Operation] = MappingProxyType({})
    polls: tuple[Poll, ...] = ()
    webhooks: tuple[Webhook, ...] = ()

    def probe(self) -> Iterator[Probe]:
        """There is nobody to ask."""
        yield from ()

    def ping(self) -> None:
        """There is nobody to ask."""

    def share(self, part: float) -> None:
        """There is no rate to share."""

    def close(self) -> None:
        """Nothing to give back."""


def slip_number(number: int) -> str:
    """The dossier whose slip is filed in a round."""
    return f"H12.16-261125-{number:05}"


def card_number(number: int) -> str:
    """The dossier whose card is requested in a round."""
    return f"H12.17-261125-{number:05}"


def messages(number: int) -> Iterator[tuple[str, str, Message]]:
    """What is handed in in a round: kind, sheet, message."""
    user = Party(name="Lê Thị Út", identity=f"0961900{number:05}")
    land = Land(users=(user,), parcels=(Parcel(number="12", map_sheet="7"),))
    yield "onestop.slip", SLIP, InformationSlip(code=slip_number(number), number=f"PC-{number}", land=land)
    child = Birth(child=Party(name="Trần Ngọc Ánh", born="2026-11"))
    yield "onestop.dossier", CARD, Dossier(code=card_number(number), procedure="9.100003", birth=child)


def assembled(settings: Path) -> Assembly:
    """Read the installation, its routes and the sheets that they need."""
    said = {"onestop.slip": SLIP, "onestop.dossier": CARD}
    source = AdapterType("onestop", "Một cửa", OneStopSettings, said, (), _source)
    types = {one.name: one for one in (source, TAX, INSURANCE)}
    installation = read_installation(settings, {name: one.settings for name, one in types.items()}, {})
    tables = load_tables([TABLES])
    found = load_sheets()
    sheets = {name: compile_sheet(found[name], tables) for name in found if name.partition("/")[0] in types}
    operations = {name: frozenset(types[name].operations) for name in installation.connectors}
    routes = read_routes(
        [read_file(ROOT / "bench" / "kills_routes.toml")], operations=operations, messages=MESSAGES
    )
    topology = Topology(tuple(installation.connectors), prefix=installation.broker.prefix)
    return Assembly(installation, types, sheets, routes, Derivation(tables), topology)


def _source(*_: Any) -> _Source:
    return _Source()


async def _work(assembly: Assembly, number: int) -> int:
    """Be the bus until SIGTERM; 0 where every outcome was written."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    bus = await start(assembly)
    for kind, sheet, message in messages(number) if number else ():
        tree = assembly.sheets[sheet].write(message, source="onestop").tree
        await bus.keep("onestop", Incoming(kind, tree, b"<x/>", key=f"{kind}/{number}"))
    await ended.wait()
    return await bus.stop()


@dataclass(slots=True)
class Forks:
    """The one bus that may be alive."""

    assembly: Assembly
    child: int = 0

    def start(self, number: str) -> str:
        """Fork a bus that hands in round `number` (0: nothing) and works."""
        sys.stdout.flush()
        self.child = os.fork()
        if not self.child:
            self._be_the_bus(int(number))
        return str(self.child)

    def _be_the_bus(self, number: int) -> NoReturn:
        code = 70
        try:
            ctypes.CDLL(None).prctl(_WITH_ITS_PARENT, signal.SIGKILL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            code = uvloop.run(_work(self.assembly, number))
        except BaseException:  # noqa: BLE001  a fork must not go on as its parent
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)

    def kill(self) -> str:
        """End the bus as a power cut would."""
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        return "killed"

    def stop(self) -> str:
        """End the bus in its orderly way; its exit code."""
        os.kill(self.child, signal.SIGTERM)
        return str(os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1]))


def main(settings: Path) -> int:
    """Do as told, word by word."""
    forks = Forks(assembled(settings))
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        told = {"start": lambda: forks.start(number), "kill": forks.kill, "stop": forks.stop}[word]()  # noqa: B023  called at once
        print(told, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
