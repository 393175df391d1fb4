"""The console in a real browser: at phone and desktop width, for every reader, by keyboard alone."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager as Opened
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from bus.errors import PermanentError
from bus.installation import Door
from bus.ledger import failures
from bus.settings import Address
from commands.door import opened
from deploy.local.folder import free_ports
from monitoring.console.app import console
from monitoring.console.desk import take
from tests.integration.console.conftest import PASSWORD, Browser
from tests.integration.console.windows import window
from tests.integration.pipeline.peers import raises
from tests.integration.pipeline.road import submitted

pytestmark = pytest.mark.integration

PAGES = (
    "/",
    "/find?q=nguyen",
    "/find?q=khongai",
    "/dossier/1",
    "/message/1",
    "/delivery/1",
    "/failed",
    "/connectors",
    "/connectors/onestop",
    "/legs",
    "/flows",
    "/figures",
    "/retries",
    "/retries/1",
    "/proposals",
    "/actions",
    "/people",
    "/nowhere",
)


@asynccontextmanager
async def _chromium(browser: Browser, *, width: str, scheme: str, shots: Path) -> AsyncIterator[Page]:
    """A window at the console's door; what its console complains of fails the test."""
    door = Door(address=Address(f"127.0.0.1:{free_ports(1)[0]}"))
    async with (
        opened(console(browser.desk), door),
        window(f"http://{door.address}", width=width, scheme=scheme, shots=shots) as page,
    ):
        yield page


async def _bad_night(browser: Browser) -> None:
    """One dossier delivered, one that failed, one connector paused: every page has something to show."""
    wrong = raises(PermanentError("the procedure is not known there"))
    browser.road.onestop.will("create_dossier", wrong)
    await browser.road.keep(submitted("G22.99-260415-000001", ChuHoSo="Nguyễn Thị Đào"))
    await browser.road.becomes("take_in", "dead")
    await browser.road.keep(submitted("G22.99-260415-000002", ChuHoSo="Nguyễn Văn An"))
    await browser.road.pauses("national_portal")
    await browser.finds(path="/")


async def _handled(browser: Browser) -> None:
    """The failure was sent again in vain, and somebody asks that it be given up."""
    browser.road.onestop.will("create_dossier", raises(PermanentError("not known there either")))
    retried = await browser.does("/retry/1", reason="đã thêm mã vào bảng, thử lại một hồ sơ trước")
    assert retried.status_code in (302, 303), retried.text

    def over() -> bool:
        run = browser.desk.ledger.look(lambda tx: failures.run(tx, 1))
        return run is not None and run.failed == 1

    await browser.road.until(over)
    asked = await browser.does("/discard/1", reason="trùng với hồ sơ giấy đã nộp tại quầy")
    assert asked.headers["location"] == "/proposals?told=proposed"


async def _sign_in(page: Page) -> None:
    await page.goto("/")
    await page.get_by_label("Tên đăng nhập").fill("binh")
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/")


@pytest.mark.parametrize(("width", "scheme"), [("phone", "dark"), ("desktop", "light")])
async def test_every_page_fits_and_can_be_read_by_everybody(
    open_console: Opened[Browser], tmp_path: Path, width: str, scheme: str
) -> None:
    """No page is wider than its window, none breaks a rule of WCAG that axe knows, none complains."""
    async with open_console as browser:
        await browser.signs_in("integrator")
        await _bad_night(browser)
        await _handled(browser)
        async with _chromium(browser, width=width, scheme=scheme, shots=tmp_path) as page:
            await page.goto("/sign-in")
            found = {"/sign-in": await _faults(page)}
            await _sign_in(page)
            for path in PAGES:
                await page.goto(path)
                found[path] = await _faults(page)
            assert {path: faults for path, faults in found.items() if faults} == {}


async def _faults(page: Page) -> list[str]:
    results = await Axe().run(page)
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    found = [each["id"] for each in results.response["violations"]]
    return [*found, "wider than the window"] if wide else found


async def test_the_whole_of_it_goes_by_keyboard(open_console: Opened[Browser], tmp_path: Path) -> None:
    """Tab leads past the head into the page; "/" leads to the search; a dossier is found and held."""
    async with open_console as browser:
        await browser.signs_in("operator")
        await _bad_night(browser)
        async with _chromium(browser, width="desktop", scheme="light", shots=tmp_path) as page:
            await _sign_in(page)
            await page.keyboard.press("Tab")
            assert await page.evaluate("document.activeElement.className") == "skip"
            await page.keyboard.press("/")
            await page.keyboard.type("van an")
            await page.keyboard.press("Enter")
            await page.get_by_role("link", name="G22.99-260415-000002").press("Enter")
            await page.get_by_placeholder("Lý do").type("chờ xác nhận")
            await page.keyboard.press("Enter")
            await page.get_by_text("Đang giữ lại bởi binh").wait_for()
            assert browser.did()[-1] == ("binh", "hold")


async def test_the_overview_renews_itself(open_console: Opened[Browser], tmp_path: Path) -> None:
    """What changes while somebody watches is there without a touch."""
    async with open_console as browser:
        await browser.signs_in("viewer")
        await browser.looks("/")
        async with _chromium(browser, width="desktop", scheme="light", shots=tmp_path) as page:
            await _sign_in(page)
            assert await page.locator("h1").inner_text() == "Mọi việc bình thường"
            await browser.road.pauses("onestop")
            browser.desk.snapshot = await browser.desk.ledger.ask(take, browser.desk.snapshot)
            await page.get_by_role("heading", name="Có việc cần xem").wait_for(timeout=15_000)


async def test_a_night_s_story_from_the_alarm_to_a_whole_account(
    open_console: Opened[Browser], tmp_path: Path
) -> None:
    """A peer takes nothing, the overview says so, the group is sent again in stages, the account is whole."""
    async with open_console as browser:
        await browser.signs_in("operator")
        wrong = raises(PermanentError("the one-stop does not know this code", code="4007"))
        browser.road.onestop.will("create_dossier", *[wrong] * 3)
        await browser.road.keep(*(submitted(f"G22.99-260415-{n:06}") for n in range(1, 4)))
        await browser.road.until(lambda: browser.road.account().states.get("dead") == 3)
        browser.desk.snapshot = await browser.desk.ledger.ask(take, browser.desk.snapshot)
        async with _chromium(browser, width="desktop", scheme="light", shots=tmp_path) as page:
            await _sign_in(page)
            await page.get_by_role("heading", name="Có việc cần xem").wait_for()
            await page.get_by_role("link", name="3 Cần người xử lý").click()
            await page.get_by_placeholder("Lý do").fill("đã thêm mã vào bảng")
            await page.get_by_role("button", name="Gửi lại cả nhóm").click()
            done = "3 yêu cầu = 3 đã giao + 0 hỏng + 0 bỏ qua + 0 đang chạy"
            await page.get_by_text(done).wait_for(timeout=20_000)
            await browser.road.rests()
        assert browser.road.account().unaccounted == 0
        assert len(browser.road.onestop.effects) == 3
