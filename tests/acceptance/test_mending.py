"""What people mend beside a running `serve`, by the commands: what failed, and what two sides tell apart.

One installation for all: real processes, real broker, simulated portal and one-stop that count effects
themselves. The losses are real ones: rows of the ledger as a process leaves them that lost what it had read.
"""

import asyncio
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bus.ledger import people, read, schema
from bus.ledger.ledger import Ledger, read_only
from bus.ledger.records import Claim, Keep, Page, Settle
from bus.ledger.store import Store
from commands.main import main
from commands.parts import adapter_types, file_store, read_settings
from commands.people import merge_nothing, plan_nothing
from commands.tell import VIETNAM
from deploy.local.guard import Guarded
from mappings.dossier import Payment
from tests.acceptance.province import Province, province, wait_for
from tests.contract.onestop_adapter.onestops import CREATE

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

SMOOTH = ("--pace", "0.2", "--late", "0", "--shares", "refuse=0,supplement=0,payment=0,stop=0")
FAILED = 6
PAID = Payment(id="p1", amount=1, paid_at=datetime(2026, 4, 15, tzinfo=VIETNAM), state="paid")


@pytest.fixture(scope="module")
def world(amqp_url: str) -> Iterator[Province]:
    """Peers and settings; officials who are quick and ask for nothing."""
    with (
        tempfile.TemporaryDirectory() as folder,
        province(Path(folder), amqp_url, officials=SMOOTH) as one,
    ):
        yield one


def command(world: Province, *words: str, code: int = 0, by: str = "lan") -> dict[str, Any]:
    """A command with --json as its users run it, but in this process; `told` is its standard error."""
    out, err = io.StringIO(), io.StringIO()
    line = ["run.py", *words, "--json", "--settings", str(world.settings)]
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
        _as(by, patched, line)
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code, (out.getvalue(), err.getvalue())
    assert "Traceback" not in err.getvalue()
    found: dict[str, Any] = json.loads(out.getvalue())
    return found | {"told": err.getvalue()}


def _as(who: str, patched: pytest.MonkeyPatch, line: list[str]) -> None:
    patched.setattr(sys, "argv", line)
    patched.setenv("USER", who)
    patched.delenv("SUDO_USER", raising=False)


def serving(world: Province) -> Guarded:
    """Start `serve`; wait until it takes requests."""
    process = world.start("serve")
    wait_for((world.folder / "control.sock").exists, 60, "serve takes requests")
    return process


def rows(world: Province, route: str) -> list[Any]:
    """The deliveries of a leg, in order."""
    own = schema.delivery
    query = select(own).where(own.c.route == f"every_dossier.{route}").order_by(own.c.id)
    return read_only(world.ledger, lambda tx: list(tx.execute(query)))


def written(world: Province, write: Callable[[Ledger], Any]) -> Any:
    """Write to the ledger that nobody serves."""

    async def do() -> Any:
        ledger = Ledger(Store(world.ledger), plan_nothing, merge_nothing)
        try:
            return await write(ledger)
        finally:
            ledger.close()

    return asyncio.run(do())


async def dead(ledger: Ledger, deliveries: list[int]) -> None:
    """End deliveries as the one-stop's "no such code" does."""
    holder = ledger.store.holder
    for number in deliveries:
        claimed = await ledger.claim(Claim(number, holder, 60.0))
        assert claimed is not None
        why = "the one-stop does not know this code"
        end = Settle(number, claimed.attempt, holder, "dead", reason=why, cause="PermanentError", code="4007")
        await ledger.settle(end)


def agreed(world: Province, *asked: dict[str, Any]) -> None:
    """Have a second person agree to what one has asked for; the first may not."""
    (proposal,) = (one["number"] for one in asked if one["outcome"] == "proposed")
    words = ("failed", "agree", str(proposal), "--reason", "seen")
    assert "error" in command(world, *words, code=1)
    assert command(world, *words, by="minh")["ok"]


def test_what_failed_is_mended_by_the_commands_and_every_account_is_exact(world: Province) -> None:
    """Six dead: one retried offline, one corrected, one given up, the rest staged; a payment is assigned."""
    written(world, lambda ledger: ledger.barrier())
    # before the bus begins, so that it knows of the pause from its first moment
    command(world, "connector", "pause", "onestop", "--reason", "a test")
    process = serving(world)
    world.submit(FAILED, 5)
    wait_for(lambda: len(rows(world, "take_in")) == FAILED, 30, "all are kept")
    assert process.stop() == 0
    numbers = [row.id for row in rows(world, "take_in")]
    dossier = rows(world, "take_in")[-1].dossier
    paid = Keep("national_portal", "national_portal.payment", "p1", b"d", b"{}", PAID, {}, 1.0, "")
    written(world, lambda ledger: dead(ledger, numbers))
    unmatched = written(world, lambda ledger: ledger.keep(paid))
    assert unmatched.outcome == "unmatched"

    offline = command(world, "failed", "retry", str(numbers[0]), "--reason", "the table has it now")
    assert "the next one begins it" in offline["told"]
    assert (offline["requested"], offline["pending"], offline["delivered"]) == (1, 1, 0)
    refused = command(world, "failed", "discard", str(numbers[2]), "--reason", "no", code=1)
    assert "start it first" in refused["discarded"][0]["error"]
    serving(world)
    command(world, "connector", "resume", "onestop", "--reason", "a test")

    def ran() -> bool:
        found = command(world, "failed", "runs", str(offline["run"]))
        return bool(found["state"] == "done" and found["delivered"] == 1)

    wait_for(ran, 30, "the next serve begins and ends it")
    patch = world.folder / "patch.json"
    patch.write_text('[{"op": "replace", "path": "/applyMethod/id", "value": 1}]')
    edit = ("failed", "edit", str(numbers[1]), "--patch", str(patch), "--reason", "came to the counter")
    agreed(world, command(world, *edit))
    stated = ("failed", "edit", str(numbers[1]), "--set", "applicant/data/fullname=KHÁC", "--reason", "no")
    assert "yêu cầu bổ sung" in command(world, *stated, code=1)["error"]
    agreed(world, *command(world, "failed", "discard", str(numbers[2]), "--reason", "twice")["discarded"])
    number = next(iter(read_only(world.ledger, read.codes, dossier).values()))
    assign = ("failed", "assign", f"m{unmatched.message}", number, "--reason", "its receipt says so")
    assert command(world, *assign)["outcome"] == "kept"
    staged = command(world, "failed", "retry", "--all", "--staged", "--reason", "mended")
    assert (staged["requested"], staged["delivered"], staged["stages"]) == (FAILED - 2, FAILED - 2, 2)
    assert staged["requested"] == staged["delivered"] + staged["failed"] + staged["skipped"]
    assert command(world, "failed", "list")["total"] == 0
    states = [row.state for row in rows(world, "take_in")]
    assert states == ["delivered", "delivered", "discarded", *["delivered"] * (FAILED - 3)]
    assert world.onestop.effects()["by_operation"]["create"]["applied"] == FAILED - 1
    assert command(world, "account")["unaccounted"] == 0


def reconciled(world: Province, *words: str, code: int = 0) -> dict[str, Any]:
    """Compare today, what has only just changed too."""
    return command(
        world, "reconcile", "--day", f"{datetime.now(VIETNAM):%Y-%m-%d}", "--grace", "0", *words, code=code
    )


def named(found: dict[str, Any], connector: str, side: str) -> dict[str, str]:
    """Number -> difference of one side of a comparison."""
    return {one["number"]: one["what"] for one in found["connectors"][connector][side]["differences"]}


async def lose(world: Province, ledger: Ledger) -> set[str]:
    """Read the one-stop to its end, moving cursor and memory, and lose every message.

    Gives the numbers of the dossiers whose record was lost.
    """
    own = read_settings(world.settings)
    settings = own.connectors["onestop"]
    adapter = adapter_types()[settings.type].connect("onestop", settings, file_store(own))
    (poll,) = adapter.polls
    lost: set[str] = set()
    with closing(adapter):
        more = True
        while more:
            before = ledger.look(read.cursor, "onestop", poll.name)
            page = poll.fetch(before, lambda names: ledger.look(read.memory, "onestop", poll.name, names))
            write = Page("onestop", poll.name, before, page.cursor, (), page.remember)
            await ledger.keep_page(write)
            lost |= {item.tree["code"] for item in page.items if item.kind == "onestop.dossier"}
            more = page.more
    return lost


def test_what_the_one_stop_told_and_we_lost_is_named_and_told_again(world: Province) -> None:
    """Lost words of two known dossiers and one unknown: named, repaired beside `serve`, each effect once."""
    assert world.rests(40)
    assert reconciled(world)["connectors"]["onestop"]["told"]["compared"] == FAILED - 1
    process = world.processes[-1]
    world.submit(2, 5, after=FAILED)
    wait_for(
        lambda: [row.state for row in rows(world, "take_in")][FAILED:] == ["delivered"] * 2, 30, "taken in"
    )
    assert process.stop() == 0
    body = {name: value for name, value in CREATE.items() if name not in ("nationCode", "applyMethod")}
    (counter,) = world.onestop.post("/_sim/counter", {"dossiers": [body]})["dossiers"]
    wait_for(lambda: world.onestop.effects()["open"] == 0, 40, "the officials are done")
    lost = written(world, lambda ledger: lose(world, ledger))
    without = reconciled(world, "--repair", code=1)
    assert all("start it" in one["problem"] for one in without["repairs"])

    serving(world)
    assert world.rests(40)
    differences = named(reconciled(world, code=1), "onestop", "told")
    # quick officials may be done with a known dossier before the bus has stopped
    known = dict.fromkeys(lost - {counter["code"]}, "other status")
    assert differences.items() <= (known | {counter["code"]: "unknown here"}).items()
    assert counter["code"] in differences
    repaired = reconciled(world, "--repair", "--reason", "lost in a test")["repairs"]
    assert {one["number"]: one["what"] for one in repaired} == differences
    assert all("read anew" in one["done"] for one in repaired)
    assert world.rests(40)
    assert named(reconciled(world), "onestop", "told") == {}
    assert world.broken_promises() == {}
    logged = read_only(world.ledger, people.actions)
    acts = {one["subject"] for one in logged if (one["what"], one["who"]) == ("read anew", "lan")}
    assert acts == {f"onestop {number}" for number in differences}


def test_what_the_portal_lost_of_ours_is_sent_again_once(world: Province) -> None:
    """A portal put back to an older status is named behind, gets its record again, and nothing else."""
    number = next(one["MaHoSo"] for one in world.portal.get("/_sim/dossiers") if one["status"] == "10")
    before = world.portal.effects()["by_operation"]["DongBoHoSoMC"]["applied"]
    world.portal.post("/_sim/status", {"MaHoSo": number, "TrangThaiHoSo": "2"})
    found = reconciled(world, code=1)
    assert named(found, "national_portal", "shown") == {number: "behind"}
    assert named(found, "national_portal", "told") == named(found, "onestop", "told") == {}
    (repaired,) = reconciled(world, "--repair", "--reason", "its backup")["repairs"]
    assert "sent again" in repaired["done"]
    assert world.rests(40)
    agreed_on = reconciled(world)
    assert named(agreed_on, "national_portal", "shown") == {}
    # every step of every dossier is there under the very key that it was sent under
    assert named(agreed_on, "national_portal", "steps") == {}
    assert agreed_on["connectors"]["national_portal"]["steps"]["compared"] > 0
    assert {one["MaHoSo"]: one["status"] for one in world.portal.get("/_sim/dossiers")}[number] == "10"
    assert world.portal.effects()["by_operation"]["DongBoHoSoMC"]["applied"] == before + 1
    assert world.broken_promises() == {}
    assert command(world, "account")["unaccounted"] == 0
