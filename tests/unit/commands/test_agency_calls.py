"""`agencies call-again`, as an operator types it; the calls themselves are tested on the ledger."""

import asyncio
from pathlib import Path

from bus.ledger import notices
from bus.ledger.ledger import Ledger, read_only
from bus.ledger.records import EventsTold, Notice, NoticeEnded
from bus.ledger.store import Store
from tests.integration.ledger.conftest import merge, plan
from tests.unit.commands.conftest import Run


def give_up(file: Path) -> None:
    """Have one call to an agency be given up."""

    async def write() -> None:
        ledger = Ledger(Store(f"sqlite:///{file}"), plan, merge)
        await ledger.events_told(EventsTold((), (), (Notice("H12.09", "7-delivered-1", b"{}"),)))
        (due,) = await ledger.ask(notices.due, 1e12, 10)
        await ledger.notices_ended([NoticeEnded(due.notice, "given up", reason="HTTP 500")])
        ledger.close()

    asyncio.run(write())


def test_an_operator_has_what_was_given_up_called_once_more(run: Run, ledger_file: Path) -> None:
    """Without a running `serve` it is written for the next one; said again, nothing is left to do."""
    give_up(ledger_file)
    here = ("--ledger", f"sqlite:///{ledger_file}", "--reason", "they are back")
    ran = run("agencies", "call-again", "H12.09", *here, "--json")
    assert (ran.code, ran.json) == (0, {"ok": True, "notices": 1})
    assert "1 call is made once more" in ran.err
    counted = read_only(f"sqlite:///{ledger_file}", notices.counted)
    assert counted == {"H12.09": {"open": 1, "given_up": 0}}
    again = run("agencies", "call-again", *here)
    assert (again.code, again.err.strip()) == (0, "no call was given up")


def test_calling_again_wants_a_reason(run: Run, ledger_file: Path) -> None:
    """As every action of a person."""
    assert run("agencies", "call-again", "--ledger", f"sqlite:///{ledger_file}").code == 2
