"""What the person on duty sees, over a bus at work."""

import asyncio
from contextlib import AbstractAsyncContextManager as Opened
from typing import Any

import pytest

from bus.errors import PermanentError
from tests.integration.console.conftest import Browser
from tests.integration.pipeline.peers import raises
from tests.integration.pipeline.road import NUMBER, submitted

pytestmark = pytest.mark.integration

NAME, CITIZEN = "Nguyễn Thị Đào", "096090001234"


async def _one_dossier(browser: Browser) -> int:
    fields: dict[str, Any] = {"ChuHoSo": NAME, "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": CITIZEN}]}
    kept = await browser.road.keep(submitted(**fields))
    await browser.road.rests()
    dossier = kept[0].dossier
    assert dossier is not None
    return dossier


async def test_at_first_nothing_needs_a_person_and_that_is_what_is_said(
    open_console: Opened[Browser],
) -> None:
    """Vietnamese first; English for who chooses it."""
    async with open_console as browser:
        await browser.signs_in()
        page = await browser.looks("/")
        assert "Mọi việc bình thường" in page
        assert '<html lang="vi"' in page
        await browser.does("/liking", language="en", back="/")
        assert "All is well" in await browser.looks("/")


async def test_a_dossier_is_found_by_number_name_and_identifier(open_console: Opened[Browser]) -> None:
    """With marks or without, whole or its beginning; and what nobody has is said to be nobody's."""
    async with open_console as browser:
        await browser.signs_in("viewer")
        dossier = await _one_dossier(browser)
        for typed in (NUMBER, NUMBER.lower(), NAME, "thi dao", "nguyen thi", CITIZEN, "096 090 00"):
            await browser.finds(f'href="/dossier/{dossier}"', path=f"/find?q={typed}")
        page = await browser.finds("Không có hồ sơ nào khớp", path="/find?q=099999999999")
        assert "/dossier/" not in page


async def test_a_dossier_s_page_tells_its_road_and_none_of_the_citizen_s_data(
    open_console: Opened[Browser],
) -> None:
    """Numbers, state, legs, every moment with a link; the name and the identifier stand nowhere."""
    async with open_console as browser:
        await browser.signs_in("viewer")
        dossier = await _one_dossier(browser)
        page = await browser.looks(f"/dossier/{dossier}")
        assert NUMBER in page
        assert "Tiếp nhận hồ sơ nộp trên Cổng" in page
        assert "create_dossier" in page
        assert "báo: hồ sơ nộp trên Cổng" in page
        for path in (f"/dossier/{dossier}", "/message/1", "/delivery/1"):
            page = await browser.looks(path)
            assert NAME not in page
            assert CITIZEN not in page


async def test_what_a_citizen_wrote_is_shown_to_who_may_and_the_looking_is_recorded(
    open_console: Opened[Browser],
) -> None:
    """Raw and understood, side by side; who, what and why stand in the log before the page is answered."""
    async with open_console as browser:
        await browser.signs_in("approver")
        await _one_dossier(browser)
        reply = await browser.does("/message/1/reveal", reason="công dân hỏi")
        assert reply.text.count(NAME) >= 2
        assert CITIZEN in reply.text
        assert browser.did()[-1] == ("binh", "reveal")
        log = await browser.looks("/actions")
        assert "công dân hỏi" in log
        assert '<a href="/message/1">Thông điệp m1: hồ sơ nộp trên Cổng</a>' in log


async def test_a_paused_connector_stops_and_goes_again(open_console: Opened[Browser]) -> None:
    """What is for it waits; the overview says so; resumed, everything arrives."""
    async with open_console as browser:
        await browser.signs_in()
        await browser.does("/connectors/onestop/pause", reason="bảo trì đột xuất")
        at_once = await browser.client.get("/connectors/onestop")  # before the glance is taken again
        assert "Tạm dừng bởi binh: bảo trì đột xuất" in at_once.text
        await browser.road.until(lambda: browser.road.connectors["onestop"].gate.paused)
        await browser.road.keep(submitted())
        page = await browser.looks("/")
        assert "Có việc cần xem" in page
        assert "Tạm dừng bởi binh" in page
        assert "bảo trì đột xuất" in await browser.looks("/connectors/onestop")
        assert browser.road.row("take_in").state == "ready"
        await browser.does("/connectors/onestop/resume", reason="xong")
        await browser.road.becomes("take_in", "delivered")


async def test_a_held_dossier_waits_for_who_holds_it(open_console: Opened[Browser]) -> None:
    """Held and released from its page, by name and with the reason."""
    async with open_console as browser:
        await browser.signs_in()
        dossier = await _one_dossier(browser)
        await browser.does(f"/dossier/{dossier}/hold", reason="chờ công dân xác nhận")
        page = await browser.looks(f"/dossier/{dossier}")
        assert "Đang giữ lại bởi binh" in page
        assert "chờ công dân xác nhận" in page
        await browser.does(f"/dossier/{dossier}/release", reason="đã xác nhận")
        assert "Đang giữ lại bởi" not in await browser.looks(f"/dossier/{dossier}")
        assert browser.did()[-2:] == [("binh", "hold"), ("binh", "release")]


async def test_what_failed_is_grouped_with_what_to_do(open_console: Opened[Browser]) -> None:
    """Two that the peer finds wrong alike are one group of two, with its reason and its next step."""
    async with open_console as browser:
        await browser.signs_in()
        wrong = raises(PermanentError("the procedure is not known there"))
        browser.road.onestop.will("create_dossier", wrong, wrong)
        await browser.road.keep(submitted("G22.99-260415-000001"), submitted("G22.99-260415-000002"))
        await browser.road.until(lambda: browser.road.account().states.get("dead") == 2)
        page = await browser.looks("/failed")
        assert "onestop.create_dossier" in page
        assert '<b class="badge">2</b></header>' in page
        assert "Gửi lại cả nhóm" in page
        assert "rồi gửi lại" in page


async def test_flows_are_drawn_with_today_s_counts(open_console: Opened[Browser]) -> None:
    """Every leg of every route has its row; what went today stands on its arrow."""
    async with open_console as browser:
        await browser.signs_in("viewer")
        await _one_dossier(browser)
        page = await browser.looks("/flows")
        for leg in browser.desk.routes.legs:
            assert leg.title in page
        assert '<text class="count"' in page


async def test_a_probe_names_every_layer(open_console: Opened[Browser]) -> None:
    """It is without effect, and recorded."""
    async with open_console as browser:
        await browser.signs_in()
        reply = await browser.does("/connectors/onestop/probe")
        assert "Kết quả thử từng lớp" in reply.text
        assert browser.did()[-1] == ("binh", "probe")


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/dossier/999",
        "/dossier/99999999999999999999",
        "/dossier/x",
        "/message/0",
        "/connectors/no",
    ],
)
async def test_what_is_not_there_is_said_on_a_page(open_console: Opened[Browser], path: str) -> None:
    """Never a traceback, never a blank."""
    async with open_console as browser:
        await browser.signs_in()
        reply = await browser.client.get(path)
        assert reply.status_code == 404
        assert "Không có trang này" in reply.text


async def _counted(browser: Browser, path: str) -> str:
    """The page of the figures once they are counted; until then it opens itself again."""
    for _ in range(100):
        page = await browser.looks(path)
        if "Đếm lúc" in page:
            return page
        assert 'http-equiv="refresh"' in page
        await asyncio.sleep(0.1)
    raise AssertionError("never counted")


async def test_the_province_s_figures_are_shown_and_can_be_taken_away(open_console: Opened[Browser]) -> None:
    """Today's by itself; other days when asked; a workbook; and what is no period is said."""
    async with open_console as browser:
        await browser.signs_in("viewer")
        await _one_dossier(browser)
        page = await _counted(browser, "/figures?from=2026-04-15&to=15/04/2026")
        assert "Tiến độ theo cơ quan" in page
        assert "<b>1</b>" in page
        assert NAME not in page
        assert CITIZEN not in page
        book = await browser.client.get("/figures.xlsx?from=2026-04-15&to=2026-04-15")
        assert book.content.startswith(b"PK")
        assert "so-lieu-2026-04-15-2026-04-15.xlsx" in book.headers["content-disposition"]
        for wrong in ("from=2026-04-15&to=2026-04-14", "from=khi+nao", "from=2010-01-01&to=2026-01-01"):
            page = (await browser.client.get(f"/figures?{wrong}")).text
            assert "Kỳ không đọc được" in page
            assert (await browser.client.get(f"/figures.xlsx?{wrong}")).status_code == 422
