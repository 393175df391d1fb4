"""A request that would change nothing is not sent, nothing echoes, and observing sends nothing at all."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adapters.national_portal.status_order import order
from bus import connector as connectors
from bus.gates import Gate
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import onestop, portal
from tests.integration.pipeline.road import record_of, submitted, withdrawn, worked_on

pytestmark = pytest.mark.integration

LATER = "2026-04-15T11:00:00.000+07:00"


async def test_a_record_equal_to_what_the_peer_last_got_is_superseded(open_either: Open) -> None:
    """The one-stop touches a dossier in a field that the portal does not show: no second write."""
    async with open_either() as road:
        await road.keep(record_of())
        await road.rests()
        await road.keep(record_of(updatedDate=LATER, eForm={"data": {"khac": "1"}}))
        await road.rests()
        first, second = road.rows("record_out")
        assert (first.state, second.state, second.cause) == ("delivered", "superseded", "no change")
        assert second.reason == "no change: it is what the peer last got from us or told us"
        assert len(road.portal.did("sync_record")) == len(road.messages("onestop.dossier")) - 1 == 1


async def test_a_record_is_the_same_whichever_message_starts_it(open_either: Open) -> None:
    """A record, the answered supplement behind it and an untouched record: the portal is told once."""
    paper = {"id": "bs-1", "name": "Giấy chứng sinh.pdf", "url": "https://tep.lienthong.camau.example/t/bs-1"}
    answered = {"id": "BS-1", "content": "Bổ sung giấy chứng sinh", "answered": True, "files": [paper]}
    async with open_either() as road:
        await road.keep(*(one for one in worked_on(supplements=[answered]) if one.kind != "onestop.step"))
        await road.rests()
        await road.keep(record_of(supplements=[answered], updatedDate=LATER))
        await road.rests()
        assert [(row.state, row.cause) for row in road.rows("papers_out")] == [("superseded", "no change")]
        assert [row.state for row in road.rows("record_out")] == ["delivered", "superseded"]
        (told,) = road.portal.did("sync_record")
        (listed,) = told["DanhSachHoSoBoSung"]
        assert [one["TepDinhKemId"] for one in listed["DanhSachGiayToBoSung"]] == ["bs-1"]


async def test_a_record_that_goes_back_to_what_it_was_is_written_again(open_either: Open) -> None:
    """Only the last is compared: A, B, A are three writes."""
    async with open_either() as road:
        for subject, at in (("một", "10"), ("hai", "11"), ("một", "12")):
            await road.keep(record_of(subject=subject, updatedDate=f"2026-04-15T{at}:30:00.000+07:00"))
            await road.rests()
        assert [record["TrichYeuHoSo"] for record in road.portal.did("sync_record")] == ["một", "hai", "một"]


async def test_an_appended_fact_that_the_peer_has_by_its_key_is_superseded(open_either: Open) -> None:
    """The one-stop tells a step under another key of ours, with the status and time that the portal has."""
    async with open_either() as road:
        step = worked_on()[1]
        again = worked_on(id="told-under-another-id", updatedDate=LATER)[1]
        assert step.key != again.key
        await road.keep(record_of(), step)
        await road.rests()
        await road.keep(again)
        await road.rests()
        assert [row.state for row in road.rows("progress_out")] == ["delivered", "superseded"]
        assert road.rows("progress_out")[1].reason == "no change: the peer has this already"
        assert len(road.portal.did("add_progress")) == 1


async def test_two_steps_of_one_dossier_are_two_facts(open_road: Open) -> None:
    """An append is never compared with what another one added."""
    async with open_road() as road:
        await road.keep(*worked_on())
        await road.rests()
        assert [step["TrangThai"] for step in road.portal.did("add_progress")] == ["2", "5"]


async def test_a_status_that_would_go_back_is_never_sent(open_either: Open) -> None:
    """What is finished is not in progress again: superseded, with the reason; what follows goes on."""
    shows = portal(orders={"sync_record": order("TrangThaiHoSo")})
    async with open_either(to_portal=shows) as road:
        for status, hour in ((4, "10"), (9, "11"), (5, "12"), (9, "13"), (10, "14"), (4, "15")):
            at = f"2026-04-15T{hour}:30:00.000+07:00"
            await road.keep(
                record_of(statusCurrentTask={"id": status, "name": "x"}, updatedDate=at, subject=at)
            )
            await road.rests()
        assert [record["TrangThaiHoSo"] for record in shows.did("sync_record")] == ["4", "9", "9", "10"]
        late = [row for row in road.rows("record_out") if row.state == "superseded"]
        assert [row.cause for row in late] == ["late status"] * 2
        assert late[0].reason == "late: the peer shows status 9, and 5 may not follow it"
        assert road.account().unaccounted == 0


@pytest.mark.parametrize("mode", ["observe", "off"])
async def test_a_connector_that_is_not_live_sends_nothing(open_either: Open, mode: str) -> None:
    """Observing maps and checks and says so; what is off stays ready."""
    async with open_either(mode=mode) as road:
        await road.keep(submitted(), *worked_on(), withdrawn())
        if mode == "observe":
            await road.rests()
            row = road.rows("record_out")[0]
            assert (row.state, row.reason) == ("superseded", "observe: mapped and checked, not sent")
        assert [*road.portal.calls, *road.onestop.calls] == []
        assert road.account().unaccounted == 0


async def test_observing_names_what_cannot_be_written(open_road: Open) -> None:
    """A sheet's problems show before anything goes live."""
    async with open_road(mode="observe") as road:
        await road.keep(record_of(procedure={"code": "9.999999"}))
        assert "TenTTHC" in (await road.becomes("record_out", "dead")).reason


async def test_what_was_observed_is_sent_once_it_is_live_and_changes(open_road: Open) -> None:
    """Observing notes no view of the peer: the first record after it is written whole."""
    async with open_road(mode="observe") as road:
        await road.keep(record_of())
        await road.rests()
    async with open_road() as road:
        await road.keep(record_of(updatedDate=LATER))
        await road.rests()
        assert len(road.portal.did("sync_record")) == 1


async def test_with_too_little_lease_left_nothing_is_sent_and_nothing_burned(
    open_road: Open, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that took too long: handed back with its attempt spent and its try not (rules 1 and 2)."""
    monkeypatch.setattr(connectors, "MARGIN", 0.0)
    async with open_road(to_onestop=onestop(seconds=0.5)) as road:
        await road.pauses("onestop")
        await road.keep(submitted())
        row = road.row("take_in")
        with database_in_use(sqlite_url):
            # the ledger still says paused, and this process would hear it again before the hint arrives
            monkeypatch.setattr(Gate, "adopt", lambda *_: None)
            road.connectors["onestop"].gate.paused = False
            road.publish(row.id, "onestop")
            await asyncio.sleep(1.2)
        row = await road.until(lambda: (one := road.row("take_in")).attempt and one.state == "ready" and one)
        assert (row.reason, row.attempt, row.tries) == ("too little lease left", 1, 0)
        assert road.onestop.calls == []
        monkeypatch.undo()
        await road.resumes("onestop")
        row = await road.becomes("take_in", "delivered")
        assert (row.attempt - row.tries, len(road.onestop.effects)) == (1, 1)


@contextmanager
def database_in_use(url: str) -> Iterator[None]:
    """Another program that writes into the ledger's file, and is not done yet."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("COMMIT")
        other.close()
