"""What the command line says of gates, late answers, deadlines, and a stop without its database."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import commands.serve
from bus.ledger.gate_records import Turn
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Settle
from bus.ledger.store import Store
from bus.ledger.sweep_records import Sweep
from commands.demo_settings import write_settings
from tests.integration.ledger.conftest import merge, plan
from tests.unit.commands.conftest import PORTAL, Run
from tests.unit.commands.test_configuring import SETTINGS

ALWAYS = "00:00-12:00 hold, 12:00-24:00 hold"


@pytest.fixture
def settings(ledger_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of the last demo's installation, with one connector, the portal."""
    monkeypatch.setenv("TRIAL_PORTAL_PASSWORD", "invented")
    return write(ledger_file.parent / "settings.toml")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """The settings of a whole installation, both its peers and the broker where nobody listens."""
    folder = tmp_path / "whole"
    folder.mkdir()
    nobody = "http://127.0.0.1:1"
    return write_settings(
        folder, broker="amqp://an:invented@127.0.0.1:1/", portal=nobody, onestop=nobody, port=1
    )


def write(file: Path, connector: str = "", **more: str) -> Path:
    """Settings with lines of one's own at the end of the connector, or after a table's head."""
    text = SETTINGS.replace('folder = "tables"', "").replace(
        "[installation]", '[installation]\ndata = "."\nfree_disk = "0 B"'
    )
    for head, line in more.items():
        text = text.replace(f"[{head}]", f"[{head}]\n{line}")
    file.write_text(text + connector)
    return file


def open_breaker(file: Path, operation: str, state: Any = "open") -> None:
    """Open a breaker of the portal in the ledger, as a process at work does."""

    async def turn() -> None:
        ledger = Ledger(Store(f"sqlite:///{file}"), plan, merge)
        assert await ledger.act(Turn("portal", operation, state, 0, "no answer, asked with 0912345678"))
        ledger.close()

    asyncio.run(turn())


def test_an_open_breaker_shows_in_every_command_that_is_asked(
    run: Run, ledger_file: Path, settings: Path
) -> None:
    """Account and list name the operation, its state and why, since when, nobody's number; exit 1."""
    open_breaker(ledger_file, "add_progress")
    (gate,) = run("account", "--json").json["gates"]
    assert (gate["connector"], gate["operation"], gate["breaker"]) == ("portal", "add_progress", "open")
    assert gate["reason"] == "no answer, asked with ••••••••78"
    assert gate["since"] > 0
    assert "portal.add_progress: breaker open (Đã ngắt)" in run("account").out
    ran = run("connector", "list", "--json")
    (portal,) = ran.json["connectors"]
    assert (ran.code, portal["connector"], portal["mode"]) == (1, "portal", "observe")
    assert portal["shut"] == [gate]
    assert [(one["operation"], one["cause"], one["ended_at"]) for one in portal["away"]] == [
        ("add_progress", "breaker", None)
    ]
    shown = run("connector", "list").out
    assert "Đang dừng" in shown
    assert "nothing was sent to portal.add_progress from" in shown
    assert "cầu dao đã ngắt" in shown


def test_a_breaker_on_trial_stops_nothing_and_is_seen(run: Run, ledger_file: Path, settings: Path) -> None:
    """Half-open: deliveries go, and both commands say that they are a trial; exit 0."""
    open_breaker(ledger_file, "add_progress", "half-open")
    ran = run("connector", "list", "--json")
    (portal,) = ran.json["connectors"]
    assert (ran.code, portal["shut"]) == (0, [])
    assert [one["state"] for one in portal["breakers"]] == ["half-open"]
    assert "Đang thử lại" in run("connector", "list").out
    assert "Đang thử lại" in run("account").out


def test_where_everything_goes_the_list_is_fine(run: Run, settings: Path) -> None:
    """Exit 0; a breaker that was never needed is closed."""
    ran = run("connector", "list", "portal", "--json")
    assert (ran.code, ran.json["connectors"][0]["shut"]) == (0, [])
    wrong = run("connector", "list", "portl")
    assert (wrong.code, wrong.out) == (2, "")
    assert 'Did you mean "portal"?' in wrong.err


def test_a_window_shows_as_what_it_is(run: Run, settings: Path) -> None:
    """Whoever wonders why nothing goes reads that it is maintenance; `describe` tells it beforehand."""
    write(settings, f'window = "{ALWAYS}"\n')
    (gate,) = run("account", "--json").json["gates"]
    assert (gate["connector"], gate["breaker"]) == ("portal", "closed")
    assert ALWAYS in gate["reason"]
    assert run("connector", "list").code == 1
    assert run("describe", "portal", "--settings", str(settings), "--json").json["gate"]["window"] == ALWAYS
    assert "khung giờ" in run("account").out


def test_a_full_disk_shows_as_what_it_is(run: Run, settings: Path) -> None:
    """The floor is higher than any disk: everything is shut, and why is said."""
    write(settings)
    settings.write_text(settings.read_text().replace("0 B", "900000 TB"))
    (gate,) = run("account", "--json").json["gates"]
    assert "the disk is nearly full" in gate["reason"]
    assert "everything: the disk is nearly full" in run("account").out


def test_a_window_that_is_none_is_refused_with_its_place(run: Run, settings: Path) -> None:
    """File, line and column, and how it is written."""
    write(settings, 'window = "2am to 3am"\n')
    ran = run("check", "--settings", str(settings), "--json")
    (fault,) = ran.json["problems"]
    assert ran.code == 2
    assert "02:00-03:00 hold" in fault["what"]
    assert fault["line"] == len(settings.read_text().splitlines())


def test_a_late_done_shows_in_the_account_and_in_the_trace(run: Run, ledger_file: Path) -> None:
    """Attempt 1 is done after the delivery went to its end without it: told in red where people look."""

    async def late() -> None:
        ledger = Ledger(Store(f"sqlite:///{ledger_file}"), plan, merge)
        holder = ledger.store.holder
        first = await ledger.claim(Claim(2, holder, 60.0))
        assert first is not None
        await ledger.settle(Settle(2, first.attempt, holder, "retrying"))
        await ledger.sweep(Sweep({"": 0.0}))
        second = await ledger.claim(Claim(2, holder, 60.0))
        assert second is not None
        await ledger.settle(Settle(2, second.attempt, holder, "dead", reason="given up"))
        await ledger.settle(Settle(2, first.attempt, holder, "delivered"))
        ledger.close()

    asyncio.run(late())
    (alarm,) = run("account", "--json").json["late_done"]
    assert (alarm["delivery"], alarm["attempt"], alarm["state"]) == (2, 1, "dead")
    assert "attempt 1 was done after all" in run("account").out
    assert "late delivered" in run("trace", PORTAL).out
    groups = {group["state"]: group for group in run("failed", "list", "--json").json["groups"]}
    assert groups["late delivered"]["ids"] == ["2"]
    assert "Đã giao, báo muộn" in run("failed", "list").out


@pytest.mark.parametrize(
    ("table", "line", "said"),
    [
        ("broker", 'consumer_timeout = "1 minute"', "raise the broker's consumer_timeout"),
        ("installation", 'stop_within = "20 seconds"', "stop_within"),
    ],
)
def test_serve_refuses_at_the_start_what_check_refuses(
    run: Run, whole: Path, table: str, line: str, said: str
) -> None:
    """A call that outlasts the broker's patience or a stop: the same sentences, exit 2, nothing opened."""
    whole.write_text(whole.read_text().replace(f"[{table}]", f"[{table}]\n{line}"))
    checked = run("check", "--settings", str(whole), "--json")
    faults = [fault["what"] for fault in checked.json["problems"]]
    assert checked.code == 2
    assert {fault.partition(":")[0] for fault in faults} == {"onestop", "national_portal"}
    assert all(said in fault for fault in faults)
    served = run("serve", "--settings", str(whole))
    assert (served.code, served.out, served.err.splitlines()) == (2, "", faults)
    assert not (whole.parent / "ledger.db").exists()


@pytest.mark.parametrize(("unsettled", "code"), [(0, 0), (1, 1), (3, 1)])
def test_a_stop_without_its_database_says_what_becomes_of_the_calls(
    run: Run, whole: Path, monkeypatch: pytest.MonkeyPatch, unsettled: int, code: int
) -> None:
    """Exit 1 and a sentence: how many, that nothing is lost, what to do; without any, exit 0 and silence."""

    async def serve(*_: object) -> int:
        return unsettled

    monkeypatch.setattr(commands.serve, "_serve", serve)
    ran = run("serve", "--settings", str(whole))
    assert ran.code == code
    assert (f"{unsettled} call" in ran.err) == bool(unsettled)
    assert ("Nothing is lost" in ran.err) == bool(unsettled)
