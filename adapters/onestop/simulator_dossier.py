"""One dossier as the one-stop holds it: its JSON, its own clock, and what its officials still mean to do.

`facts` is the body of `GET /pa/dossier/{id}/--online` in the names of reference 7b; names that are not there
are ours [I]: `subject`, `submitter`, `papers`, `tasks`, `supplements`, `results`, `fees`, `payments`,
`withdrawal`, `reason`, `returnedDate`, `rejectedDate`, `updatedDate`, `resultReturn`, `onTheSpot`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_plan import dice
from adapters.onestop.simulator_words import (
    ACCEPTED,
    CONTENTS,
    ENDED,
    FINISHED,
    NOT_ACCEPTED,
    OFFICIALS,
    REASONS,
    REGISTERED,
    RETURNED,
    STATUS_NAMES,
    SUPPLEMENT_REQUESTED,
    status_word,
)

Facts = dict[str, Any]
ROW: Final = (
    "id",
    "code",
    "nationCode",
    "agency",
    "procedure",
    "statusCurrentTask",
    "applyMethod",
    "appliedDate",
    "acceptedDate",
    "appointmentDate",
    "completedDate",
    "eForm",
    "updatedDate",
)
"""What a row of the search shows (reference 7b), and `updatedDate` [I]."""


RESULT_KINDS: Final = {"land_tax": "GCN_QSDD"}
"""What a group's procedures result in, where it has a kind [I]."""

FILE_PATH: Final = "/pa/file"
"""Where result papers lie; a path until it is shown, when the address that was asked goes before it."""


@dataclass
class Dossier:
    """A dossier and what is remembered beside its JSON."""

    facts: Facts
    number: str
    """what the officials' dice are drawn from: the national number, else the receipt, else the local code"""
    plan: tuple[int | str, ...]
    days: int = 1
    """working days of its procedure"""
    fee: int = 0
    """whole đồng asked on acceptance, where the dossier names no fee itself"""
    result_name: str = "Giấy tờ kết quả"
    result_code: str | None = None
    seed: int = 0
    taken: int = 0
    """steps of the plan already taken"""
    clock: dt.datetime = field(default_factory=times.now)
    as_of: dt.datetime | None = None
    """the latest `asOf` a writer claimed"""
    had: set[tuple[str, str]] = field(default_factory=set)
    """(operation, id) of what was appended"""
    group: str = ""
    """the group of its procedure, by which its officials know what to do"""
    events: set[str] = field(default_factory=set)
    """what other authorities have done, and a gate of the plan may wait for"""
    interrupted: int | None = None
    """the status in which another authority's question found it"""
    version: int = 0

    @property
    def status(self) -> int:
        """The present status, a code of reference section 4."""
        return int(self.facts["statusCurrentTask"]["id"])

    @property
    def ended(self) -> bool:
        """Whether nothing will happen to it any more."""
        return self.status in ENDED

    @property
    def waits_for(self) -> str:
        """What the next item of the plan waits for, "" where it waits for nothing."""
        item = self.plan[self.taken] if self.taken < len(self.plan) else ""
        return item.removeprefix("await ") if isinstance(item, str) and item.startswith("await ") else ""

    @property
    def online(self) -> bool:
        """Whether it came from the portal, so that its citizen answers there and not at the counter."""
        return bool(self.facts.get("nationCode"))


def stable_id(*parts: object) -> str:
    """Return 24 hex digits, as iGate's ids look, that depend on the parts alone."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:24]


def touch(dossier: Dossier) -> None:
    """Mark a change: the system's clock (milliseconds) stands in `updatedDate`."""
    dossier.version += 1
    dossier.facts["updatedDate"] = times.millis(times.now())


def tick(dossier: Dossier) -> dt.datetime:
    """Advance the dossier's own clock: now, but at least a second after its last step.

    The portal knows whole seconds only, so two steps of one dossier never share one; at a small pace the
    dossier's clock therefore runs ahead of the wall's.
    """
    present = times.now().replace(microsecond=0)
    dossier.clock = max(present, dossier.clock + dt.timedelta(seconds=1))
    return dossier.clock


def move(dossier: Dossier, status: int, *, content: str = "", listed: bool = True) -> None:
    """Bring a dossier to a status: dates, reason, request or result, and one more task in its history.

    `listed` is false where another authority asks: its request is in the list already.
    """
    began, at = dossier.clock, tick(dossier)
    rng = dice(dossier.seed, dossier.number, f"task {len(dossier.facts['tasks'])}")
    facts = dossier.facts
    facts["statusCurrentTask"] = status_word(status)
    _set_dates(dossier, status, at)
    reason = rng.choice(REASONS[status]) if status in REASONS and not content else None
    if reason:
        facts["reason"] = reason
    official = rng.choice(OFFICIALS)
    if status == ACCEPTED:
        _charge(dossier)
    if status == SUPPLEMENT_REQUESTED and listed:
        _ask_supplement(dossier, at, official[0], reason or "")
    if status == RETURNED and not facts["results"]:
        _issue_result(dossier, at)
    text = content or rng.choice(CONTENTS[status])
    facts["tasks"].append(
        _task(dossier, status, (began, at), official, f"{text} {reason}" if reason else text)
    )
    touch(dossier)


def answer_supplement(dossier: Dossier, answer: Facts) -> None:
    """Put a citizen's answer beside the open request, which is then answered; the appointment moves a day."""
    facts = dossier.facts
    opened = next(asked for asked in reversed(facts["supplements"]) if not asked["answered"])
    held = times.read(facts["appointmentDate"]) or dossier.clock
    facts["appointmentDate"] = times.seconds(times.due(held, 1))
    opened.update(
        answered=True,
        answerId=answer.get("id", opened["id"]),
        receivedDate=answer.get("receivedDate") or times.seconds(tick(dossier)),
        receivedBy={"fullname": OFFICIALS[0][0]},
        receivedInfo=answer.get("content"),
        files=answer.get("files") or [],
        appointmentAfter=facts["appointmentDate"],
    )
    facts["reason"] = None
    touch(dossier)


def shown(dossier: Dossier, url: str) -> Facts:
    """Return the whole dossier as `--online` gives it; `url` is the address it was asked at."""
    results = [
        {**result, "url": url + result["url"]} if str(result.get("url", "")).startswith(FILE_PATH) else result
        for result in dossier.facts["results"]
    ]
    return {**dossier.facts, "results": results}


def row(dossier: Dossier) -> Facts:
    """Return what the search shows of a dossier (reference 7b)."""
    facts = {name: dossier.facts.get(name) for name in ROW}
    facts["applicant"] = {"data": {"fullname": dossier.facts["applicant"]["data"]["fullname"]}}
    return facts


def _set_dates(dossier: Dossier, status: int, at: dt.datetime) -> None:
    """Set the dates a status brings.

    Any official's act sets acceptedDate and appointmentDate where they are missing, a refusal too: the portal
    asks for both in every record (reference section 2, NgayTiepNhan and NgayHenTra are R).
    """
    facts, stamp = dossier.facts, times.seconds(at)
    if status != REGISTERED and not facts["acceptedDate"]:
        facts["acceptedDate"] = stamp
        facts["appointmentDate"] = times.seconds(times.due(at, dossier.days))
    for named, name in ((NOT_ACCEPTED, "rejectedDate"), (RETURNED, "returnedDate")):
        if status == named:
            facts[name] = stamp
    if status == FINISHED or (status in ENDED and not facts["completedDate"]):
        facts["completedDate"] = stamp


def _charge(dossier: Dossier) -> None:
    if dossier.fee and not dossier.facts["fees"]:
        fee = {"id": "1", "code": "LP01", "name": "Lệ phí", "kind": 2, "collected": 1, "amount": dossier.fee}
        dossier.facts["fees"] = [fee]


def _ask_supplement(dossier: Dossier, at: dt.datetime, official: str, content: str) -> None:
    rounds = dossier.facts["supplements"]
    rounds.append(
        {
            "id": f"BS-{dossier.facts['code']}-{len(rounds) + 1}",
            "requestedBy": {"fullname": official},
            "content": content,
            "requestedDate": times.seconds(at),
            "answerUntil": times.seconds(times.due(at, 5)),
            "answered": False,
            "receivedDate": None,
            "files": [],
            "appointmentBefore": dossier.facts["appointmentDate"],
            "appointmentAfter": None,
        }
    )


def _issue_result(dossier: Dossier, at: dt.datetime) -> None:
    code = dossier.facts["code"]
    result: Facts = {
        "id": stable_id(code, "result"),
        "name": dossier.result_name,
        "number": f"{code.rsplit('-', 1)[-1]}/KQ",
        "issuedDate": times.seconds(at),
        "url": f"{FILE_PATH}/{dossier.facts['id']}.pdf",
    }
    if dossier.result_code:
        result["resultCode"] = dossier.result_code
    if dossier.group in RESULT_KINDS:
        result["kind"] = RESULT_KINDS[dossier.group]
    dossier.facts["results"].append(result)


def _task(
    dossier: Dossier,
    status: int,
    span: tuple[dt.datetime, dt.datetime],
    official: tuple[str, str],
    content: str,
) -> Facts:
    facts = dossier.facts
    return {
        "id": stable_id(facts["code"], "task", len(facts["tasks"])),
        "name": STATUS_NAMES[status],
        "status": status_word(status),
        "assignee": {
            "fullname": official[0],
            "position": official[1],
            "department": facts["agency"]["name"],
        },
        "content": content,
        "startedDate": times.seconds(span[0]),
        "dueDate": facts["appointmentDate"],
        "completedDate": times.seconds(span[1]),
    }
