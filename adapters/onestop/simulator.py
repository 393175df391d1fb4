"""The provincial one-stop system (một cửa, VNPT iGate), simulated: a real server with state of its own.

`python -m adapters.onestop.simulator --data DIR --seed N --pace SECONDS` prints `{"url", "control_url"}`.

Peer's paths: token, search and `--online` after reference 7b; the writing ones are ours [I], see
`simulator_intake`. Control: `POST /_sim/webhook {"url", "secret"}`, `POST /_sim/counter {"dossiers": […]}`,
`GET /_sim/owing`, the notices that dossiers wait for; `GET /_sim/open`, what every dossier at work waits for;
`/_sim/effects` has also `open`, the number of dossiers not at an end; `/_sim/state` counts them by status.
Officials work every dossier by themselves (`simulator_plan`), with other authorities where `--flows` names
them (`simulator_flows`). Killed and started again over the same folder it goes on where it was; tokens are
forgotten.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from adapters._kit.simulator import Simulation, Workshop, main
from adapters._kit.simulator_http import Answer, Request, Route, json_answer
from adapters._kit.simulator_shelf import Shelf
from adapters.onestop import simulator_authorities as authorities
from adapters.onestop import (
    simulator_flows,
    simulator_login,
    simulator_plan,
    simulator_search,
    simulator_tables,
)
from adapters.onestop import simulator_intake as intake
from adapters.onestop.simulator_dossier import FILE_PATH, shown
from adapters.onestop.simulator_login import Logins
from adapters.onestop.simulator_paper import paper
from adapters.onestop.simulator_register import Register
from adapters.onestop.simulator_site import Conduct, Site
from adapters.onestop.simulator_webhook import Announcer, Target

Handle = Callable[[Site, Request], Answer]
WRITES: tuple[tuple[str, str, str, Handle], ...] = (
    ("POST", "/pa/dossier", "create", intake.create),
    ("PUT", "/pa/dossier/{id}", "update", intake.update),
    ("POST", "/pa/dossier/{id}/supplements", "supplement", intake.append(intake.SUPPLEMENT)),
    ("POST", "/pa/dossier/{id}/withdrawal", "withdrawal", intake.append(intake.WITHDRAWAL)),
    ("POST", "/pa/dossier/{id}/results", "result", intake.append(authorities.RESULT)),
    ("POST", "/pa/dossier/{id}/results/revocations", "revocation", intake.append(authorities.REVOCATION)),
    ("POST", "/pa/dossier/{id}/results/returns", "result_return", intake.append(authorities.RETURN)),
    ("POST", "/pa/dossier/{id}/tasks", "step", intake.append(authorities.STEP)),
    (
        "POST",
        "/pa/dossier/{id}/supplement-requests",
        "supplement_request",
        intake.append(authorities.QUESTION),
    ),
    ("PUT", "/pa/dossier/{id}/financial-obligation", "obligation", authorities.set_obligation),
    ("POST", "/pa/dossier/{id}/financial-obligation/met", "obligation_met", intake.append(authorities.MET)),
    ("POST", "/pa/dossier/{id}/fees/payments", "payment", intake.append(authorities.PAYMENT)),
    ("POST", "/pa/dossier/{id}/ready", "ready", intake.append(authorities.READY)),
    ("POST", "/pa/dossier/{id}/transfers", "transfer", intake.append(authorities.HAND_OVER)),
)


def add_options(parser: ArgumentParser) -> None:
    """Declare this simulator's own options; times in seconds, shares from 0 to 1."""
    parser.add_argument("--pace", type=float, default=1.0, help="seconds a step of the officials takes")
    parser.add_argument("--late", type=float, default=1.0, help="seconds a change may reach the search late")
    parser.add_argument("--tables", type=_tables, default=None, help="folder of procedures.csv, agencies.csv")
    parser.add_argument("--agency", default="H12", help="who takes in what names no agency")
    parser.add_argument(
        "--shares", type=_shares, default=simulator_plan.Shares(), help="refuse=0.04,stop=0 …"
    )
    known = ",".join((*simulator_flows.FLOWS, simulator_flows.AXIS))
    parser.add_argument(
        "--flows", type=_flows, default=frozenset(), help=f"work with other authorities: {known}, or all"
    )
    parser.add_argument("--client-id", default="lien-thong", help="the client that may log in")
    parser.add_argument("--client-secret", default="mot-cua", help="its secret")
    parser.add_argument("--token-seconds", type=float, default=300.0, help="how long a token lives")


def build(options: Namespace, workshop: Workshop) -> Simulation:
    """Put the one-stop together from its options."""
    conduct = Conduct(workshop.seed, options.pace, options.agency, options.shares, options.flows)
    register = Register(workshop.shelf("dossiers"), workshop.seed, options.late)
    tables = simulator_tables.load(options.tables)
    site = Site(conduct, tables, register, Announcer(), workshop.journal.record)
    settings = workshop.shelf("settings")
    if "webhook" in settings:
        site.announcer.target = msgspec.convert(settings.get("webhook"), Target)
    logins = Logins(options.client_id, options.client_secret, options.token_seconds)
    return Simulation(
        routes=_routes(site, logins),
        control=_control(site, settings),
        state=site.state,
        facts=site.facts,
        background=[site.officials],
        expire_sessions=logins.expire,
    )


def _routes(site: Site, logins: Logins) -> list[Route]:
    def guarded(method: str, path: str, operation: str, handle: Handle) -> Route:
        return Route(
            method, path, operation, lambda request: _refusal(logins, request) or handle(site, request)
        )

    return [
        Route("POST", simulator_login.PATH, "token", lambda request: _token(logins, request)),
        guarded("GET", "/pa/dossier/search", "search", _search),
        guarded("GET", "/pa/dossier/{id}/--online", "online", _online),
        *(guarded(*write) for write in WRITES),
        Route(
            "GET", FILE_PATH + "/{name}", "file", lambda request: paper(site.register, request.parts["name"])
        ),
    ]


def _control(site: Site, settings: Shelf) -> list[Route]:
    def webhook(request: Request) -> Answer:
        site.announcer.target = msgspec.json.decode(request.body, type=Target)
        settings.put("webhook", msgspec.to_builtins(site.announcer.target))
        return json_answer({"url": site.announcer.target.url})

    return [
        Route("GET", "/_sim/open", "open", lambda _: json_answer(site.unfinished())),
        Route("GET", "/_sim/owing", "owing", lambda _: json_answer(authorities.owing(site))),
        Route("POST", "/_sim/webhook", "webhook", webhook),
        Route("POST", "/_sim/counter", "counter", lambda request: intake.counter(site, request)),
    ]


def _token(logins: Logins, request: Request) -> Answer:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return json_answer({"error": "invalid_request", "error_description": "a form is expected"}, 415)
    status, body = logins.grant(request.body.decode(errors="replace"), _authorization(request))
    return json_answer(body, status)


def _refusal(logins: Logins, request: Request) -> Answer | None:
    """Answer what may not come in: 401 without a good token, 415 for a body that is not called JSON."""
    refused = logins.refused(_authorization(request))
    if refused:
        return json_answer(refused[1], refused[0], WWW_Authenticate='Bearer realm="digo"')
    if request.method == "GET":
        return None
    if not request.headers.get("content-type", "").startswith("application/json"):
        return json_answer(
            {"code": "UNSUPPORTED_MEDIA_TYPE", "message": "JSON is expected", "errors": []}, 415
        )
    return None


def _search(site: Site, request: Request) -> Answer:
    problems = simulator_search.problems(request.query)
    if problems:
        return intake.invalid(problems, 400)
    return json_answer(simulator_search.search(site.register, request.query))


def _online(site: Site, request: Request) -> Answer:
    dossier = site.register.by_id.get(request.parts["id"])
    if dossier is None:
        return intake.not_found(request.parts["id"])
    return json_answer(shown(dossier, f"http://{request.headers.get('host', '')}"))


def _authorization(request: Request) -> str:
    headers: Mapping[str, str] = request.headers
    return headers.get("authorization", "")


def _shares(text: str) -> simulator_plan.Shares:
    try:
        return simulator_plan.shares(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def _flows(text: str) -> frozenset[str]:
    named = frozenset(simulator_flows.FLOWS if text == "all" else filter(None, text.split(",")))
    words = (*simulator_flows.FLOWS, simulator_flows.AXIS)
    if unknown := named - set(words):
        known = ", ".join(words)
        raise ArgumentTypeError(f"no flow is called {', '.join(sorted(unknown))}; there are {known}")
    return named


def _tables(text: str) -> Path:
    missing = [name for name in simulator_tables.FILES if not (Path(text) / name).is_file()]
    if missing:
        raise ArgumentTypeError(f"{text} has no {' and no '.join(missing)}")
    return Path(text)


if __name__ == "__main__":
    sys.exit(main("adapters.onestop.simulator", add_options, build))
