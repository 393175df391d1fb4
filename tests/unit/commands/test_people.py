"""What people do from the command line: hold, release, pause, resume."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bus.ledger.store import Store
from commands.control import Control
from mappings.dossier import Dossier, Withdrawal
from tests.integration.ledger.flowing import AT, Flowing
from tests.unit.commands.conftest import PORTAL, Run
from tests.unit.commands.test_configuring import SETTINGS


def rows(file: Path, query: str) -> list[Any]:
    """What stands in the ledger's file."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_held_dossier_waits_and_a_released_one_goes_on(run: Run, ledger_file: Path) -> None:
    """Hold moves what is unsent to held with its reason; release undoes it; both are recorded with who."""
    assert run("hold", PORTAL, "--reason", "citizen called").code == 0
    assert run("account", "--json").json["states"]["held"] == 1
    assert "citizen called" in run("trace", PORTAL).out
    assert run("release", PORTAL, "--json").json == {"ok": True}
    assert run("account", "--json").json["states"]["ready"] == 1
    logged = rows(ledger_file, "SELECT what, reason, who <> '' FROM action ORDER BY id")
    assert logged == [("hold", "citizen called", 1), ("release", "", 1)]


def test_holding_an_unknown_dossier_changes_nothing(run: Run, ledger_file: Path) -> None:
    """Exit 1, with the near number."""
    ran = run("hold", PORTAL[:-1] + "3", "--reason", "x")
    assert ran.code == 1
    assert "Did you mean" in ran.err
    assert rows(ledger_file, "SELECT count(*) FROM action") == [(0,)]


def test_hold_needs_a_reason(run: Run, ledger_file: Path) -> None:
    """What is done without saying why is wrong use."""
    assert run("hold", PORTAL).code == 2
    assert run("hold", PORTAL, "--reason", " ").code == 2
    assert rows(ledger_file, "SELECT count(*) FROM action") == [(0,)]


def test_a_paused_connector_shows_in_the_account(run: Run, ledger_file: Path) -> None:
    """Pause is visible to everybody until it is resumed."""
    assert run("connector", "pause", "onestop", "--reason", "maintenance").code == 0
    gate = run("account", "--json").json["gates"][0]
    assert (gate["connector"], gate["reason"]) == ("onestop", "maintenance")
    assert "maintenance" in run("account").out
    assert run("connector", "resume", "onestop").code == 0
    assert run("account", "--json").json["gates"] == []


def test_a_connector_that_the_installation_lacks_cannot_be_paused(run: Run, ledger_file: Path) -> None:
    """Where the settings are known, a mistyped name is wrong use and nothing is written."""
    settings = ledger_file.parent / "settings.toml"
    settings.write_text(SETTINGS.replace('folder = "tables"', ""))
    ran = run("connector", "pause", "portl", "--reason", "x")
    assert ran.code == 2
    assert 'Did you mean "portal"?' in ran.err
    assert run("connector", "pause", "portal", "--reason", "x").code == 0
    assert rows(ledger_file, "SELECT what, subject FROM action") == [("pause", "portal")]


@contextmanager
def serving(path: Path, seen: list[dict[str, Any]]) -> Iterator[None]:
    """A control socket that is served as a running installation does, in a thread."""
    loop = asyncio.new_event_loop()

    async def do(request: dict[str, Any]) -> dict[str, Any]:
        seen.append(request)
        if request["do"] == "pause":
            return {"ok": False, "error": "no such connector"}
        return {"ok": True}

    control = Control(path, do)
    loop.run_until_complete(control.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield
    asyncio.run_coroutine_threadsafe(control.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


def test_a_running_installation_is_asked_to_do_it(run: Run, ledger_file: Path) -> None:
    """While another process serves the ledger, the request goes over its control socket."""
    seen: list[dict[str, Any]] = []
    serve = Store(f"sqlite:///{ledger_file}")
    with serving(ledger_file.parent / "control.sock", seen):
        assert run("hold", PORTAL, "--reason", "call").code == 0
        ran = run("connector", "pause", "nobody", "--reason", "call")
    serve.close()
    assert [request["do"] for request in seen] == ["hold", "pause"]
    assert seen[0]["dossier"] == 1
    assert (ran.code, "no such connector" in ran.err) == (1, True)


def test_a_served_ledger_without_a_socket_is_not_written(run: Run, ledger_file: Path) -> None:
    """Exit 2, in a sentence; nothing waits for the lock."""
    serve = Store(f"sqlite:///{ledger_file}")
    ran = run("hold", PORTAL, "--reason", "x")
    serve.close()
    assert ran.code == 2
    assert "another process serves this ledger" in ran.err


def test_what_a_killed_process_left_behind_does_not_stop_a_person(run: Run, ledger_file: Path) -> None:
    """A socket file that nobody listens at is passed over, and the free ledger written."""
    seen: list[dict[str, Any]] = []
    path = ledger_file.parent / "control.sock"
    with serving(path, seen):
        path.rename(path.with_suffix(".left"))
    path.with_suffix(".left").rename(path)
    assert run("hold", PORTAL, "--reason", "x").code == 0
    assert seen == []
    assert rows(ledger_file, "SELECT what FROM action") == [("hold",)]


def test_a_leg_that_a_person_has_undone_is_shown_until_then_and_recorded(run: Run, tmp_path: Path) -> None:
    """`failed list` and `trace` show it with what to do; a name that waits for nothing is told which does."""
    url = f"sqlite:///{tmp_path / 'legs.db'}"
    asyncio.run(withdrawn(url))
    number, at = "H12-261123-0001", ("--ledger", url)
    (group,) = run("failed", "list", "--json", *at).json["groups"]
    assert (group["state"], group["where"], group["ids"]) == ("undoing", "f.take_in", [number])
    assert "cần người thu hồi" in run("trace", number, *at).out
    wrong = run("undone", number, "take_out", "--reason", "x", *at)
    assert (wrong.code, "f.take_in does" in wrong.err + wrong.out) == (1, True)
    assert run("undone", number, "take_in", "--reason", "đã gọi điện", "--json", *at).json == {"ok": True}
    assert run("failed", "list", *at).code == 0
    (leg,) = run("trace", number, "--json", *at).json["legs"]
    assert (leg["state"], "đã gọi điện" in leg["reason"]) == ("undone", True)


async def withdrawn(url: str) -> None:
    """A dossier that was sent on and then withdrawn."""
    bus = Flowing(url, TAKE_IN)
    await bus.say("onestop.dossier", Dossier(status="accepted"))
    await bus.does("create_dossier")
    asked = Withdrawal(id="rut", asked_at=AT)
    await bus.say("national_portal.withdrawn", asked, codes={"onestop": "H12-261123-0001"})
    bus.ledger.close()


TAKE_IN = """
[[flow]]
name = "f"
  [[flow.leg]]
  name = "take_in"
  on = "onestop.dossier"
  send = "onestop.create_dossier"
  expects = "onestop.result"
  undo = "person"
  [flow.withdraw]
  on = "national_portal.withdrawn"
"""
