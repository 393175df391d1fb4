"""What people do here: hold, release, pause, resume, probe, let sign in. Every action is recorded."""

import asyncio
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from bus.ledger.people import Enrol, Note, everybody, find_person
from bus.ledger.records import Hold, Pause
from bus.people import ROLES, Person, faults, hashed
from monitoring.console.dossiers import row_number
from monitoring.console.given import Act, Look, Visit
from monitoring.console.looking import connector_page
from monitoring.console.page import go


@post("/dossier/{number:int}/{what:str}")
async def hold(act: Act, number: FromPath[int], what: FromPath[str]) -> Redirect:
    """Hold or release everything unsent of a dossier."""
    act.visitor.need("act")
    if what not in ("hold", "release"):
        raise NotFoundException
    act.desk.publish(
        await act.desk.ledger.act(Hold(row_number(number), what == "hold", act.login, act.reason))
    )
    return go(f"/dossier/{number}", told=what)


@post("/connectors/{name:str}/probe", status_code=200)
async def probe(act: Act, name: FromPath[str]) -> Response[str]:
    """Ask a peer layer by layer, without effect, and show what was found."""
    act.visitor.need("act")
    if name not in act.desk.connectors:
        raise NotFoundException
    await act.desk.ledger.act(Note(act.login, "probe", name))
    connector = act.desk.connectors[name]
    loop = asyncio.get_running_loop()
    layers = await loop.run_in_executor(connector.pool, lambda: list(connector.adapter.probe()))
    return await connector_page(act, name, layers)


@post("/connectors/{name:str}/{what:str}")
async def pause(act: Act, name: FromPath[str], what: FromPath[str]) -> Redirect:
    """Pause or resume a connector."""
    act.visitor.need("act")
    if what not in ("pause", "resume") or name not in act.desk.connectors:
        raise NotFoundException
    await act.desk.ledger.act(Pause(name, what == "pause", act.login, act.reason))
    return go(f"/connectors/{name}", told=what)


@get("/people")
async def people(look: Look) -> Response[str]:
    """Who may sign in."""
    look.visitor.need("people")
    return await _people(look, [])


@post("/people", status_code=200)
async def enrol(act: Act) -> Response[Any]:
    """Put a person in, change one, or take one out."""
    act.visitor.need("people")
    login, role = act.form.get("login", "").casefold(), act.form.get("role", "")
    password = act.form.get("password", "")
    wrong = faults(login, password or None)
    if not password and await act.desk.ledger.ask(find_person, login) is None:
        wrong.append(act.t("people.lacks_password"))
    if wrong or role not in ROLES:
        return await _people(act, wrong)
    secret = await asyncio.to_thread(hashed, password) if password else ""
    name = act.form.get("name", "")[:100] or login
    one = Person(login, name, role, secret, act.form.get("out") != "yes")
    await act.desk.ledger.act(Enrol(one, act.login))
    return go("/people", told="people")


async def _people(visit: Visit, wrong: list[str]) -> Response[str]:
    known = await visit.desk.ledger.ask(everybody)
    code = 422 if wrong else 200
    return visit.page("people.html", code=code, people=known, roles=ROLES, faults=wrong)


HANDLERS = (hold, probe, pause, people, enrol)
