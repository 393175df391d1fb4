"""What people do about what failed, from the console: sent again, corrected, decided by two."""

import asyncio
from contextlib import AbstractAsyncContextManager as Opened

import pytest

from bus.errors import OutcomeUnknownError, PermanentError
from tests.integration.console.conftest import Browser
from tests.integration.pipeline.peers import raises
from tests.integration.pipeline.road import submitted

pytestmark = pytest.mark.integration

WRONG = PermanentError("the one-stop does not know this code", code="4007")
NUMBERS = [f"G22.99-260415-{number:06}" for number in range(1, 4)]


async def _dead(browser: Browser, *numbers: str) -> None:
    browser.road.onestop.will("create_dossier", *[raises(WRONG)] * len(numbers))
    await browser.road.keep(*map(submitted, numbers))
    await browser.road.until(lambda: browser.road.account().states.get("dead") == len(numbers))


async def test_a_group_is_sent_again_in_stages_and_its_sum_is_shown(open_console: Opened[Browser]) -> None:
    """One form for the whole group; the page of the retry sums up, and the account is whole."""
    async with open_console as browser:
        await browser.signs_in("operator")
        await _dead(browser, *NUMBERS)
        page = await browser.looks("/failed")
        key = page.split('name="group" value="')[1].split('"')[0]
        reply = await browser.does("/failed/retry", group=key, staged="yes", reason="đã thêm mã")
        await browser.road.rests()
        where = reply.headers["location"].partition("?")[0]
        await browser.road.until(lambda: browser.did()[-1][1] == "retry")

        async def summed() -> bool:
            return "3 yêu cầu = 3 đã giao + 0 hỏng + 0 bỏ qua + 0 đang chạy" in await browser.looks(where)

        for _ in range(150):
            if await summed():
                break
            await asyncio.sleep(0.1)
        assert await summed()
        assert len(browser.road.onestop.effects) == 3
        assert browser.road.account().unaccounted == 0


async def test_a_group_that_is_gone_is_said_to_be_gone(open_console: Opened[Browser]) -> None:
    """An old page does nothing and says why."""
    async with open_console as browser:
        await browser.signs_in("operator")
        reply = await browser.does("/failed/retry", group="00000000", staged="yes", reason="thử")
        assert reply.status_code == 409
        assert "Nhóm này không còn" in reply.text


async def test_giving_up_takes_two(open_console: Opened[Browser]) -> None:
    """Asked for by one, not done by the same one, done when another who may approve agrees."""
    async with open_console as browser:
        await browser.signs_in("approver")
        await _dead(browser, NUMBERS[0])
        asked = await browser.does("/discard/1", reason="trùng hồ sơ giấy")
        assert asked.headers["location"] == "/proposals?told=proposed"
        assert browser.road.row("take_in").state == "dead"
        own = await browser.does("/proposals/1/agree", reason="tự duyệt")
        assert own.status_code == 409
        await browser.signs_in("approver", login="an")
        assert "trùng hồ sơ giấy" in await browser.looks("/proposals")
        await browser.does("/proposals/1/agree", reason="đúng vậy")
        assert browser.road.row("take_in").state == "discarded"


async def test_what_is_in_doubt_is_not_given_up_and_a_person_may_say_what_they_saw(
    open_console: Opened[Browser],
) -> None:
    """An unknown outcome has no button to send again; "the peer has it" settles it."""
    async with open_console as browser:
        await browser.signs_in("operator")
        unknown = raises(OutcomeUnknownError("no answer"))
        browser.road.onestop.will("create_dossier", unknown)
        browser.road.onestop.sightings.extend([OutcomeUnknownError("silent")] * 500)
        await browser.road.keep(submitted(NUMBERS[0]))
        await browser.road.becomes("take_in", "unknown")
        page = await browser.looks("/delivery/1")
        assert "Nơi nhận ĐÃ có" in page
        assert "/retry/1" not in page
        assert (await browser.does("/discard/1", reason="bỏ cho xong")).status_code == 409
        await browser.does("/delivery/1/tell", saw="done", reason="đã gọi điện hỏi")
        assert browser.road.row("take_in").state == "delivered"


async def test_a_correction_shows_the_request_and_refuses_what_was_stated(
    open_console: Opened[Browser],
) -> None:
    """That it was shown is recorded; a name that the citizen stated is not ours to change."""
    async with open_console as browser:
        await browser.signs_in("approver")
        await _dead(browser, NUMBERS[0])
        shown = await browser.does("/delivery/1/edit", reason="xem mã")
        assert "<textarea" in shown.text
        assert browser.did()[-1] == ("binh", "reveal")
        refused = await browser.does("/delivery/1/edit", reason="sửa tên", tree='{"code": "X"}')
        assert refused.status_code == 422
        assert browser.road.row("take_in").state == "dead"
        broken = await browser.does("/delivery/1/edit", reason="sửa", tree="{")
        assert broken.status_code == 422
