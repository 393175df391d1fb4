"""Signing in at a real provider: who has a role comes in with it, others stay out; local people as ever."""

import html
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager as Opened
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from bus.ledger.people import Enrol, find_person
from bus.people import Person
from bus.setting_types import Secret, Url
from bus.watching_settings import Oidc
from deploy.local.folder import free_ports
from monitoring.console.app import console
from monitoring.oidc import OidcProvider
from tests.integration.console.conftest import HASHED, PASSWORD, Browser
from tests.integration.console.provider import CLIENT, SECRET, provider

pytestmark = pytest.mark.integration

HOME = "http://console.test"
ROLES = {"truc": "operator", "duyet": "approver"}


@dataclass
class Peer:
    """The provider, and our settings for it."""

    issuer: str
    settings: Oidc


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """`oidc-provider` on node; skipped at home where it is not installed."""
    (port,) = free_ports(1)
    with provider(port, HOME, tmp_path_factory.mktemp("oidc") / "log") as issuer:
        settings = Oidc(
            issuer=Url(issuer),
            client_id=CLIENT,
            client_secret=Secret(SECRET),
            public_url=Url(HOME),
            title="Cổng của tỉnh",
            roles_claim="groups",
            roles=ROLES,  # type: ignore[arg-type]  # words of `Role`
        )
        yield Peer(issuer, settings)


async def at_the_provider(url: str, login: str) -> str:
    """Sign in there and agree, as a person in a browser; where the provider sends the browser back to."""
    async with httpx.AsyncClient(timeout=20) as browser:
        reply = await browser.get(url)
        for _ in range(12):
            if reply.is_redirect:
                there = str(reply.next_request.url) if reply.next_request else ""
                if there.startswith(HOME):
                    return there
                reply = await browser.get(there)
                continue
            form = re.search(r'action="([^"]+)"', reply.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', reply.text)
            assert form is not None, reply.text
            assert prompt is not None, reply.text
            fields = {"prompt": prompt[1]} | (
                {"login": login, "password": "x"} if prompt[1] == "login" else {}
            )
            reply = await browser.post(html.unescape(form[1]), data=fields)
    raise AssertionError("the provider sent nobody back")


async def begins(browser: Browser, peer: Peer, onward: str = "/") -> str:
    """Press the button; where it leads."""
    browser.desk.provider = OidcProvider(peer.settings)
    page = await browser.client.get("/sign-in")
    assert "Cổng của tỉnh" in page.text
    reply = await browser.client.get("/oidc/go", params={"next": onward})
    assert reply.status_code in (302, 303), reply.text
    asked = parse_qs(urlsplit(reply.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["nonce"] != asked["state"]
    assert "HttpOnly" in reply.headers["set-cookie"]
    return str(reply.headers["location"])


async def comes_back(browser: Browser, url: str) -> httpx.Response:
    """Follow the provider's way back to the console."""
    return await browser.client.get(url.removeprefix(HOME))


async def test_whoever_has_a_role_at_the_provider_comes_in_with_it(
    open_console: Opened[Browser], peer: Peer
) -> None:
    """By code, PKCE and nonce; the highest role counts; the session is like any other, and in the log."""
    async with open_console as browser:
        back = await at_the_provider(await begins(browser, peer, "/failed"), "binh")
        page = await comes_back(browser, back)
        assert (page.status_code, 'content="0;url=/failed"' in page.text) == (200, True)
        assert "Trần Thị Bình" in await browser.looks("/failed")
        known = browser.desk.ledger.look(find_person, "binh")
        assert known == Person("binh", "Trần Thị Bình", "operator", "")
        assert browser.did()[-2:] == [("oidc", "person"), ("binh", "sign in")]
        again = await browser.client.post("/sign-in", data={"login": "binh", "password": ""})
        assert again.status_code == 401
        other = await at_the_provider(await begins(browser, peer), "duyet")
        assert (await comes_back(browser, other)).status_code == 200
        role = browser.desk.ledger.look(find_person, "duyet")
        assert role is not None
        assert role.role == "approver"


async def test_who_has_no_role_there_is_local_or_was_taken_out_stays_out(
    open_console: Opened[Browser], peer: Peer
) -> None:
    """A name at the provider opens no local account, and a provider does not let in whom we put out."""
    async with open_console as browser:
        await browser.desk.ledger.act(Enrol(Person("root", "Quản trị", "integrator", HASHED), "test"))
        out = Person("binh", "Trần Thị Bình", "operator", is_active=False)
        await browser.desk.ledger.act(Enrol(out, "test"))
        for login, said in (
            ("khach", "chưa có vai trò"),
            ("tudau", "tài khoản tại chỗ"),
            ("binh", "chưa có"),
        ):
            page = await comes_back(browser, await at_the_provider(await begins(browser, peer), login))
            assert (page.status_code, said in page.text) == (401, True), login
            assert (await browser.client.get("/")).status_code in (302, 303)
        local = await browser.client.post("/sign-in", data={"login": "root", "password": PASSWORD})
        assert local.status_code in (302, 303), "local people come in as always"


async def test_an_answer_that_was_stolen_repeated_or_changed_is_refused(
    open_console: Opened[Browser], peer: Peer
) -> None:
    """Another browser's, the same once more, another state, another nonce, another provider's."""
    async with open_console as browser:
        back = await at_the_provider(await begins(browser, peer), "binh")
        transport = httpx.ASGITransport(console(browser.desk))
        async with httpx.AsyncClient(transport=transport, base_url=HOME) as another:
            assert (await another.get(back.removeprefix(HOME))).status_code == 401, "another browser"
        assert (await comes_back(browser, back)).status_code == 401, "it ended with that"
        back = await at_the_provider(await begins(browser, peer), "binh")
        assert (await comes_back(browser, back.replace("state=", "state=x"))).status_code == 401
        assert (await comes_back(browser, f"{back}&iss=x".replace(peer.issuer, "x"))).status_code == 401
        url = await begins(browser, peer)
        forged = await at_the_provider(re.sub(r"nonce=[^&]+", "nonce=another", url), "binh")
        page = await comes_back(browser, forged)
        assert (page.status_code, "không trả lời đúng" in page.text) == (401, True)
        assert browser.desk.ledger.look(find_person, "binh") is None


async def test_a_provider_that_is_away_leaves_local_people_their_way(open_console: Opened[Browser]) -> None:
    """A sentence and no fault; without a provider there is neither a button nor a door."""
    async with open_console as browser:
        assert (await browser.client.get("/oidc/go")).status_code == 404
        (port,) = free_ports(1)
        away = Oidc(issuer=Url(f"http://127.0.0.1:{port}"), client_id="x", public_url=Url(HOME))
        browser.desk.provider = OidcProvider(away)
        page = await browser.client.get("/oidc/go")
        assert (page.status_code, "tài khoản tại chỗ" in page.text) == (401, True)
        assert (await browser.signs_in()).status_code in (302, 303)
