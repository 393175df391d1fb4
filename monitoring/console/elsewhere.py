"""Signing in at a provider (đăng nhập qua nhà cung cấp danh tính). Local people sign in as always.

What comes back is answered by a page and not by a redirect: the session's cookie is sent on this console's
own steps alone, and a redirect would still be one of the provider's.
"""

import asyncio
from typing import Any

import structlog
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from bus.ledger.people import Enrol, SignIn, find_person
from bus.people import LOGIN, Person, digest_of, new_secret
from monitoring.console.desk import Desk
from monitoring.console.given import AtDoor, Door
from monitoring.console.page import go
from monitoring.console.provider import Known, OidcError, Provider
from monitoring.console.visit import own_path, session_cookie

COOKIE = "oidc"
_log = structlog.get_logger("console")


@get("/oidc/go")
async def leave(door: AtDoor) -> Response[Any]:
    """Send the browser to the provider, with what only it can bring back."""
    provider = _provider(door)
    begun = door.desk.on_their_way.begin(own_path(door.request.query_params.get("next", "/")))
    try:
        url = await asyncio.to_thread(provider.begin, begun.state, begun.nonce, begun.verifier)
    except OidcError as error:
        _log.warning("sign-in at the provider failed", error=str(error))
        return _refused(door, "oidc.away")
    return go(url, cookies=[_cookie(door.desk, begun.state)])


@get("/oidc/back")
async def back(door: AtDoor) -> Response[Any]:
    """Sign in whoever the provider says it is, if they have a role here."""
    provider, answer = _provider(door), dict(door.request.query_params.items())
    cookie = door.request.cookies.get(COOKIE, "")
    begun = door.desk.on_their_way.end(str(answer.get("state", "")), cookie)
    if begun is None:
        return _refused(door, "oidc.again")
    try:
        known = await asyncio.to_thread(provider.finish, answer, begun.nonce, begun.verifier)
    except OidcError as error:
        _log.warning("sign-in at the provider failed", error=str(error))
        return _refused(door, "oidc.away")
    if why := await _taken_in(door.desk, known):
        return _refused(door, why)
    secret = new_secret()
    await door.desk.ledger.act(SignIn(known.login, digest_of(secret), door.desk.session_lives))
    page = door.pages.page(door.request, None, "signed_in.html", onward=begun.onward)
    page.cookies = [session_cookie(door.desk, secret), _cookie(door.desk, "")]
    return page


async def _taken_in(desk: Desk, known: Known) -> str:
    """Make them a person here, with the role that the provider gives; why not, else ""."""
    if known.role is None or not LOGIN.fullmatch(known.login):
        return "oidc.nobody"
    before = await desk.ledger.ask(find_person, known.login)
    if before is not None and before.password:
        return "oidc.local"
    if before is not None and not before.is_active:
        return "oidc.nobody"
    if before is None or (before.name, before.role) != (known.name, known.role):
        await desk.ledger.act(Enrol(Person(known.login, known.name, known.role), "oidc"))
    return ""


def _provider(door: Door) -> Provider:
    if door.desk.provider is None:
        raise NotFoundException
    return door.desk.provider


def _refused(door: Door, why: str) -> Response[Any]:
    t = door.pages.speaker(door.request)
    said = {"login": "", "wrong": t(why), "next": "/"}
    return door.pages.page(door.request, None, "sign_in.html", code=401, **said)


def _cookie(desk: Desk, state: str) -> Cookie:
    """It comes along when the provider sends the browser back, so it may not be of our own steps alone."""
    return Cookie(
        key=COOKIE, value=state, path="/oidc", max_age=600 if state else 0, httponly=True,
        secure=desk.is_encrypted, samesite="lax",
    )  # fmt: skip


HANDLERS = (leave, back)
