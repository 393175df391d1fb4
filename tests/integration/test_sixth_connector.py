"""A sixth system (hộ tịch) and a flow of its own by TOML alone: settings, a route and a sheet; no Python.

It speaks as the insurance office does, which is a type that is shipped; its name, its flow and what its form
says are the installation's. Real broker, the shipped assembly, a simulated office.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bus.ledger import read, schema
from bus.ports import Incoming
from commands.assemble import Bus, assemble, start
from commands.demo_settings import split_broker
from commands.demo_world import ROOT, Simulator, start_simulator
from mappings.dossier import Birth, Dossier, Message, Party, Result

pytestmark = pytest.mark.integration

CODE = "H12.06-261123-0001"
SETTINGS = """
[installation]
name = "trial"
title = "Trial"
agency = "H12"
old_agency = "000.00.00.H12"
environment = "rehearsal"
data = "."
free_disk = "20 MB"

[ledger]
url = "sqlite:///ledger.db"

[broker]
url = "{broker}"
password = "file:broker"
prefix = "{prefix}"

[routes]
overlay = "routes"

[mappings]
overlay = "sheets"

[connector.onestop]
type = "onestop"
mode = "off"
serves = ["H12"]
url = "http://127.0.0.1:9"
token_url = "http://127.0.0.1:9"
client_id = "x"
client_secret = "file:office"

[connector.insurance]
type = "insurance"
mode = "off"
serves = ["H12.01"]
{office}
[connector.civil]
type = "insurance"
mode = "live"
serves = ["H12"]
{office}
"""
OFFICE = """
address = "{url}/HoSoService"
unit = {{ name = "Trung tâm PVHCC", code = "YN0001Z", office = "09601" }}
username = "camau"
password = "file:office"
"""
FLOW = """
[[flow]]
name = "civil"
title = "Hộ tịch"
when = { subject = "Đăng ký khai sinh" }

  [[flow.leg]]
  name = "register"
  title = "Gửi cơ quan hộ tịch"
  on = "onestop.dossier"
  send = "civil.request_card"
  expects = "insurance.card_result"
  ask = "civil.query_card"
  ask_every = "1 second"
  within = "1 working day"

  [[flow.leg]]
  name = "paper"
  title = "Giấy khai sinh"
  after = ["register"]
  expects = "onestop.result"
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Simulator]:
    """The office that registers."""
    with ExitStack() as stack:
        conduct = ["--work-seconds", "0", "--ask-share", "0", "--refuse-share", "0"]
        yield start_simulator(stack, "insurance", tmp_path / "peer", conduct)


def installed(folder: Path, amqp_url: str, prefix: str, office: str) -> Path:
    """Write the installation: what an integrator would write, and nothing else."""
    broker, password = split_broker(amqp_url)
    given = OFFICE.format(url=office)
    text = SETTINGS.format(broker=broker, prefix=prefix, office=given)
    (folder / "broker").write_text(password)
    (folder / "office").write_text("mat-khau-thu")
    (folder / "settings.toml").write_text(text, encoding="utf-8")
    (folder / "routes").mkdir()
    (folder / "routes" / "civil.toml").write_text(FLOW, encoding="utf-8")
    sheet = (ROOT / "mappings" / "insurance" / "card_request.toml").read_text(encoding="utf-8")
    assert 'ours = "birth.facility",' in sheet
    (folder / "sheets" / "insurance").mkdir(parents=True)
    own = sheet.replace('ours = "birth.facility",', 'rule = "always 96077",')
    (folder / "sheets" / "insurance" / "card_request.toml").write_text(own, encoding="utf-8")
    return folder / "settings.toml"


async def until(holds: Callable[[], Any]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


def legs(bus: Bus) -> dict[str, str]:
    """How the legs of the flow stand."""
    query = select(schema.leg.c.route, schema.leg.c.state).where(schema.leg.c.route.startswith("civil."))
    return bus.ledger.look(lambda tx: {row[0]: row[1] for row in tx.execute(query)})


async def test_a_flow_to_a_sixth_system_is_toml_alone(
    tmp_path: Path, amqp_url: str, prefix: str, office: Simulator
) -> None:
    """Sent once, asked until it answers, the next leg after it; what its form says is the own sheet's."""
    bus = await start(assemble(installed(tmp_path, amqp_url, prefix, office.url)))
    try:
        child = Party(name="Trần Ngọc Ánh", born="2026-11")
        birth = Birth(child=child)
        dossier = Dossier(code=CODE, procedure="9.100003", subject="Đăng ký khai sinh", birth=birth)
        await say(bus, "onestop.dossier", dossier)
        await until(lambda: legs(bus) == {"civil.register": "done", "civil.paper": "open"})
        await say(bus, "onestop.result", Result(code=CODE, name="Giấy khai sinh"))
        assert legs(bus) == {"civil.register": "done", "civil.paper": "done"}
        (file,) = office.get("/_sim/files")
        assert (file["dossier"], file["facility"]) == (CODE, "96077")
        assert bus.ledger.look(read.account).unaccounted == 0
    finally:
        await bus.stop()


async def say(bus: Bus, kind: str, message: Message) -> None:
    """The one-stop tells something."""
    await bus.pipeline.keep_canonical("onestop", Incoming(kind, {}, b"{}", key=kind), message)
