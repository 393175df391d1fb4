"""Signing in and out, and how somebody likes their pages."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from bus.ledger.people import Note, SignIn, SignOut, find_person
from bus.people import LOGIN, digest_of, is_right, new_secret
from monitoring.console import show
from monitoring.console.desk import Desk
from monitoring.console.given import Act, AtDoor, Door
from monitoring.console.page import go
from monitoring.console.texts import LANGUAGES
from monitoring.console.visit import (
    LANGUAGE,
    THEME,
    language_of,
    liking_cookie,
    own_path,
    plain_form,
    session_cookie,
)

LONGEST_PASSWORD = 200


@get("/sign-in")
async def sign_in_page(door: AtDoor) -> Response[str]:
    """The page to sign in at."""
    return _page(door)


@post("/sign-in", status_code=200)
async def sign_in(door: AtDoor) -> Response[Any]:
    """Sign in; who guesses is slowed down, by name and by address."""
    form, host = await plain_form(door.request), door.request.client
    login, password = form.get("login", "")[:80].casefold(), form.get("password", "")[:LONGEST_PASSWORD]
    who = (f"name {login}", f"host {host.host if host else ''}")
    t = door.pages.speaker(door.request)
    if waits := door.throttle.waits(*who):
        wrong = t("sign_in.wait", span=show.span(waits, language_of(door.request)))
        return _page(door, login=login, wrong=wrong, code=429)
    if not await _is_known(door.desk, login, password):
        door.throttle.failed(*who)
        return _page(door, login=login, wrong=t("sign_in.wrong"), code=401)
    secret = new_secret()
    await door.desk.ledger.act(SignIn(login, digest_of(secret), door.desk.session_lives))
    return go(own_path(form.get("next", "/")), cookies=[session_cookie(door.desk, secret)])


async def _is_known(desk: Desk, login: str, password: str) -> bool:
    person = await desk.ledger.ask(find_person, login)
    if await asyncio.to_thread(is_right, person, password):
        return True
    if LOGIN.fullmatch(login):
        await desk.ledger.act(Note(login, "sign in failed", login))
    return False


def _page(door: Door, *, login: str = "", wrong: str = "", code: int = 200) -> Response[str]:
    onward = own_path(door.request.query_params.get("next", "/"))
    said = {"login": login, "wrong": wrong, "next": onward}
    return door.pages.page(door.request, None, "sign_in.html", code=code, **said)


@post("/leave")
async def leave(act: Act) -> Redirect:
    """Sign out."""
    await act.desk.ledger.act(SignOut(digest_of(act.visitor.secret)))
    return go("/sign-in", cookies=[session_cookie(act.desk, "")])


@post("/liking")
async def liking(act: Act) -> Redirect:
    """Choose a language, or light and dark."""
    chosen = []
    if act.form.get("language") in LANGUAGES:
        chosen.append(liking_cookie(act.desk, LANGUAGE, act.form["language"]))
    if act.form.get("theme") in ("light", "dark", "auto"):
        chosen.append(liking_cookie(act.desk, THEME, act.form["theme"]))
    return go(own_path(act.form.get("back", "/")), cookies=chosen)


HANDLERS = (sign_in_page, sign_in, leave, liking)
