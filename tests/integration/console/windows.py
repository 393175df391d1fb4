"""Windows of a real browser (Chromium) at a console, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import ConsoleMessage, Page, async_playwright

from deploy.local.chromium import find_chromium
from deploy.local.errors import ServerUnavailableError
from tests.conftest import missing

SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"phone": (360, 740), "desktop": (1366, 768)}


@asynccontextmanager
async def window(base: str, *, width: str, scheme: str, shots: Path) -> AsyncIterator[Page]:
    """A window at an address; what its console complains of fails the test."""
    try:
        path = find_chromium()
    except ServerUnavailableError as error:
        missing(error)
    wide, high = WIDTHS[width]
    complaints: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=SWITCHES)
        context = await chromium.new_context(
            viewport={"width": wide, "height": high},
            color_scheme=scheme,  # type: ignore[arg-type]  # "light" or "dark"
            base_url=base,
        )
        page = await context.new_page()

        def hear(said: ConsoleMessage) -> None:
            # pages of others, a provider's, complain of what they like
            if said.type == "error" and page.url.startswith(base):
                complaints.append(f"{page.url}: {said.text} ({said.location['url']})")

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield page
        finally:
            await page.screenshot(path=shots / "last.png")
            await chromium.close()
    left = [each for each in complaints if "404" not in each]
    assert left == [], left
