"""The commands that read a ledger: account, trace, failed."""

import asyncio
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bus.ledger.ledger import Ledger
from bus.ledger.store import Store
from commands.tell import covered
from tests.integration.ledger.conftest import keep_of, merge, plan
from tests.unit.commands.conftest import CITIZEN, DEAD, ONESTOP, PORTAL, Run


def test_alone_it_says_what_this_is_and_what_to_begin_with(run: Run) -> None:
    """Without a command: one sentence in both languages, three commands, exit 0."""
    ran = run()
    assert ran.code == 0
    assert "carries citizens' dossiers" in ran.out
    assert "chuyển hồ sơ" in ran.out
    assert ran.out.count("python3 run.py") == 4


def test_without_a_ledger_one_is_told_what_to_do(run: Run) -> None:
    """No demo, no settings: exit 2, the way out, nothing made."""
    ran = run("account")
    assert (ran.code, ran.out) == (2, "")
    assert "python3 run.py demo" in ran.err
    assert not Path(".lienthong").exists()


def test_the_account_of_the_last_demo_needs_no_settings(run: Run, ledger_file: Path) -> None:
    """The states sum to what was planned, and all is one object on standard output."""
    ran = run("account", "--json")
    assert ran.code == 0
    assert ran.json["unaccounted"] == 0
    assert ran.json["planned"] == sum(ran.json["states"].values()) == 3
    assert (ran.json["kept"], ran.json["messages"]) == (4, {"kept": 3, "dead": 1})
    assert (ran.json["states"]["delivered"], ran.json["states"]["dead"]) == (1, 1)
    assert ran.err == ""


def test_a_delivery_that_vanished_is_found_by_the_account(run: Run, ledger_file: Path) -> None:
    """Removing a row behind the ledger's back breaks the proof: exit 1."""
    with sqlite3.connect(ledger_file) as rows:
        rows.execute("DELETE FROM delivery WHERE state = 'ready'")
    rows.close()
    ran = run("account", "--json")
    assert (ran.code, ran.json["unaccounted"]) == (1, 1)
    assert "1 NOT accounted for" in run("account").out


def test_the_account_speaks_both_languages(run: Run, ledger_file: Path) -> None:
    """On a table, "dead" reads as in the console."""
    ran = run("account")
    line = next(line for line in ran.out.splitlines() if "Cần người xử lý" in line)
    assert "dead" in line
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("number", [PORTAL, ONESTOP, f"  {ONESTOP.lower()} "])
def test_every_number_of_a_dossier_finds_its_timeline(run: Run, ledger_file: Path, number: str) -> None:
    """One timeline over all systems, by any number however typed, in the order of time."""
    traced = run("trace", number, "--json").json
    assert traced["codes"] == {"portal": PORTAL, "onestop": ONESTOP}
    assert {moment["system"] for moment in traced["timeline"]} == {"portal", "onestop"}
    times = [moment["at"] for moment in traced["timeline"]]
    assert times == sorted(times)
    assert len(times) == 4


def test_a_late_answer_is_seen_in_account_and_trace(run: Run, ledger_file: Path) -> None:
    """Counted beside the legs, told with its due date, as a table and as JSON."""

    async def urge() -> None:
        ledger = Ledger(Store(f"sqlite:///{ledger_file}"), plan, merge)
        await ledger.keep(keep_of("portal.urgent", "k9", {"portal": "G22.99-261123-000009"}))
        ledger.close()

    asyncio.run(urge())
    account = run("account", "--json").json
    assert (account["legs"], account["late"]) == ({"done": 1, "open": 3}, {"open": 1})
    assert "Đang chờ trả lời" in run("account").out
    traced = run("trace", "G22.99-261123-000009", "--json").json
    assert {leg["route"]: leg["late"] for leg in traced["legs"]} == {"flow.urgent": True, "flow.calm": False}
    late = [moment for moment in traced["timeline"] if moment["state"] == "late"]
    assert [moment["at"] for moment in late] == [leg["due_at"] for leg in traced["legs"] if leg["late"]]
    assert run("trace", "G22.99-261123-000009").out.count("trễ hạn") == 1


def test_a_mistyped_number_is_answered_by_the_near_one(run: Run, ledger_file: Path) -> None:
    """Two digits swapped: exit 1 and "did you mean"."""
    ran = run("trace", "H12.01-261132-0007")
    assert (ran.code, ran.out) == (1, "")
    assert f"Did you mean {ONESTOP}?" in ran.err


def test_a_number_like_no_other_gets_advice(run: Run, ledger_file: Path) -> None:
    """Nothing near: no guess is offered."""
    ran = run("trace", "Z")
    assert ran.code == 1
    assert "Did you mean" not in ran.err
    assert "any number" in ran.err


def test_what_failed_is_grouped_and_covered(run: Run, ledger_file: Path) -> None:
    """The dead delivery and the dead message are listed with cause and reason, identifiers hidden."""
    ran = run("failed", "list", "--json")
    groups = {group["where"]: group for group in ran.json["groups"]}
    assert ran.code == 1
    assert groups["onestop.create"]["cause"] == "contract"
    assert groups["portal: portal.dossier"]["ids"] == ["m4"]
    assert CITIZEN not in ran.out
    assert "ban@example" not in ran.out


def test_one_failure_is_shown_whole_with_its_values_covered(run: Run, ledger_file: Path) -> None:
    """History and the shape of what was handed in; none of the citizen's values."""
    number = run("failed", "list", "--json").json["groups"][0]["ids"][0]
    ran = run("failed", "show", number, "--json")
    assert ran.code == 0
    assert ran.json["codes"] == {"portal": DEAD}
    assert [one["outcome"] for one in ran.json["history"]] == ["dead"]
    assert ran.json["content"] == {
        "MaHoSo": DEAD,
        "SoGiayTo": "••••••••••36",
        "LePhi": [{"Gia": 5}],
        "GhiChu": None,
    }
    assert CITIZEN not in run("failed", "show", number).out
    assert "bytes, no JSON" in run("failed", "show", "m4").out


def test_one_failure_reads_in_both_languages_and_its_times_as_a_program_wants_them(
    run: Run, ledger_file: Path
) -> None:
    """State and labels in Vietnamese beside the English; in --json moments are ISO 8601 with their zone."""
    number = run("failed", "list", "--json").json["groups"][0]["ids"][0]
    shown = run("failed", "show", number).out
    assert all(word in shown for word in ("dead (Cần người xử lý)", "nguyên nhân", "lịch sử"))
    told = run("failed", "show", number, "--json").json
    for moment in (told["kept"], told["changed"], told["history"][0]["at"]):
        assert datetime.fromisoformat(moment).utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize(("name", "code"), [("99", 1), ("m99", 1), ("x", 2), ("m", 2)])
def test_a_failure_that_is_not_there_is_said_so(run: Run, ledger_file: Path, name: str, code: int) -> None:
    """A sentence; exit 1 where the ledger has none, 2 for what is no name of one."""
    ran = run("failed", "show", name)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err


@pytest.mark.parametrize("address", ["nonsense", "mysql://u:geheim@127.0.0.1/x", "postgresql://h/d"])
def test_an_address_that_is_no_ledgers_is_wrong_use(run: Run, address: str) -> None:
    """Exit 2 and how it is written; what was typed is not repeated, for it may hold a password."""
    ran = run("account", "--ledger", address)
    assert (ran.code, ran.out) == (2, "")
    assert "sqlite:///ledger.db" in ran.err
    assert "geheim" not in ran.err


def test_what_the_broker_gave_up_on_is_shown(run: Run, ledger_file: Path) -> None:
    """In account, failed list, failed show and trace: how often, and that it is still ready."""
    with sqlite3.connect(ledger_file) as rows:
        rows.execute("UPDATE delivery SET given_up = 2 WHERE state = 'ready'")
    rows.close()
    assert run("account", "--json").json["given_up"] == 1
    assert "gave up" in run("account").out
    groups = run("failed", "list", "--json").json["groups"]
    group = next(one for one in groups if one["cause"] == "given up")
    assert (group["state"], group["count"]) == ("ready", 1)
    assert run("failed", "show", *group["ids"], "--json").json["given_up"] == 2
    assert "gave up on its work message 2 times" in run("trace", PORTAL, "--json").out


def test_a_file_that_is_no_ledger_gives_a_sentence(run: Run, tmp_path: Path) -> None:
    """No traceback reaches a person."""
    (tmp_path / "other.db").write_bytes(b"not a database, but long enough to be looked at" * 10)
    ran = run("account", "--ledger", "sqlite:///other.db")
    assert ran.code == 1
    assert "the ledger cannot be read" in ran.err
    assert "Traceback" not in ran.err


def test_a_command_that_is_not_there_is_wrong_use(run: Run) -> None:
    """Exit 2."""
    assert run("acount").code == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"CCCD {CITIZEN}.", "CCCD ••••••••••36."),
        ("gọi 0912345678", "gọi ••••••••78"),
        ("gọi +84912345678", "gọi ••••••••••78"),
        (f"hồ sơ {PORTAL}", f"hồ sơ {PORTAL}"),
        (f"hồ sơ {ONESTOP}, mới", f"hồ sơ {ONESTOP}, mới"),
        ("nguyen.van-a@example.vn", "n•••@example.vn"),
        ("HTTP 503 after 20000 ms", "HTTP 503 after 20000 ms"),
    ],
)
def test_identifiers_are_covered_and_dossier_numbers_are_not(text: str, shown: str) -> None:
    """Whoever reads a screen can trace the dossier and learns nobody's number."""
    assert covered(text) == shown
