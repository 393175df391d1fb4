"""What keeping a message means: found, folded, planned or set aside; two dossiers that are one."""

import asyncio
import random

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import create_engine, text

from bus.errors import LedgerUnavailableError, RejectedMessageError
from bus.ledger import read
from bus.ledger.keep import CursorMovedError
from bus.ports import Incoming, Page
from tests.integration.pipeline.conftest import Open
from tests.integration.pipeline.road import (
    LOCAL,
    NUMBER,
    record_of,
    step_of,
    submitted,
    withdrawn,
    worked_on,
)

pytestmark = pytest.mark.integration


async def test_a_wrong_message_is_refused_with_every_problem_and_nothing_is_kept(open_either: Open) -> None:
    """Three mistakes, three problems at the sender's own paths."""
    async with open_either() as road:
        wrong = submitted(MaTTHC="x", NgayNopHoSo="hôm qua", LoaiDoiTuong="")
        with pytest.raises(RejectedMessageError) as caught:
            await road.keep(wrong)
        told = [str(problem) for problem in caught.value.problems]
        assert [any(name in one for one in told) for name in ("MaTTHC", "NgayNopHoSo", "LoaiDoiTuong")] == [
            True
        ] * 3
        assert (road.messages(), road.rows()) == ([], [])


async def test_a_code_that_a_list_parks_waits_whole_without_a_delivery(open_either: Open) -> None:
    """A status of no list: kept as it came, with the reason; its source is answered."""
    async with open_either() as road:
        incoming = submitted(TrangThaiHoSo="12")
        (kept,) = await road.keep(incoming)
        assert (kept.outcome, kept.ready) == ("parked", ())
        (message,) = road.messages()
        assert (message.state, message.raw) == ("parked", incoming.raw)
        assert "TrangThaiHoSo (status): " in message.reason
        assert (await road.keep(incoming))[0].outcome == "repeated"
        assert road.rows() == []


async def test_the_same_message_many_times_at_once_has_one_effect(open_either: Open) -> None:
    """Pushed and polled, twice and together: kept once, sent once."""
    async with open_either() as road:
        kept = await asyncio.gather(*(road.keep(submitted()) for _ in range(8)))
        assert sorted(one.outcome for (one,) in kept) == ["kept", *["repeated"] * 7]
        await road.becomes("take_in", "delivered")
        assert len(road.onestop.calls) == 1


async def test_the_same_key_with_other_content_changes_nothing_of_the_first(open_either: Open) -> None:
    """A conflict is kept beside, whole, and sends nothing."""
    async with open_either() as road:
        await road.keep(submitted())
        await road.becomes("take_in", "delivered")
        (kept,) = await road.keep(submitted(TrichYeuHoSo="Nội dung khác"))
        assert (kept.outcome, kept.ready) == ("conflict", ())
        await road.keep(record_of())
        await road.rests()
        assert [message.state for message in road.messages("national_portal.dossier")] == ["kept", "conflict"]
        assert len(road.onestop.calls) == 1


async def test_a_page_goes_on_over_what_cannot_be_read(open_either: Open) -> None:
    """The good ones are kept, the bad ones are dead with their reason and bytes, the cursor moves."""
    async with open_either() as road:
        bad = submitted("G22.99-260415-000002", MaTTHC="x")
        page = Page((submitted(), bad), "c1", {"s": b"m"}, ((b"\xff\xfe", "a row has no MAHOSO"),))
        kept = await road.pipeline.keep_page("national_portal", "submitted", "", page)
        assert [one.outcome for one in kept] == ["kept", "dead", "dead"]
        dead = [message for message in road.messages() if message.state == "dead"]
        assert [message.raw for message in dead] == [bad.raw, b"\xff\xfe"]
        assert "MaTTHC" in dead[0].reason
        assert dead[1].reason == "a row has no MAHOSO"
        assert road.ledger.look(read.cursor, "national_portal", "submitted") == "c1"
        await road.becomes("take_in", "delivered")


async def test_a_bug_of_ours_over_one_record_stops_no_source(open_road: Open) -> None:
    """Kept whole as dead, with the bug's name; the cursor goes on (rule 21)."""
    async with open_road() as road:
        page = Page((Incoming("national_portal.nobody_knows", {}, b"raw", key="odd"), submitted()), "c1")
        kept = await road.pipeline.keep_page("national_portal", "submitted", "", page)
        assert [one.outcome for one in kept] == ["dead", "kept"]
        assert road.ledger.look(read.cursor, "national_portal", "submitted") == "c1"


async def test_keys_that_a_database_cannot_store_hold_up_no_page(open_either: Open) -> None:
    """A zero byte in what names a message, a subject or a cursor: kept, and the cursor goes on."""
    async with open_either() as road:
        odd = replace(submitted("G22.99-260415-000002"), key="a\x00b", place="\x00")
        broken = ((b"\x00", "no \x00 MAHOSO"),)
        page = Page((submitted(), odd), "c\x001", {"s\x00": b"m"}, broken)
        kept = await road.pipeline.keep_page("national_portal", "submitted", "", page)
        assert [one.outcome for one in kept] == ["kept", "kept", "dead"]
        before = road.ledger.look(read.cursor, "national_portal", "submitted")
        again = await road.pipeline.keep_page("national_portal", "submitted", before, page)
        assert [one.outcome for one in again] == ["repeated"] * 3
        known = road.ledger.look(read.memory, "national_portal", "submitted", ["s\x00", "t"])
        assert known == {"s\x00": b"m"}


async def test_a_page_that_another_process_has_kept_leaves_no_trace(open_either: Open) -> None:
    """The cursor is the condition: of two pollers one wins, and the other's page is nothing."""
    async with open_either() as road:
        await road.pipeline.keep_page("national_portal", "submitted", "", Page((), "c1"))
        with pytest.raises(CursorMovedError):
            await road.pipeline.keep_page("national_portal", "submitted", "", Page((submitted(),), "c2"))
        assert (road.messages(), road.ledger.look(read.cursor, "national_portal", "submitted")) == ([], "c1")


async def test_a_database_that_is_away_is_told_and_keeps_nothing(open_either: Open, ledger_url: str) -> None:
    """Intake says "not now"; the same message handed in again is kept."""
    async with open_either() as road:
        engine = create_engine(ledger_url)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE payload RENAME TO payload_away"))
        with pytest.raises(LedgerUnavailableError):
            await road.keep(submitted())
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE payload_away RENAME TO payload"))
        engine.dispose()
        assert (await road.keep(submitted()))[0].outcome == "kept"
        await road.becomes("take_in", "delivered")
        assert len(road.messages()) == 1


async def test_a_catalogues_entry_belongs_to_no_dossier_and_needs_nobody(open_road: Open) -> None:
    """Kept whole without a delivery, counted by itself in the account, and no trouble."""
    async with open_road() as road:
        tree = {"MATTHC": "1.001193", "TENTTHC": "Đăng ký khai sinh"}
        incoming = Incoming("national_portal.procedure", tree, msgspec.json.encode(tree), key="tthc")
        (kept,) = await road.keep(incoming)
        assert (kept.outcome, kept.dossier, road.rows()) == ("kept", None, [])
        assert road.ledger.look(read.troubles) == []
        assert road.account().general == {"national_portal.procedure": 1}
        assert road.account().messages == {"kept": 1}
        (again,) = await road.keep(incoming)
        assert again.outcome == "repeated"


async def test_what_the_one_stop_says_before_the_portal_is_one_dossier_all_the_same(
    open_either: Open,
) -> None:
    """Its record names the national number: whichever came first, one dossier and no second submission."""
    async with open_either() as road:
        (first, *_) = await road.keep(record_of())
        (second,) = await road.keep(submitted())
        assert first.dossier == second.dossier
        await road.rests()
        assert road.account().dossiers == 1


async def test_two_dossiers_that_turn_out_to_be_one_go_on_as_one(open_either: Open) -> None:
    """Known here by the one-stop's number, there by the portal's; a record with both makes them one.

    What was kept of either stands in what is written afterwards, under the portal's own number.
    """
    async with open_either() as road:
        (ours,) = await road.keep(submitted(Email="be@example.vn"))
        (theirs,) = await road.keep(record_of(nationCode=None, subject="Theo một cửa"))
        assert ours.dossier != theirs.dossier
        await road.rests()
        (linked,) = await road.keep(
            record_of(updatedDate="2026-04-15T12:00:00.000+07:00", subject="Sau khi nối")
        )
        assert linked.dossier == min(ours.dossier or 0, theirs.dossier or 0)
        await road.rests()
        assert road.account().dossiers == 1
        assert {row.dossier for row in road.rows()} == {linked.dossier}
        assert road.ledger.look(read.codes, linked.dossier) == {"national_portal": NUMBER, "onestop": LOCAL}
        last = road.portal.did("sync_record")[-1]
        assert (last["MaHoSo"], last["TrichYeuHoSo"]) == (NUMBER, "Sau khi nối")
        assert last["DinhDanhCHS"][0]["SoDinhDanh"] == "096190000123"
        await road.keep(step_of(), withdrawn())
        await road.rests()
        assert (road.account().unaccounted, road.account().dossiers) == (0, 1)
        assert [effect.operation for effect in road.onestop.effects] == ["create_dossier", "withdraw"]


async def test_a_record_is_written_as_of_its_own_message(open_either: Open) -> None:
    """What waited behind another is written as the dossier stood when it was kept, not as it stands now."""
    async with open_either() as road:
        await road.pauses("national_portal")
        first, *steps = worked_on()
        await road.keep(first, steps[0])
        later = record_of(subject="Đã đổi", updatedDate="2026-04-15T12:00:00.000+07:00")
        await road.keep(later)
        assert road.portal.calls == []
        await road.resumes("national_portal")
        await road.rests()
        subjects = [record["TrichYeuHoSo"] for record in road.portal.did("sync_record")]
        assert subjects == ["Đề nghị đăng ký khai sinh", "Đã đổi"]
        assert [effect.operation for effect in road.portal.effects] == [
            "sync_record",
            "add_progress",
            "sync_record",
        ]


async def test_many_dossiers_mixed_arrive_each_in_its_own_order(open_either: Open) -> None:
    """Forty dossiers, their messages shuffled among each other: per dossier record, then steps by time."""
    async with open_either() as road:
        waiting = {}
        for n in range(40):
            names = {
                "id": f"{n:024d}",
                "code": f"H12.06-260415-{n:04d}",
                "nationCode": f"G22.99-260415-{n:06d}",
            }
            waiting[n] = worked_on(**names)[:3]
        order = [n for n, messages in waiting.items() for _ in messages]
        random.Random(7).shuffle(order)  # noqa: S311  the same order at each run
        for n in order:
            await road.keep(waiting[n].pop(0))
        await road.rests()
        assert {row.state for row in road.rows()} == {"delivered"}
        by_dossier: dict[str, list[str]] = {}
        for effect in road.portal.effects:
            row = effect.request
            by_dossier.setdefault(row["MaHoSo"], []).append(row.get("ThoiDiemXuLy", "record"))
        assert len(by_dossier) == 40
        assert {tuple(told) for told in by_dossier.values()} == {
            ("record", "20260415090000", "20260415100000")
        }
