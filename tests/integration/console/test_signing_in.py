"""Who gets in, who does not, and what keeps others out."""

from contextlib import AbstractAsyncContextManager as Opened

import pytest

from bus.ledger.people import Enrol
from bus.people import Person
from tests.integration.console.conftest import PASSWORD, Browser

pytestmark = pytest.mark.integration


async def test_without_a_session_every_page_leads_to_the_door(open_console: Opened[Browser]) -> None:
    """And back to where one wanted to go, never to another host."""
    async with open_console as browser:
        for path in ("/", "/failed", "/dossier/1", "/message/1", "/people"):
            reply = await browser.client.get(path)
            assert reply.status_code == 303
            assert reply.headers["location"].startswith("/sign-in")
        await browser.signs_in()
        again = await browser.client.post(
            "/sign-in", data={"login": "binh", "password": PASSWORD, "next": "https://evil.example/"}
        )
        assert again.headers["location"] == "/"


async def test_a_wrong_password_is_told_and_recorded_and_guessing_is_slowed(
    open_console: Opened[Browser],
) -> None:
    """The same words for an unknown name and a wrong password; after eight no password is even looked at."""
    async with open_console as browser:
        await browser.signs_in()
        browser.client.cookies.clear()
        said = set()
        for place in range(8):
            data = {"login": "binh" if place % 2 else "nobody", "password": f"guess number {place}"}
            reply = await browser.client.post("/sign-in", data=data)
            assert reply.status_code == 401
            said.add(reply.text.split('role="alert">')[1].split("<")[0])
        assert len(said) == 1
        late = await browser.client.post("/sign-in", data={"login": "binh", "password": PASSWORD})
        assert late.status_code == 429
        assert browser.did().count(("binh", "sign in failed")) == 4


async def test_a_form_from_elsewhere_does_nothing(open_console: Opened[Browser]) -> None:
    """Without the page's own token: refused, and nothing is written."""
    async with open_console as browser:
        await browser.signs_in()
        before = browser.did()
        for token in ({}, {"token": "0" * 64}):
            data = {"reason": "chỉ thử", **token}
            reply = await browser.client.post("/connectors/onestop/pause", data=data)
            assert reply.status_code == 403
        assert browser.did() == before
        assert not browser.road.connectors["onestop"].gate.paused


async def test_whoever_is_taken_out_is_out_at_once(open_console: Opened[Browser]) -> None:
    """A session ends with its person, and signing out ends it too."""
    async with open_console as browser:
        await browser.signs_in()
        await browser.looks("/")
        await browser.desk.ledger.act(Enrol(Person("binh", "Bình", "operator", "", is_active=False), "test"))
        assert (await browser.client.get("/")).status_code == 303
        await browser.signs_in(login="an")
        await browser.does("/leave")
        assert (await browser.client.get("/")).status_code == 303


async def test_what_browsers_are_told_guards_every_page(open_console: Opened[Browser]) -> None:
    """No script or style but ours, no frame, nothing kept; a cookie that no script reads."""
    async with open_console as browser:
        signed = await browser.signs_in()
        cookie = signed.headers["set-cookie"].casefold()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        for path in ("/", "/nowhere", "/sign-in"):
            headers = (await browser.client.get(path)).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"
        page = await browser.looks("/")
        assert "<style" not in page
        assert "style=" not in page
        assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("role", "path", "may"),
    [
        ("viewer", "/connectors/onestop/pause", False),
        ("operator", "/connectors/onestop/pause", True),
        ("operator", "/people", False),
        ("integrator", "/people", True),
        ("operator", "/message/1/reveal", False),
        ("approver", "/message/1/reveal", True),
    ],
)
async def test_a_role_does_what_it_may_and_nothing_else(
    open_console: Opened[Browser],
    role: str,
    path: str,
    may: bool,  # noqa: FBT001  a column of the table
) -> None:
    """A page that says so for who may not; nothing is done."""
    async with open_console as browser:
        await browser.signs_in(role)  # type: ignore[arg-type]  # the table's words are roles
        reply = await browser.does(path, reason="chỉ thử", login="an", name="An")
        assert (reply.status_code == 403) is not may
