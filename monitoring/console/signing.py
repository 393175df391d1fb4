"""Signing in and out, and how somebody likes their pages."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from bus.ledger.people import Note, SignIn, SignOut, find_person
from bus.people import LOGIN, digest_of, is_right, new_secret
from monitoring.console import show
from monitoring.console.desk import Desk
from monitoring.console.page import Pages, go
from monitoring.console.texts import LANGUAGES
from monitoring.console.visit import (
    LANGUAGE,
    THEME,
    Asked,
    Throttle,
    Visitor,
    language_of,
    liking_cookie,
    own_path,
    plain_form,
    session_cookie,
)

LONGEST_PASSWORD = 200


@get("/sign-in", sync_to_thread=False)
def door(request: Asked, pages: Pages) -> Response[str]:
    """The page to sign in at."""
    return _door(request, pages)


@post("/sign-in", status_code=200)
async def sign_in(request: Asked, desk: Desk, pages: Pages, throttle: Throttle) -> Response[Any]:
    """Sign in; who guesses is slowed down, by name and by address."""
    form = await plain_form(request)
    login, password = form.get("login", "")[:80].casefold(), form.get("password", "")[:LONGEST_PASSWORD]
    who = (f"name {login}", f"host {request.client.host if request.client else ''}")
    t = pages.speaker(request)
    if waits := throttle.waits(*who):
        wrong = t("sign_in.wait", span=show.span(waits, language_of(request)))
        return _door(request, pages, login=login, wrong=wrong, code=429)
    if not await _is_known(desk, login, password):
        throttle.failed(*who)
        return _door(request, pages, login=login, wrong=t("sign_in.wrong"), code=401)
    secret = new_secret()
    await desk.ledger.act(SignIn(login, digest_of(secret), desk.session_lives))
    return go(own_path(form.get("next", "/")), cookies=[session_cookie(desk, secret)])


async def _is_known(desk: Desk, login: str, password: str) -> bool:
    person = await desk.ledger.ask(find_person, login)
    if await asyncio.to_thread(is_right, person, password):
        return True
    if LOGIN.fullmatch(login):
        await desk.ledger.act(Note(login, "sign in failed", login))
    return False


def _door(
    request: Asked, pages: Pages, *, login: str = "", wrong: str = "", code: int = 200
) -> Response[str]:
    here = own_path(request.query_params.get("next", "/"))
    return pages.page(request, None, "sign_in.html", code=code, login=login, wrong=wrong, next=here)


@post("/leave")
async def leave(desk: Desk, visitor: Visitor, form: dict[str, str]) -> Redirect:  # noqa: ARG001  the form is checked
    """Sign out."""
    await desk.ledger.act(SignOut(digest_of(visitor.secret)))
    return go("/sign-in", cookies=[session_cookie(desk, "")])


@post("/liking")
async def liking(desk: Desk, form: dict[str, str]) -> Redirect:
    """Choose a language, or light and dark."""
    chosen = []
    if form.get("language") in LANGUAGES:
        chosen.append(liking_cookie(desk, LANGUAGE, form["language"]))
    if form.get("theme") in ("light", "dark", "auto"):
        chosen.append(liking_cookie(desk, THEME, form["theme"]))
    return go(own_path(form.get("back", "/")), cookies=chosen)


HANDLERS = (door, sign_in, leave, liking)
