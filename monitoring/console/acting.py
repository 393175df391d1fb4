"""What people do here: hold, release, pause, resume, probe, let sign in. Every action is recorded."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from bus.ledger.people import Enrol, Note, everybody, find_person
from bus.ledger.records import Hold, Pause
from bus.people import ROLES, Person, faults, hashed
from monitoring.console.desk import Desk
from monitoring.console.looking import connector_page
from monitoring.console.page import Pages, go
from monitoring.console.visit import Asked, Visitor

LONGEST_REASON = 300


@post("/dossier/{number:int}/{what:str}")
async def hold(number: int, what: str, desk: Desk, visitor: Visitor, form: dict[str, str]) -> Redirect:
    """Hold or release everything unsent of a dossier."""
    visitor.need("act")
    if what not in ("hold", "release"):
        raise NotFoundException
    action = Hold(number, what == "hold", visitor.person.login, form.get("reason", "")[:LONGEST_REASON])
    desk.publish(await desk.ledger.act(action))
    return go(f"/dossier/{number}", told=what)


@post("/connectors/{name:str}/probe", status_code=200)
async def probe(
    request: Asked,
    name: str,
    desk: Desk,
    pages: Pages,
    visitor: Visitor,
    form: dict[str, str],  # noqa: ARG001  the form is checked
) -> Response[str]:
    """Ask a peer layer by layer, without effect, and show what was found."""
    visitor.need("act")
    if name not in desk.connectors:
        raise NotFoundException
    await desk.ledger.act(Note(visitor.person.login, "probe", name))
    adapter = desk.connectors[name].adapter
    loop, pool = asyncio.get_running_loop(), desk.connectors[name].pool
    layers = await loop.run_in_executor(pool, lambda: list(adapter.probe()))
    return connector_page(request, name, desk, pages, visitor, layers)


@post("/connectors/{name:str}/{what:str}")
async def pause(name: str, what: str, desk: Desk, visitor: Visitor, form: dict[str, str]) -> Redirect:
    """Pause or resume a connector."""
    visitor.need("act")
    if what not in ("pause", "resume") or name not in desk.connectors:
        raise NotFoundException
    action = Pause(name, what == "pause", visitor.person.login, form.get("reason", "")[:LONGEST_REASON])
    await desk.ledger.act(action)
    return go(f"/connectors/{name}", told=what)


@get("/people")
async def people(request: Asked, desk: Desk, pages: Pages, visitor: Visitor) -> Response[str]:
    """Who may sign in."""
    visitor.need("people")
    return await _people(request, desk, pages, visitor, [])


@post("/people", status_code=200)
async def enrol(
    request: Asked, desk: Desk, pages: Pages, visitor: Visitor, form: dict[str, str]
) -> Response[Any]:
    """Put a person in, change one, or take one out."""
    visitor.need("people")
    login, role = form.get("login", "").casefold(), form.get("role", "")
    password = form.get("password", "")
    wrong = faults(login, password or None)
    if not password and await desk.ledger.ask(find_person, login) is None:
        wrong.append(pages.say(visitor, "people.lacks_password"))
    if wrong or role not in ROLES:
        return await _people(request, desk, pages, visitor, wrong)
    secret = await asyncio.to_thread(hashed, password) if password else ""
    name = form.get("name", "")[:100] or login
    one = Person(login, name, role, secret, form.get("out") != "yes")
    await desk.ledger.act(Enrol(one, visitor.person.login))
    return go("/people", told="people")


async def _people(
    request: Asked, desk: Desk, pages: Pages, visitor: Visitor, wrong: list[str]
) -> Response[str]:
    known = await desk.ledger.ask(everybody)
    return pages.page(
        request,
        visitor,
        "people.html",
        code=422 if wrong else 200,
        people=known,
        roles=ROLES,
        faults=wrong,
    )


HANDLERS = (hold, probe, pause, people, enrol)
