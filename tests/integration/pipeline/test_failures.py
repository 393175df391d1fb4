"""What people do about failures over a working bus: retried, corrected, read again, given a dossier."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from adapters._kit.schema import checker
from bus.errors import NotPossibleError, PermanentError
from bus.failures import Failures
from bus.ledger import failures
from mappings.engine import Compiled, compile_sheet
from mappings.sheet import Functions, functions_beside, parse_sheet
from mappings.tables import load as load_tables
from tests.integration.pipeline import road as roads
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.peers import raises
from tests.integration.pipeline.road import NUMBER, ROOT, Road, sheets, submitted

pytestmark = pytest.mark.integration

WRONG = PermanentError("the one-stop does not know this code", code="4007", answer=b'{"error": 4007}')
WHO: dict[str, Any] = {"who": "lan", "reason": "mended"}


def recompiled(name: str, text: str) -> Compiled:
    """Another text of a shipped sheet."""
    beside = functions_beside(ROOT / "mappings" / name.partition("/")[0])
    functions = Functions(beside.rules, beside.checks)
    return compile_sheet(
        parse_sheet(text, name, functions=functions), load_tables((ROOT / "deploy" / "tables",))
    )


def desk(road: Road, *second_person: str) -> Failures:
    """What people may do over a road."""
    return Failures(
        ledger=road.ledger,
        pipeline=road.pipeline,
        connectors=road.connectors,
        publish=road.worker.dispatcher.publish,
        recompile=recompiled,
        checker=checker,
        second_person=frozenset(second_person),
    )


async def finished(road: Road, run: int) -> failures.Run:
    """A retry's account once it is over."""

    def over() -> failures.Run | None:
        found = road.ledger.look(failures.run, run)
        return found if found and found.state != "running" else None

    found: failures.Run = await road.until(over)
    assert found.requested == found.delivered + found.failed + found.skipped
    return found


async def test_a_group_is_retried_in_stages_by_the_running_bus(open_either: Open) -> None:
    """Each arrives once; the request id is that of the first attempt."""
    async with open_either() as road:
        numbers = [f"G22.99-260415-{n:06d}" for n in range(5)]
        road.onestop.will("create_dossier", *[raises(WRONG)] * len(numbers))
        await road.keep(*(submitted(number) for number in numbers))
        await road.until(lambda: {row.state for row in road.rows("take_in")} == {"dead"})
        (group,) = road.ledger.look(failures.groups)
        assert (group.code, len(group.subjects)) == ("4007", 5)
        run = await desk(road).retry(group.subjects, "lan", "mended", stages=(1, 2))
        ended = await finished(road, run)
        assert (ended.state, ended.delivered, ended.stages) == ("done", 5, 3)
        assert len(road.onestop.effects) == 5
        ids = [call.request_id for call in road.onestop.called("create_dossier")]
        assert len(ids) == 10
        assert len(set(ids)) == 5


async def test_a_code_is_corrected_and_what_is_stated_is_not(open_road: Open) -> None:
    """The corrected request is what the peer gets; a name is its sender's to change."""
    async with open_road() as road:
        road.onestop.will("create_dossier", raises(WRONG))
        await road.keep(submitted())
        dead = (await road.becomes("take_in", "dead")).id
        people = desk(road)
        name = [{"op": "replace", "path": "/applicant/data/fullname", "value": "NGUYỄN VĂN KHÁC"}]
        with pytest.raises(NotPossibleError, match="yêu cầu bổ sung"):
            await people.edit(dead, patch=msgspec.json.encode(name), **WHO)
        code = [{"op": "replace", "path": "/applyMethod/id", "value": 1}]
        _, recorded = await people.edit(dead, patch=msgspec.json.encode(code), **WHO)
        assert [step["op"] for step in msgspec.json.decode(recorded)] == ["test", "replace"]
        assert road.row("take_in").state == "dead", "a correction alone sends nothing"
        await finished(road, await people.retry([str(dead)], "lan", "corrected"))
        (sent,) = road.onestop.did("create_dossier")
        assert sent["applyMethod"]["id"] == 1
        shown = road.ledger.look(failures.delivery, dead)
        assert shown is not None
        assert [one["what"] for one in shown["actions"]] == ["edit"]
        assert next(one["answer"] for one in shown["attempts"]) == b'{"error": 4007}'


async def test_a_corrected_record_is_compared_with_what_the_portal_told_as_it_was_told(
    open_road: Open,
) -> None:
    """The portal's own words make another record; a correction of ours is none of it."""
    async with open_road() as road:
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        road.portal.will("sync_record", raises(WRONG))
        await road.keep(roads.record_of(nationCode=NUMBER))
        dead = (await road.becomes("record_out", "dead")).id
        code = [{"op": "replace", "path": "/HinhThuc", "value": "1"}]
        people = desk(road)
        draft = await people.draft(dead)
        assert draft.request["HinhThuc"] == "0"
        await people.edit(dead, patch=msgspec.json.encode(code), **WHO)
        assert (await finished(road, await people.retry([str(dead)], "lan", "corrected"))).delivered == 1
        assert [one["HinhThuc"] for one in road.portal.did("sync_record")] == ["1"]


async def test_a_second_person_agrees_before_a_correction_counts(open_road: Open) -> None:
    """Proposed, it changes nothing; agreed to, it is what is sent."""
    async with open_road() as road:
        road.onestop.will("create_dossier", raises(WRONG))
        await road.keep(submitted())
        dead = (await road.becomes("take_in", "dead")).id
        people = desk(road, "edit", "discard")
        code = msgspec.json.encode([{"op": "replace", "path": "/applyMethod/id", "value": 1}])
        done, _ = await people.edit(dead, patch=code, **WHO)
        assert done.outcome == "proposed"
        assert road.row("take_in").patched == 0
        await people.decide(done.number, "minh", "seen", agree=True)
        assert road.row("take_in").patched > 0


async def test_another_sheet_is_tried_before_anything_is_sent(open_road: Open) -> None:
    """The draft shows both; the peer has seen one call, the ledger one attempt."""
    async with open_road() as road:
        road.onestop.will("create_dossier", raises(WRONG))
        await road.keep(submitted())
        dead = (await road.becomes("take_in", "dead")).id
        text = sheets()["onestop/create"].sheet.text
        other = text.replace('their = "subject", ', 'their = "title",   ')
        assert other != text
        draft = await desk(road).draft(dead, sheet=other)
        assert draft.request["subject"] == draft.other["title"]
        assert "subject" not in draft.other
        assert draft.digest != draft.other_digest
        assert len(road.onestop.calls) == len(road.attempts("take_in")) == 1


def taught() -> Mapping[str, Compiled]:
    """The shipped sheets, of which the portal's record knows one more status."""
    known = sheets()["national_portal/submission"].sheet.text
    row = '  { their = "1",  ours = "registered",            vi = "Mới đăng ký"'
    assert row in known
    more = f'{row}, prefer = true }},\n  {{ their = "12", ours = "registered" }},\n'
    text = known.replace(f"{row} }},\n", more)
    return {**sheets(), "national_portal/submission": recompiled("national_portal/submission", text)}


async def test_a_parked_message_is_read_again_once_the_table_has_its_code(
    open_either: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it fails with the reason; after a restart with the code it is kept, and sent once."""
    async with open_either() as road:
        (kept,) = await road.keep(submitted(TrangThaiHoSo="12"))
        assert kept.outcome == "parked"
        run = await desk(road).retry([f"m{kept.message}"], "lan", "is it there now?")
        assert (await finished(road, run)).failed == 1
        assert "TrangThaiHoSo" in road.ledger.look(failures.items, run)[0]["why"]
    monkeypatch.setattr(roads, "sheets", taught)
    async with open_either() as road:
        run = await desk(road).retry([f"m{kept.message}"], "lan", "the list has it")
        assert (await finished(road, run)).delivered == 1
        await road.becomes("take_in", "delivered")
        again = await road.keep(submitted(TrangThaiHoSo="12"))
        assert again[0].outcome == "repeated", "its source hands the same in again"
        assert [one.state for one in road.messages("national_portal.dossier")] == ["read again", "kept"]
        assert len(road.onestop.effects) == 1


async def test_a_message_that_matched_nothing_is_given_its_dossier(open_road: Open) -> None:
    """It goes on from there as if it had named the dossier itself."""
    async with open_road() as road:
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        said = road.pipeline.read("national_portal", roads.withdrawn())
        kept = await road.ledger.keep(replace(said, codes={}))
        assert kept.outcome == "unmatched"
        people = desk(road)
        with pytest.raises(NotPossibleError, match="no dossier"):
            await people.assign(kept.message, "G22.99-000000-999999", **WHO)
        given = await people.assign(kept.message, NUMBER, **WHO)
        assert given.outcome == "kept"
        await road.becomes("withdraw_in", "delivered")
        with pytest.raises(NotPossibleError, match="read again"):
            await people.assign(kept.message, NUMBER, **WHO)
