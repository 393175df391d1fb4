"""Tax and insurance over the whole bus: answers are lost, and each request has one effect.

Neither peer recognises a repeat: what is filed twice is two, and the simulated offices count.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bus.connector import Connector, Rhythm
from bus.flows import read_routes
from bus.ledger.ledger import Ledger
from bus.ledger.read import account
from bus.ledger.store import Store
from bus.observer import Silent
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import Adapter, AdapterType, Incoming
from bus.rabbitmq import Broker
from bus.retry import Schedule
from bus.settings import Section
from bus.topology import Topology
from bus.worker import Dispatcher, Worker
from mappings.dossier import MESSAGES, Birth, Dossier, InformationSlip, Land, Message, Parcel, Party
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.source import read
from mappings.tables import load
from tests.contract import tax_world
from tests.contract.insurance_world import adapter as insurance_adapter
from tests.integration.peer import Peer, PeerAdapter

pytestmark = pytest.mark.integration

COUNT = 60
ROUTE = """
[[flow]]
name = "trial"
title = "Trial"

  [[flow.leg]]
  name = "out"
  on = "{kind}"
  send = "{peer}.{operation}"
"""
CHILD = Party(name="Trần Ngọc Ánh", born="2026-11")
LAND = Land(users=(Party(name="Lê Thị Út", identity="096190000123"),), parcels=(Parcel(number="12"),))


def slip(number: str) -> Message:
    """A slip of a dossier."""
    return InformationSlip(code=number, number=f"PC-{number}", land=LAND)


def birth(number: str) -> Message:
    """A dossier with a child."""
    return Dossier(code=number, procedure="9.100003", birth=Birth(child=CHILD))


def compiled() -> Mapping[str, Compiled]:
    """The sheets of both peers."""
    tables = load([tax_world.ROOT / "deploy" / "tables"])
    sheets = load_sheets()
    return {
        name: compile_sheet(sheet, tables)
        for name, sheet in sheets.items()
        if name.partition("/")[0] in ("tax", "insurance")
    }


@asynccontextmanager
async def running(
    folder: Path, amqp_url: str, prefix: str, peer: tuple[str, str, Adapter], source: tuple[str, str]
) -> AsyncIterator[tuple[Ledger, Pipeline]]:
    """A bus between a source that hands in the peer's own XML and the peer; asks soon, believes late."""
    name, operation, adapter = peer
    kind, sheet = source
    route = ROUTE.format(kind=kind, peer=name, operation=operation)
    routes = read_routes(
        [read(route, "r.toml")], operations={name: frozenset({operation})}, messages=MESSAGES
    )
    planner = Planner(routes, {f"{name}.{operation}": True})
    ledger = Ledger(Store(f"sqlite:///{folder / 'ledger.db'}"), planner.plan, planner.merge)
    topology = Topology(("source", name), prefix)
    broker = Broker()
    await broker.connect(amqp_url, topology, client_name="test")
    dispatcher = Dispatcher(broker, topology, "test")
    rhythm = Rhythm(Schedule(0.1, 2.0, 0.5, 60.0), look_up_after=0.2, absent_after=1.0, failures=500)
    empty = AdapterType("onestop", "Nguồn", Section, {kind: sheet}, (), lambda *_: PeerAdapter(Peer()))
    own = AdapterType(name, name, Section, {}, (operation,), lambda *_: adapter)
    connectors = {
        "source": Connector("source", empty, PeerAdapter(Peer()), rhythm),
        name: Connector(name, own, adapter, rhythm, concurrency=8),
    }
    pipeline = Pipeline(Parts(ledger, planner, compiled(), connectors, dispatcher.publish, Silent()))
    worker = Worker(
        pipeline, ledger, broker, topology, dispatcher, {name: connectors[name]}, sweep_every=0.05
    )
    await worker.start()
    try:
        yield ledger, pipeline
    finally:
        await worker.stop(10.0)
        await broker.close()
        for one in connectors.values():
            one.close()
        ledger.close(5.0)


TAX = ("tax", "/T2B/GIP", tax_world.adapter, "file_slip", "TCT_GPC", "onestop.slip", "tax/slip", slip)
INSURANCE = (
    "insurance", "/HoSoService", insurance_adapter, "request_card", "guiHoSo", "onestop.dossier",
    "insurance/card_request", birth,
)  # fmt: skip


@pytest.mark.parametrize("world", [TAX, INSURANCE], ids=["tax", "insurance"])
async def test_each_request_has_one_effect_though_answers_are_lost(
    world: Any, tmp_path: Path, amqp_url: str, prefix: str
) -> None:
    """Sixty requests, of which every other loses its answer: asked about, found, never sent again."""
    name, path, connect, operation, switch, kind, sheet, make = world
    calm = ("--ask-share", "0", "--refuse-share", "0")
    with tax_world.simulator(tmp_path / "office", *calm, name=name, path=path) as (url, control):
        fault = {"mode": "lose_answer", "operation": switch, "probability": 0.5, "seconds": 0}
        await asyncio.to_thread(httpx.post, f"{control}/_sim/switch", json=fault)
        peer = (name, operation, connect(url))
        async with running(tmp_path, amqp_url, prefix, peer, (kind, sheet)) as (ledger, pipeline):
            writer = compiled()[sheet]
            for count in range(COUNT):
                number = f"H12.16-261125-{count:04}"
                tree = writer.write(make(number), source="source").tree
                await pipeline.keep("source", Incoming(kind, tree, b"<x/>", key=number))
            end = time.monotonic() + 60
            while (states := ledger.look(account).states).get("delivered", 0) < COUNT:
                assert time.monotonic() < end, states
                await asyncio.sleep(0.1)
        told = await asyncio.to_thread(httpx.get, f"{control}/_sim/effects")
    counted = told.json()
    assert (counted["applied"], counted["duplicates"]) == (COUNT, 0)
    assert counted.get("slips_again", 0) == counted.get("files_again", 0) == 0
