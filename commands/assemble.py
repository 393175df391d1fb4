"""Putting an installation together: settings, tables, sheets, routes and adapters become a running bus."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from bus.addressing import Addressing
from bus.agency_desk import AgencyDesk
from bus.arrival import LEDGER, arrive
from bus.calendar import ZONE, WorkingCalendar
from bus.connector import Connector, Rhythm
from bus.desk import source_of
from bus.errors import ConfigurationError
from bus.events import Announcer
from bus.filing import Filing
from bus.floor import Floor
from bus.flows import Routes, read_routes
from bus.installation import Files as FileSettings
from bus.installation import Installation
from bus.ledger.ledger import Ledger
from bus.ledger.opening import opened
from bus.ledger.records import Kept
from bus.ledger.store import Store
from bus.ledger.versions import Used
from bus.links import LinkKey, Links
from bus.peer_settings import ConnectorSettings
from bus.pipeline import Parts, Pipeline
from bus.planning import Planner
from bus.ports import AdapterType, Files, Incoming
from bus.rabbitmq import Broker
from bus.retry import Schedule
from bus.topology import Topology
from bus.worker import Dispatcher, Worker
from commands.agency_notices import listening, noticing
from commands.kill_points import Point, PointedBroker, pointed
from commands.parts import (
    ROUTES,
    SHEETS,
    TABLES,
    absent_types,
    adapter_types,
    file_store,
    folders,
    read_settings,
)
from commands.preflight import refuse
from commands.tell import say
from commands.watchers import close, watchers
from mappings.derived import Derivation
from mappings.dossier import MESSAGES
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import load_sheets
from mappings.source import ProblemsError, read_file
from mappings.tables import Table
from mappings.tables import load as load_tables
from monitoring.metrics.door import new_registry

FLUSH = 5.0
"""Seconds that the last commit has in any case."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """An installation as read and checked, before anything is opened."""

    installation: Installation
    types: Mapping[str, AdapterType]
    sheets: Mapping[str, Compiled]
    routes: Routes
    derive: Derivation
    topology: Topology
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bus:
    """An installation at work."""

    assembly: Assembly
    ledger: Ledger
    broker: Broker
    connectors: Mapping[str, Connector]
    pipeline: Pipeline
    desk: AgencyDesk
    worker: Worker
    filing: Filing
    floor: Floor
    registry: CollectorRegistry

    async def keep(self, source: str, incoming: Incoming) -> Kept:
        """Keep what comes in at the door; raises `UnavailableError` while the disk is nearly full."""
        self.floor.check()
        return await self.pipeline.keep(source, incoming)

    async def stop(self) -> int:
        """Stop taking, finish, flush, give back (rule 24), within `stop_within` of the settings.

        Answers how many outcomes could not be written: the ledger's database was away all that time.
        """
        unsettled = await self.worker.stop(float(self.assembly.installation.installation.stop_within))
        await self.broker.close()
        for connector in self.connectors.values():
            connector.close()
        self.ledger.close(within=max(FLUSH, self.pipeline.stopping.left))
        await asyncio.to_thread(close, self.pipeline.observer)
        return unsettled


def assemble(settings: Path) -> Assembly:
    """Read everything that is configured; raises `ConfigurationError` with all problems of a kind."""
    installation = read_settings(settings)
    types = adapter_types()
    try:
        tables = load_tables(folders(TABLES, installation.tables.folder))
        sheets = load_sheets(folders(SHEETS, installation.mappings.overlay))
        compiled = {name: compile_sheet(sheet, tables) for name, sheet in sheets.items()}
        derive = Derivation(tables)
        routes = _routes(installation, types, derive)
    except ProblemsError as error:
        raise ConfigurationError(error.problems) from None
    topology = Topology(tuple(installation.connectors), prefix=installation.broker.prefix)
    return Assembly(installation, types, compiled, routes, derive, topology, tables)


def _routes(installation: Installation, types: Mapping[str, AdapterType], derive: Derivation) -> Routes:
    files = {
        file.name: file
        for folder in folders(ROUTES, installation.routes.overlay)
        for file in sorted(Path(folder).glob("*.toml"))
    }
    operations = {
        name: frozenset(types[connector.type].operations)
        for name, connector in installation.connectors.items()
    }
    sources = [read_file(file) for file in files.values()]
    return read_routes(
        sources,
        operations=operations,
        messages=MESSAGES,
        derivable=derive.values,
        absent=absent_types(installation, types),
    )


async def start(
    assembly: Assembly,
    *,
    only: frozenset[str] = frozenset(),
    point: Point | None = None,
    stop: asyncio.Event | None = None,
) -> Bus:
    """Open the ledger, connect the broker, build the adapters and begin; `only` names some connectors.

    At `point` a drill has the process end itself. A server that is away is waited for, until `stop` is set.

    Raises `ConfigurationError`, before anything is opened, for what `check` refuses (rule 15), and what
    `bus.arrival.arrive` raises.
    """
    installation = assembly.installation
    store = file_store(installation)
    store.prepare()
    filing = Filing(store, _links(installation.files), int(installation.files.dossier_limit))
    floor = Floor(installation.installation.data, installation.installation.free_disk)
    calendar = installation.calendar.working
    connectors = {
        name: _connector(name, settings, assembly.types[settings.type], store, floor, calendar, point)
        for name, settings in installation.connectors.items()
    }
    refuse(installation, {name: one.longest_call for name, one in connectors.items()})
    planner = _planner(assembly, connectors)
    ledger = Ledger(
        await _opened(installation, stop),
        planner.plan,
        planner.merge,
        planner.legs,
        passing=point.commit if point else None,
    )
    registry = new_registry()
    broker = PointedBroker(point) if point else Broker()
    await _connected(broker, assembly, ledger, stop)
    dispatcher = Dispatcher(broker, assembly.topology, installation.installation.name)
    parts = Parts(
        ledger=ledger,
        planner=planner,
        sheets=assembly.sheets,
        connectors=connectors,
        publish=dispatcher.publish,
        observer=watchers(installation, registry),
        config=config_number(assembly),
        filing=filing,
    )
    pipeline = Pipeline(parts)
    mine = {name: one for name, one in connectors.items() if not only or name in only}
    announcer = _announcer(assembly, ledger, broker, planner)
    worker = Worker(
        pipeline, ledger, broker, assembly.topology, dispatcher, mine, floor=floor, announcer=announcer
    )
    await ledger.act(used(assembly))
    await worker.start()
    desk = AgencyDesk(
        pipeline,
        parts,
        assembly.routes,
        check_room=floor.check,
        agencies=[source_of(agency.code) for agency in installation.agencies],
    )
    return Bus(assembly, ledger, broker, connectors, pipeline, desk, worker, filing, floor, registry)


async def _opened(installation: Installation, stop: asyncio.Event | None) -> Store:
    """The ledger's database, waited for as long as is configured without holding up a stop."""
    address = installation.ledger.address(installation.installation.data)
    within = float(installation.ledger.wait_at_start)

    async def connect() -> Store:
        return await asyncio.to_thread(opened, address)

    return await arrive(connect, within=within, say=say, stop=stop, at=LEDGER)


async def _connected(broker: Broker, assembly: Assembly, ledger: Ledger, stop: asyncio.Event | None) -> None:
    """Wait for the broker as long as is configured; where it does not come the ledger is closed again."""
    settings = assembly.installation.broker
    connect = partial(broker.connect, settings.address, assembly.topology, client_name="lienthong")
    try:
        await arrive(connect, within=float(settings.wait_at_start), say=say, stop=stop)
    except BaseException:
        ledger.close(within=FLUSH)
        raise


def _planner(assembly: Assembly, connectors: Mapping[str, Connector]) -> Planner:
    """What the routes ask for, with the operations, calendar and agencies of the installation."""
    installation = assembly.installation
    operations = {
        f"{name}.{operation.name}": operation
        for name, connector in connectors.items()
        for operation in connector.adapter.operations.values()
    }
    appends = {name: one.effect == "appends" for name, one in operations.items()}
    decisions = {name: one.decided_by for name, one in operations.items() if one.decided_by}
    calendar = installation.calendar.working
    # the holidays of a year are worked out once, which takes a while: now, not inside the first commit
    calendar.is_working_day(datetime.now(ZONE).date())
    addressing = Addressing(
        assembly.tables.get("agencies"),
        {name: settings.type for name, settings in installation.connectors.items()},
        {name: settings.serves for name, settings in installation.connectors.items()},
    )
    titles = {connector.type.name: connector.type.title for connector in connectors.values()}
    return Planner(assembly.routes, appends, assembly.derive, calendar, addressing, decisions, titles)


def _announcer(assembly: Assembly, ledger: Ledger, broker: Broker, planner: Planner) -> Announcer:
    """What tells the ledger's events on the exchange, and the agencies what concerns them."""
    who = assembly.installation.installation
    return Announcer(
        ledger,
        broker,
        assembly.topology.events_exchange,
        f"/lienthong/{who.name}",
        who.agency,
        notices=noticing(assembly.installation, assembly.tables, planner),
        listening=listening(assembly.installation, assembly.tables, planner),
    )


def _links(files: FileSettings) -> Links | None:
    """Links to stored files, where they are configured."""
    if files.public_url is None:
        return None
    keys = tuple(LinkKey(name, key.reveal().encode()) for name, key in files.link_keys.items())
    return Links(str(files.public_url), keys, float(files.link_lives))


def _connector(
    name: str,
    settings: ConnectorSettings,
    kind: AdapterType,
    files: Files,
    floor: Floor,
    calendar: WorkingCalendar,
    point: Point | None = None,
) -> Connector:
    adapter = kind.connect(name, settings, files)
    retry, unknown, breaker = settings.retry, settings.unknown, settings.breaker
    schedule = Schedule(float(retry.first), retry.factor, float(retry.ceiling), float(retry.give_up_after))
    rhythm = Rhythm(
        schedule,
        look_up_after=float(unknown.look_up_after),
        absent_after=float(unknown.absent_after),
        failures=breaker.failures,
        open_for=float(breaker.open_for),
    )
    return Connector(
        name,
        kind,
        pointed(adapter, point) if point else adapter,
        rhythm,
        mode=settings.mode,
        concurrency=settings.concurrency,
        window=settings.window,
        floor=floor,
        calendar=calendar,
    )


def config_number(assembly: Assembly) -> int:
    """A number for the sheets and routes in use, recorded with what they make."""
    digest = hashlib.sha256(msgspec.json.encode(_digests(assembly), order="sorted")).digest()
    return int.from_bytes(digest[:6], "big")


def _digests(assembly: Assembly) -> dict[str, str]:
    """Every sheet in use by its content, and the routes."""
    return {name: sheet.digest for name, sheet in assembly.sheets.items()} | {"routes": assembly.routes.hash}


def used(assembly: Assembly) -> Used:
    """The sheets in use, whole, and the set that they are: what made a delivery can be had again."""
    digests, number = _digests(assembly), str(config_number(assembly))
    sheets = [("sheet", name, one.digest, one.sheet.text.encode()) for name, one in assembly.sheets.items()]
    body = msgspec.json.encode(digests, order="sorted")
    return Used((*sheets, ("set", number, hashlib.sha256(body).hexdigest(), body)))
