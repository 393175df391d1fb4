"""What the simulated officials do with dossiers that need other authorities, and what they wait for.

A plan's items are statuses, acts and gates. An act is a word of `ACTS`; a gate is `await EVENT`: the plan
goes on when another system has written what it waits for (`simulator_authorities`). All of it is ours [I];
what each authority does is after reference 1.1a (births), 1.2 (land) and design section 0 (levels).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_dossier import RESULT_KINDS, Dossier, Facts, stable_id, touch
from adapters.onestop.simulator_plan import dice
from adapters.onestop.simulator_tables import Catalogue
from adapters.onestop.simulator_words import (
    ACCEPTED,
    FINISHED,
    IN_PROGRESS,
    NOT_ACCEPTED,
    OFFICIALS,
    RETURNED,
    STOPPED,
)

FLOWS: Final = ("land_tax", "birth_card", "insurance", "elsewhere", "levels", "decision")
AXIS: Final = "axis"
"""Said beside `levels`: officials wait until the agency above says over the axis that it has a dossier."""
GATE: Final = "await "
DECISION_SHARE: Final = 0.4
"""Share of interlinked dossiers that are decided by an official document."""

Way = tuple[int | str, ...]


def course(way: tuple[int, ...], dossier: Dossier, tables: Catalogue, flows: frozenset[str]) -> Way:
    """Return the plan of a dossier: the drawn one, or that of its flow where the officials know it.

    A dossier that is refused at the door never comes to its flow.
    """
    if way == (NOT_ACCEPTED,):
        return way
    body = _middle(dossier, tables, flows) or (way[1:-1] if way[-1] == RETURNED else way[1:])
    if STOPPED in body:
        return (ACCEPTED, *body)
    elsewhere = "elsewhere" in flows and is_elsewhere(dossier.facts, tables)
    taken: Way = (ACCEPTED, f"{GATE}transfer") if elsewhere else (ACCEPTED,)
    returned: Way = ("result", f"{GATE}return", RETURNED) if elsewhere else (RETURNED,)
    return (*taken, *body, *returned)


def _middle(dossier: Dossier, tables: Catalogue, flows: frozenset[str]) -> Way | None:
    """Between acceptance and return; None where the flow of the dossier's group is not known."""
    facts, group = dossier.facts, dossier.group
    if group == "insurance" and facts["onTheSpot"] and "insurance" in flows:
        return (IN_PROGRESS, f"{GATE}result", FINISHED)
    if group == "land_tax" and "land_tax" in flows:
        return (IN_PROGRESS, "slip", f"{GATE}met", IN_PROGRESS, FINISHED)
    if group == "birth_card" and "birth_card" in flows:
        residence: Way = ("residence",) if "cư trú" in dossier.result_name else ()
        return (IN_PROGRESS, "certificate", *residence, f"{GATE}ready", FINISHED)
    if group == "interlinked" and "levels" in flows:
        if decided := _decision(dossier, tables, flows):
            return (IN_PROGRESS, *decided, FINISHED)
        up: Way = ("up", f"{GATE}taken") if AXIS in flows else ("up",)
        above = tables.above(facts["agency"]["code"], tree_day(facts, tables))
        return (IN_PROGRESS, *up * len(above), FINISHED)
    return None


def _decision(dossier: Dossier, tables: Catalogue, flows: frozenset[str]) -> Way:
    """Whether the agency's own leader decides: not where another agency has taken the dossier in."""
    drawn = dice(dossier.seed, dossier.number, "decision").random() < DECISION_SHARE
    decides = "decision" in flows and drawn and not is_elsewhere(dossier.facts, tables)
    return ("decision", f"{GATE}result") if decides else ()


def applied_on(facts: Facts) -> dt.date:
    """Return the day a dossier was submitted on: by that day's table the agency that it names is found."""
    moment = times.read(facts.get("appliedDate")) or times.now()
    return moment.date()


def tree_day(facts: Facts, tables: Catalogue) -> dt.date:
    """Return the day whose tree of agencies counts: that of submission, unless its agency came later."""
    day = applied_on(facts)
    return day if tables.agency(facts["agency"]["code"], day) else times.now().date()


def is_elsewhere(facts: Facts, tables: Catalogue) -> bool:
    """Whether it was taken in outside the area of the agency whose competence it is (phi địa giới)."""
    day = tree_day(facts, tables)
    taken = tables.heir(facts.get("intakeAgency", {}).get("code", ""), day)
    works = tables.agency(facts["agency"]["code"], day)
    if not taken or not works or taken["code"] == works["code"]:
        return False
    area = next((name for name in ("ward", "district", "province") if works.get(name)), None)
    return area is not None and taken.get(area) != works[area]


def certificate(dossier: Dossier, _tables: Catalogue) -> None:
    """Register the birth (đăng ký khai sinh): number, book and the child's personal number; a result."""
    form = dossier.facts["eForm"].setdefault("data", {})
    birth = form.setdefault("khaiSinh", {"nksHoTen": dossier.facts["applicant"]["data"]["fullname"]})
    rng = dice(dossier.seed, dossier.number, "birth")
    number = rng.randrange(1, 400)
    form["khaiSinh"] = birth | {
        "soDangKy": str(number),
        "quyenSo": f"01/{dossier.clock:%Y}",
        "trangSo": str(number % 100 + 1),
        "ngayDangKy": f"{dossier.clock:%d/%m/%Y}",
        "soDinhDanh": _personal_number(birth, rng.randrange(10**6)),
    }
    issue(dossier, "birth", "Giấy khai sinh", "GIAY_KHAI_SINH")


def residence(dossier: Dossier, _tables: Catalogue) -> None:
    """Register where the child lives (đăng ký thường trú)."""
    issue(dossier, "residence", "Thông báo kết quả giải quyết cư trú", "THONG_BAO_CU_TRU")


def result(dossier: Dossier, _tables: Catalogue) -> None:
    """Issue what the procedure results in, before it goes back to where the dossier was taken in."""
    if not any(each.get("kind") != "TU_CHOI" for each in dossier.facts["results"]):
        issue(dossier, "result", dossier.result_name, RESULT_KINDS.get(dossier.group))


def slip(dossier: Dossier, _tables: Catalogue) -> None:
    """Make the slip for the tax office (phiếu chuyển thông tin) of the land in the form."""
    facts = dossier.facts
    person = facts["applicant"]["data"]
    user = {"hoTen": person["fullname"], "soGiayTo": person.get("identityNumber")}
    unknown = {"nguoiSuDung": [user], "thuaDat": [{"soThua": "1"}]}
    official = dice(dossier.seed, dossier.number, "slip").choice(OFFICIALS)
    facts["slips"].append(
        {
            "id": f"PC-{facts['code'].rpartition('-')[2]}-{len(facts['slips']) + 1}",
            "approvedDate": f"{dossier.clock:%Y-%m-%d}",
            "approvedBy": {"fullname": official[0]},
            "requestKind": "XAC_DINH_NVTC",
            "dossierKind": facts["procedure"]["code"],
            "debtRecorded": False,
            "receivedDate": facts["acceptedDate"],
            "datDai": facts["eForm"].get("data", {}).get("datDai") or unknown,
        }
    )


def up(dossier: Dossier, tables: Catalogue) -> None:
    """Hand the dossier one level up, by the tree of agencies of the day that counts."""
    facts = dossier.facts
    held = facts.get("currentAgency") or facts["agency"]
    above = next(iter(tables.above(held["code"], tree_day(facts, tables))), None)
    if above is not None:
        receiver = {"code": above["code"], "name": above["name"]}
        transfer(dossier, held, receiver, "Chuyển cấp trên giải quyết")


def transfer(dossier: Dossier, sender: Facts, receiver: Facts, reason: str) -> None:
    """Put down that a dossier goes from one agency to another, who takes it at once."""
    facts, at = _taken_in(dossier), times.seconds(dossier.clock)
    known = stable_id(facts["code"], "transfer", len(facts["transfers"]))
    names = {"fromAgency": dict(sender), "toAgency": dict(receiver)}
    facts["transfers"].append(
        {"id": known, **names, "transferDate": at, "acceptedDate": at, "reason": reason}
    )
    facts["currentAgency"] = dict(receiver)


def _taken_in(dossier: Dossier) -> Facts:
    """Put down who took a dossier in before it leaves the house: its handler, where nobody is known."""
    dossier.facts.setdefault("intakeAgency", dict(dossier.facts["agency"]))
    return dossier.facts


def decision(dossier: Dossier, _tables: Catalogue) -> None:
    """Ask for a decision by an official document (văn bản quyết định)."""
    facts = _taken_in(dossier)
    known = stable_id(facts["code"], "decision", len(facts["decisionRequests"]))
    facts["decisionRequests"].append({"id": known, "requestedDate": times.seconds(dossier.clock)})


def issue(dossier: Dossier, key: str, name: str, kind: str | None) -> None:
    """Put a result paper into the dossier."""
    code = dossier.facts["code"]
    paper: Facts = {
        "id": stable_id(code, key),
        "name": name,
        "number": f"{code.rpartition('-')[2]}/{key.upper()}",
        "issuedDate": times.seconds(dossier.clock),
    }
    dossier.facts["results"].append(paper | ({"kind": kind} if kind else {}))


def _personal_number(birth: Mapping[str, Any], serial: int) -> str:
    """Return a number of twelve digits: province, sex and century, year, serial (số định danh cá nhân)."""
    year = str(birth.get("nksNgaySinh", ""))[-4:]
    if not year.isdigit():
        year = str(times.now().year)
    figure = (int(year) // 100 - 19) * 2 + (birth.get("nksGioiTinh") == "2")
    return f"096{figure}{year[2:]}{serial:06}"


ACTS: Final[Mapping[str, Callable[[Dossier, Catalogue], None]]] = {
    "certificate": certificate,
    "residence": residence,
    "result": result,
    "slip": slip,
    "up": up,
    "decision": decision,
}


def act(dossier: Dossier, word: str, tables: Catalogue) -> None:
    """Do one act of a plan; it is a change of the dossier like any other."""
    ACTS[word](dossier, tables)
    touch(dossier)
