"""Opening a dossier: from what was handed in to what the one-stop then holds."""

from __future__ import annotations

import zlib
from typing import Any, Final

from adapters.onestop import simulator_flows
from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_checks import at
from adapters.onestop.simulator_dossier import Dossier, Facts, stable_id
from adapters.onestop.simulator_plan import course
from adapters.onestop.simulator_site import Site
from adapters.onestop.simulator_tables import Row
from adapters.onestop.simulator_words import CHANNELS, REGISTERED, RETURN_WAYS, status_word

EMPTY: Final[dict[str, Any]] = {
    "acceptedDate": None,
    "appointmentDate": None,
    "completedDate": None,
    "returnedDate": None,
    "rejectedDate": None,
    "reason": None,
    "withdrawal": None,
}
LISTS: Final = (
    "files",
    "papers",
    "fees",
    "tasks",
    "supplements",
    "results",
    "payments",
    "slips",
    "transfers",
    "decisionRequests",
    "resultReturns",
)


def opened(site: Site, body: Facts) -> Dossier:
    """Return the new dossier of a checked body: local number by agency, words, and the officials' plan."""
    procedure = site.tables.procedure(body["procedure"]["code"], times.now().date()) or {}
    agency = _agency(site, body, procedure)
    code = site.register.next_code(agency["code"])
    number = body.get("nationCode") or body.get("receiptNo") or code
    spot = body.get("onTheSpot", procedure.get("on_the_spot") == "true") is True
    plan = course(site.conduct.seed, number, site.conduct.shares, on_the_spot=spot)
    named = _named(body, procedure) | {"code": code, "agency": agency, "onTheSpot": spot}
    facts = EMPTY | {name: [] for name in LISTS} | named | {"id": stable_id(site.conduct.seed, code)}
    dossier = Dossier(facts, number, plan, seed=site.conduct.seed, as_of=times.read(body.get("asOf")))
    dossier.fee = int(procedure.get("fee") or 0)
    dossier.days = int(procedure.get("days") or 1)
    dossier.result_name = procedure.get("result") or dossier.result_name
    dossier.result_code = _result_code(procedure)
    dossier.clock = times.now().replace(microsecond=0)
    dossier.group = procedure.get("group", "")
    dossier.plan = simulator_flows.course(plan, dossier, site.tables, site.conduct.flows)
    facts["updatedDate"] = times.millis(times.now())
    return dossier


def _agency(site: Site, body: Facts, procedure: Row) -> Facts:
    """Return who takes it: the agency named by code, else by name, else the procedure's, else our own.

    Of an agency that was closed since the dossier was submitted it is whoever has its work today.
    """
    day = simulator_flows.applied_on(body)
    code, name = at(body, "agency.code"), at(body, "agency.name")
    row = site.tables.agency_named(name, day) if name and not code else None
    code = code or (row or {}).get("code") or procedure.get("agency") or site.conduct.agency
    row = site.tables.heir(code, times.now().date()) or row or site.tables.agency(code, day) or {}
    return {
        **body.get("agency", {}),
        "code": row.get("code") or code,
        "name": row.get("name") or name or code,
    }


def _named(body: Facts, procedure: Row) -> Facts:
    """Return the body with the words its codes stand for (reference 7b: procedure.translate[0].name)."""
    given = {name: value for name, value in body.items() if name != "asOf"}
    code = body["procedure"]["code"]
    known = procedure.get("name")
    words = [{"languageId": 228, "name": known}] if known else [{"name": code}]
    return {
        "applyMethod": {"id": 2, "name": CHANNELS[2]},
        "resultReturn": {"id": 0, "name": RETURN_WAYS[0]},
        "nationCode": None,
        "eForm": {"data": {}},
        "appliedDate": times.seconds(times.now()),
        **worded(given),
        "procedure": {"translate": words, **body["procedure"]},
        "statusCurrentTask": status_word(REGISTERED),
    }


def worded(body: Facts) -> Facts:
    """Return a body in which a channel and a way of return have the names of their codes."""
    words = {"applyMethod": CHANNELS, "resultReturn": RETURN_WAYS}
    return {
        name: {"id": value["id"], "name": words[name][value["id"]]} if name in words else value
        for name, value in body.items()
    }


def _result_code(procedure: Row) -> str | None:
    """Return a result paper's code of the form of reference section 5, where the field is known; invented."""
    holder = procedure.get("sector", "").partition("-")[0]
    return f"KQ.{holder}.{zlib.crc32(procedure['code'].encode()) % 1_000_000:06d}" if holder else None
