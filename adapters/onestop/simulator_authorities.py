"""What other authorities write into a dossier of the simulated one-stop: paths, checks, and what comes of it.

The paths are ours [I], like the bodies (README of the connector). Each is added once by its key: the same
again is acknowledged and counted as `duplicate`; the obligation replaces, the same content is an `echo`.
"""

from __future__ import annotations

from typing import Any, Final

from adapters._kit.simulator_http import Answer, Request
from adapters.onestop import simulator_authority_checks as checks
from adapters.onestop import simulator_flows as flows
from adapters.onestop import simulator_intake as intake
from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_dossier import Dossier, Facts, tick, touch
from adapters.onestop.simulator_intake import Append, conflict
from adapters.onestop.simulator_site import Site
from adapters.onestop.simulator_words import (
    ACCEPTED,
    FINISHED,
    IN_PROGRESS,
    NOT_ACCEPTED,
    PAYMENT_DUE,
    STOPPED,
    SUPPLEMENT_REQUESTED,
    WITHDRAWABLE,
    status_word,
)

_ENDED: Final = ("DOSSIER_ENDED", "Hồ sơ đã kết thúc")
_CARDS: Final = "THE_BHYT"


def set_obligation(site: Site, request: Request) -> Answer:
    """`PUT /pa/dossier/{id}/financial-obligation`: what is owed; a later one replaces it."""
    dossier = site.register.by_id.get(request.parts["id"])
    if dossier is None:
        return intake.unknown(site, request, "obligation")
    body, key = intake.body_of(request), ("obligation", dossier.number)
    problems = intake.shape(body) or checks.obliged(body)
    if problems:
        return intake.refused(site, request, key, intake.invalid(problems))
    held = dossier.facts.get("obligation") or {}
    if {name: value for name, value in held.items() if name != "met"} == body:
        return intake.settled(site, request, key, "echo", dossier)
    if dossier.status not in WITHDRAWABLE:
        return intake.refused(site, request, key, conflict(*_ENDED))
    dossier.facts["obligation"] = {**body, "met": False}
    if dossier.status == IN_PROGRESS and body["state"] == "CON_NO":
        site.bring_to(dossier, PAYMENT_DUE)
    else:
        _touched(site, dossier)
    return intake.settled(site, request, key, "applied", dossier)


def _pay(site: Site, dossier: Dossier, body: Facts) -> None:
    dossier.facts["payments"].append(body)
    if dossier.status == PAYMENT_DUE and not dossier.facts.get("obligation"):
        site.step(dossier, dossier.taken)
    else:
        _touched(site, dossier)


def _met(site: Site, dossier: Dossier, body: Facts) -> None:
    paid = {each["noticeNumber"] for each in body["payments"] if each.get("state") == "DA_NOP"}
    dossier.facts["obligation"] = {**dossier.facts["obligation"], "met": True, "paidNotices": sorted(paid)}
    _touched(site, dossier)
    site.happened(dossier, "met")


def _every_notice_is_paid(dossier: Dossier, body: Facts) -> bool:
    """Whether the payments name every notice that stands (reference 1.2: a voucher names its notice)."""
    payers = (dossier.facts.get("obligation") or {}).get("payers") or []
    wanted = {each["number"] for payer in payers for each in payer.get("notices") or []}
    paid = {each.get("noticeNumber") for each in body.get("payments") or [] if each.get("state") == "DA_NOP"}
    return bool(dossier.facts.get("obligation")) and wanted <= paid


def _ask(site: Site, dossier: Dossier, body: Facts) -> None:
    """Ask the citizen for what another authority wants; the dossier comes back to where it stood."""
    asked: Facts = {"answered": False, "receivedDate": None, "files": [], "appointmentAfter": None}
    before = {"appointmentBefore": dossier.facts["appointmentDate"]}
    dossier.facts["supplements"].append({**body, **asked, **before})
    if dossier.status != SUPPLEMENT_REQUESTED:
        dossier.interrupted = dossier.status
        dossier.facts["reason"] = body["content"]
        site.bring_to(dossier, SUPPLEMENT_REQUESTED, content=body["content"], listed=False)
        site.expect_step(dossier)
    else:
        _touched(site, dossier)


def _add_step(site: Site, dossier: Dossier, body: Facts) -> None:
    """Put a step of another authority into the history, under the one-stop's clock and status.

    One that refuses what the dossier waits for stops it; a card that is refused does not (design, flows). An
    agency above that takes a dossier over, or will not, ends the waiting for it.
    """
    at, refused = times.seconds(tick(dossier)), body["status"]["id"] in (STOPPED, NOT_ACCEPTED)
    told = {"reportedDate": body["completedDate"], "reportedStatus": body["status"]}
    own = {"status": status_word(dossier.status), "completedDate": at, "startedDate": at}
    dossier.facts["tasks"].append({**body, **told, **own, "dueDate": dossier.facts["appointmentDate"]})
    _touched(site, dossier)
    if refused and dossier.waits_for in ("met", "result"):
        dossier.plan = (*dossier.plan[: dossier.taken], STOPPED)
        dossier.facts["reason"] = body["content"]
        site.expect_step(dossier)
    elif refused or body["status"]["id"] == ACCEPTED:
        site.happened(dossier, "taken")


def _add_result(site: Site, dossier: Dossier, body: Facts) -> None:
    dossier.facts["results"].append(body)
    _touched(site, dossier)
    if body.get("kind") != _CARDS:
        site.happened(dossier, "result")


def _revoke(site: Site, dossier: Dossier, body: Facts) -> None:
    for each in dossier.facts["results"]:
        if each["id"] == body["id"]:
            each.update(revoked=True, revokedReason=body.get("reason"))
    _touched(site, dossier)


def _ready(site: Site, dossier: Dossier, _body: Facts) -> None:
    dossier.facts["ready"] = True
    _touched(site, dossier)
    site.happened(dossier, "ready")


def _hand_over(site: Site, dossier: Dossier, body: Facts) -> None:
    tick(dossier)
    flows.transfer(dossier, body["fromAgency"], body["toAgency"], "Tiếp nhận phi địa giới hành chính")
    _touched(site, dossier)
    site.happened(dossier, "transfer")


def _return(site: Site, dossier: Dossier, body: Facts) -> None:
    dossier.facts["resultReturns"].append(body)
    _touched(site, dossier)
    site.happened(dossier, "return")


def owing(site: Site) -> dict[str, Any]:
    """Return the notices that dossiers wait for, by their numbers here: what their citizens see."""
    return {
        dossier.facts["code"]: {
            "nationCode": dossier.facts["nationCode"],
            "notices": [
                notice["number"]
                for payer in dossier.facts["obligation"].get("payers") or []
                for notice in payer.get("notices") or []
            ],
        }
        for dossier in site.register.unfinished()
        if dossier.status == PAYMENT_DUE and dossier.facts.get("obligation")
    }


def _touched(site: Site, dossier: Dossier) -> None:
    touch(dossier)
    site.changed(dossier)


def _open(dossier: Dossier) -> bool:
    return not dossier.ended


def _agency(body: Facts) -> str:
    agency: Any = body["toAgency"]
    return str(agency.get("code") or agency.get("name"))


def _payments(body: Facts) -> str:
    return "|".join(sorted(str(each.get("noticeNumber") or each["id"]) for each in body["payments"]))


PAYMENT = Append("payment", checks.paid, _open, _ENDED, _pay)
MET = Append(
    "obligation_met",
    checks.met,
    _open,
    _ENDED,
    _met,
    key=_payments,
    sense=_every_notice_is_paid,
    nonsense=("NOTICES_NOT_PAID", "Chưa nộp đủ các thông báo thuế của hồ sơ"),
)
QUESTION = Append(
    "supplement_request", checks.asked, lambda dossier: dossier.status in WITHDRAWABLE, _ENDED, _ask
)
STEP = Append("step", checks.stepped, _open, _ENDED, _add_step)
RESULT = Append("result", checks.resulted, _open, _ENDED, _add_result)
REVOCATION = Append(
    "revocation",
    checks.revoked,
    lambda _: True,
    _ENDED,
    _revoke,
    sense=lambda dossier, body: any(each["id"] == body["id"] for each in dossier.facts["results"]),
    nonsense=("NO_SUCH_RESULT", "Hồ sơ không có giấy tờ kết quả này"),
)
READY = Append("ready", checks.readied, _open, _ENDED, _ready, key=lambda _: "ready")
HAND_OVER = Append("transfer", checks.handed_over, _open, _ENDED, _hand_over, key=_agency)
RETURN = Append(
    "result_return",
    checks.returned,
    lambda dossier: dossier.status in (FINISHED, IN_PROGRESS),
    ("NOT_FINISHED", "Hồ sơ chưa có kết quả để chuyển"),
    _return,
)
