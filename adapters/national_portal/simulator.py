"""The National Public Service Portal (Cổng DVCQG), simulated: a real server with state of its own.

`python -m adapters.national_portal.simulator --data DIR --seed N` prints `{"url", "control_url"}`.

Behind an X-Road adapter (reference 6a): `POST /XrdAdapter/RestService/forward/mapi/login?dstcode=…` and
`…/mapi/g` for everything else, `service` selects. Switches name services (`TraCuuHoSo`, …) and `login`.

Control, beside what the chassis has: `POST /_sim/submit {"records"}` (see `simulator_submit`),
`POST /_sim/pay {"MaHoSo", "ThongTinThanhToan", …}` lets a citizen pay a tax notice (reference 1d), `POST
/_sim/inbound {"url", "header", "key"}` where the province takes pushes, `POST /_sim/twice {"times"}`
how many of the next pushes are made twice, `POST /_sim/ask {"MaHoSo"}` looks a dossier up at the province,
`POST /_sim/status {"MaHoSo", "TrangThaiHoSo"}` has a dossier show another status than was written, as after
a backup was put back, `GET /_sim/dossiers` lists numbers and statuses, `POST /_sim/fetch {"below"}` has
attachments below an address fetched (see `simulator_fetch`), `POST /_sim/handed {"MaHoSo", "TaiLieuNop"}`
what was handed in for a dossier elsewhere, so that what is fetched of it can be compared, `GET /_sim/open`
what is still to come, by dossier: acts, pushes, fetches. `/_sim/effects` has also `open`, what is still to
come of pushes, fetches and citizens' acts, and `attachments`. Sessions and what was fetched are forgotten on
restart, nothing else is.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from adapters._kit.simulator import Simulation, Workshop, main
from adapters._kit.simulator_http import Answer, Request, Route, json_answer
from adapters._kit.simulator_journal import HANOI
from adapters.national_portal.simulator_catalogue import Catalogue
from adapters.national_portal.simulator_citizens import Citizens, Conduct
from adapters.national_portal.simulator_desk import Desk
from adapters.national_portal.simulator_dossier import Record
from adapters.national_portal.simulator_facade import Codes, Door, Sessions
from adapters.national_portal.simulator_fetch import Fetcher
from adapters.national_portal.simulator_paper import PATH, paper
from adapters.national_portal.simulator_push import Names, Province, Target
from adapters.national_portal.simulator_register import Register
from adapters.national_portal.simulator_submit import Submitted
from adapters.national_portal.simulator_window import Window

_DSTCODE = "VN:GOV:000.00.00.G22:vpcpdvcprovider"


def add_options(parser: ArgumentParser) -> None:
    """Declare this simulator's own options; times in seconds, shares from 0 to 1."""
    add = parser.add_argument
    add("--dstcode", default=_DSTCODE, help="who is called, INSTANCE:CLASS:MEMBER:SUBSYSTEM")
    add("--forward", default="/XrdAdapter/RestService/forward/", help="path of the X-Road adapter")
    add("--login-path", default="mapi/login", help="path of login behind it")
    add("--business-path", default="mapi/g", help="path of everything else behind it")
    add("--username", default="000.00.00.H12", help="account of the province: its organisation's code")
    add("--password", default="mat-khau-thu", help="its password")
    add("--session-seconds", type=float, default=600.0, help="how long a session lives")
    add("--business-error-share", type=float, default=0.2, help="share of refusals under error_code 0")
    add("--tables", type=Path, default=None, help="folder of agencies.csv and procedures.csv")
    add("--listed-on", choices=("citizen", "any"), default="citizen", help="whose changes the search tells")
    add("--citizen-delay", type=float, default=1.0, help="seconds until a citizen acts")
    add("--withdraw-share", type=float, default=0.03, help="share of dossiers that is withdrawn")
    add("--organisation", default="000.00.00.G22", help="madonvi of the portal in its own calls")
    add("--inbound-url", default="", help="where the province takes pushes")
    add("--inbound-header", default="X-Api-Key", help="header in which it wants its key")
    add("--inbound-key", default="", help="that key")
    for kind, name in msgspec.structs.asdict(Names()).items():
        add(f"--service-{kind.replace('_', '-')}", default=name, help=f"name of the inbound service: {kind}")


def build(options: Namespace, workshop: Workshop) -> Simulation:
    """Put the portal together from its options."""
    register = Register(workshop, options.listed_on)
    settings = workshop.shelf("settings")
    fetcher = Fetcher(register)
    fetcher.below = settings.get("fetch") or ""
    target = _target(options, settings.get("inbound"))
    province = Province(workshop, options.organisation, _names(options), target, fetcher.handed_in)
    conduct = Conduct(workshop.seed, options.citizen_delay, options.withdraw_share)
    citizens = Citizens(register, conduct, _teller(register, province), time.monotonic)
    catalogue = Catalogue(options.tables, datetime.now(HANOI).date())
    desk = Desk(register, workshop.journal, catalogue, _noticing(citizens, fetcher))
    door = Door(options.dstcode, options.username, options.password, options.session_seconds)
    sessions = Sessions(door)
    window = Window(door, sessions, Codes(workshop.seed, options.business_error_share), desk)
    return Simulation(
        routes=_routes(options, window),
        control=[
            *_control(register, province, fetcher, settings.put),
            Route("GET", "/_sim/open", "open", lambda _: json_answer(_to_come(province, citizens, fetcher))),
        ],
        state=lambda: {
            "dossiers": len(register),
            "statuses": register.statuses(),
            **_pending(province, citizens),
        },
        facts=lambda: {
            "open": province.open + citizens.planned + fetcher.open,
            "attachments": {"fetched": fetcher.fetched, "wrong": fetcher.wrong},
        },
        background=[citizens.run, province.run, fetcher.run],
        expire_sessions=sessions.expire,
    )


def _routes(options: Namespace, window: Window) -> list[Route]:
    return [
        Route("POST", options.forward + options.login_path, "login", window.login),
        Route("POST", options.forward + options.business_path, _service, window.serve),
        Route("GET", PATH + "{name}", "file", _paper),
    ]


def _noticing(citizens: Citizens, fetcher: Fetcher) -> Callable[[str], None]:
    def noticed(number: str) -> None:
        citizens.noticed(number)
        fetcher.noticed(number)

    return noticed


def _control(
    register: Register, province: Province, fetcher: Fetcher, keep: Callable[[str, Any], None]
) -> list[Route]:
    submitted = Submitted(register, lambda number, record: province.push(number, "dossier", record))

    def submit(request: Request) -> Answer:
        status, body = submitted.take(request.json())
        for record in body.get("records", ()):
            fetcher.handed_in(record["MaHoSo"], record)
        return json_answer(body, status)

    def fetch(request: Request) -> Answer:
        fetcher.below = str(request.json().get("below") or "")
        keep("fetch", fetcher.below)
        return json_answer({"below": fetcher.below})

    def pay(request: Request) -> Answer:
        told = request.json()
        if register.get(told["MaHoSo"]) is None:
            return json_answer({"problems": ["no such dossier"]}, 404)
        # reference 1d: the portal tells the province of a payment that its citizen made
        province.push(told["MaHoSo"], "payment", told)
        return json_answer({"MaHoSo": told["MaHoSo"]})

    def inbound(request: Request) -> Answer:
        province.target = msgspec.json.decode(request.body, type=Target)
        keep("inbound", msgspec.to_builtins(province.target))
        return json_answer({"url": province.target.url})

    def twice(request: Request) -> Answer:
        province.twice = int(request.json()["times"])
        return json_answer({"times": province.twice})

    async def ask(request: Request) -> Answer:
        return json_answer(await province.look_up(str(request.json().get("MaHoSo"))))

    waits: Callable[[Request], Awaitable[Answer]] = ask
    return [
        Route("POST", "/_sim/submit", "submit", submit),
        Route("POST", "/_sim/inbound", "inbound", inbound),
        Route("POST", "/_sim/pay", "pay", pay),
        Route("POST", "/_sim/twice", "twice", twice),
        Route("POST", "/_sim/status", "status", lambda request: _set_status(register, request)),
        Route("POST", "/_sim/ask", "ask", waits),
        Route("POST", "/_sim/fetch", "fetch", fetch),
        Route("POST", "/_sim/handed", "handed", partial(_handed, fetcher)),
        Route("GET", "/_sim/dossiers", "dossiers", lambda _: _dossiers(register)),
    ]


def _dossiers(register: Register) -> Answer:
    return json_answer(
        [
            {"MaHoSo": number, "status": one.status, "synced": one.synced, "rows": len(one.rows)}
            for number, one in register.items()
        ]
    )


def _handed(fetcher: Fetcher, request: Request) -> Answer:
    told = request.json()
    fetcher.handed_in(told["MaHoSo"], told)
    return json_answer({"MaHoSo": told["MaHoSo"]})


def _set_status(register: Register, request: Request) -> Answer:
    number, shown = (str(request.json()[name]) for name in ("MaHoSo", "TrangThaiHoSo"))
    held = register.get(number)
    if held is None:
        return json_answer({"problems": ["no such dossier"]}, 404)
    record = held.record | {"TrangThaiHoSo": shown}
    register.put(number, msgspec.structs.replace(held, record=record, synced=shown), by_province=True)
    return json_answer({"MaHoSo": number, "before": held.status})


def _teller(register: Register, province: Province) -> Callable[[str, str, Record], None]:
    def tell(number: str, kind: str, fact: Record) -> None:
        dossier = register.get(number)
        if dossier is not None and dossier.via in ("push", "both"):
            province.push(number, kind, fact)

    return tell


def _service(request: Request) -> str:
    try:
        service = request.json()["service"]
    except (msgspec.DecodeError, TypeError, KeyError, IndexError):
        return "unknown"
    return service if isinstance(service, str) else "unknown"


def _paper(request: Request) -> Answer:
    return Answer(200, paper(request.parts["name"]), content_type="application/pdf")


def _pending(province: Province, citizens: Citizens) -> dict[str, int]:
    return {
        "pushes_open": province.open,
        "pushes_settled": province.settled,
        "pushes_repeated": province.repeated,
        "acts_planned": citizens.planned,
    }


def _to_come(province: Province, citizens: Citizens, fetcher: Fetcher) -> list[dict[str, str]]:
    """Whatever counts as open here, each with the number of its dossier."""
    named = {
        "a push to the province": province.unsettled,
        "its citizen's act": citizens.to_act,
        "an attachment": fetcher.to_fetch,
    }
    return [{"dossier": number, "waits": what} for what, numbers in named.items() for number in numbers()]


def _names(options: Namespace) -> Names:
    return Names(**{kind: getattr(options, f"service_{kind}") for kind in Names.__struct_fields__})


def _target(options: Namespace, kept: Any) -> Target | None:
    if options.inbound_url:
        return Target(options.inbound_url, options.inbound_header, options.inbound_key)
    return None if kept is None else msgspec.convert(kept, Target)


if __name__ == "__main__":
    sys.exit(main("adapters.national_portal.simulator", add_options, build))
