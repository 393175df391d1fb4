"""What the one-stop refuses of what other authorities write, all problems at once; the limits are ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapters.onestop.simulator_checks import (
    AGENCY_CODE,
    TAX_CODE,
    URL,
    Body,
    Problem,
    Text,
    at,
    clean,
    each,
    texts,
    timely,
    whole,
)
from adapters.onestop.simulator_words import STATUS_NAMES

_ID: Final = Text("id", 100, required=True)
_STATES: Final = ("CON_NO", "DA_NOP", "MIEN", "KHONG")
_PAYMENTS: Final = ("DA_NOP", "KHONG_THANH_CONG", "DA_HUY")


def obliged(body: Body) -> list[Problem]:
    """Check what is owed: whole đồng, a payer's total the sum of the notices (reference 1.2d)."""
    return [*_word(body, "state", _STATES), *each(body, "payers", _payer), *clean(body)]


def paid(body: Body) -> list[Problem]:
    """Check a payment: whole đồng, more than none."""
    wanted = (_ID, Text("content", 2000), Text("reference", 100), Text("noticeNumber", 100))
    return [
        *texts(body, wanted),
        *timely(body, "paidDate"),
        *_amount(body, "amount", least=1),
        *(_word(body, "state", _PAYMENTS) if "state" in body else ()),
        *clean(body),
    ]


def met(body: Body) -> list[Problem]:
    """Check that what was paid is named."""
    if not isinstance(body.get("payments"), list):
        return [Problem("payments", "must be a list")]
    return [*each(body, "payments", _payment), *clean(body)]


def asked(body: Body) -> list[Problem]:
    """Check another authority's request for more papers."""
    wanted = (_ID, Text("content", 4000, required=True), Text("requestedBy.fullname", 500))
    return [*texts(body, wanted), *timely(body, "requestedDate", "answerUntil"), *clean(body)]


def stepped(body: Body) -> list[Problem]:
    """Check a step of another authority."""
    wanted = (_ID, Text("content", 4000, required=True), Text("assignee.fullname", 500, required=True))
    status = at(body, "status.id")
    known = type(status) is int and status in STATUS_NAMES
    return [
        *texts(body, wanted),
        *([] if known else [Problem("status.id", "must be one of 1 to 10")]),
        *_required_time(body, "completedDate"),
        *clean(body),
    ]


def resulted(body: Body) -> list[Problem]:
    """Check a result paper (giấy tờ kết quả) issued elsewhere."""
    wanted = (
        _ID,
        Text("name", 500, required=True),
        Text("number", 100),
        Text("url", 2000, URL),
        Text("kind", 50),
    )
    return [*texts(body, wanted), *timely(body, "issuedDate"), *clean(body)]


def revoked(body: Body) -> list[Problem]:
    """Check that a result is named."""
    return [*texts(body, (_ID, Text("reason", 500))), *clean(body)]


def readied(body: Body) -> list[Problem]:
    """Check what there is to hand out."""
    return [*each(body, "results", _named), *clean(body)]


def handed_over(body: Body) -> list[Problem]:
    """Check who hands a dossier to whom."""
    wanted = tuple(Text(f"{who}.code", 35, AGENCY_CODE, required=True) for who in ("fromAgency", "toAgency"))
    return [*texts(body, wanted), *clean(body)]


def returned(body: Body) -> list[Problem]:
    """Check a result that goes back."""
    return [*texts(body, (_ID, Text("name", 500, required=True))), *clean(body)]


def _payer(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, (Text("taxCode", 14, TAX_CODE),), prefix)
    yield from _amount(item, "total", prefix=prefix)
    for problem in each(item, "notices", _notice):
        yield problem._replace(field=prefix + problem.field)
    notices = item.get("notices") or []
    sums = [one["remaining"] for one in notices if isinstance(one, dict) and whole(one.get("remaining"))]
    if len(sums) == len(notices) and whole(item.get("total")) and sum(sums) != item["total"]:
        yield Problem(prefix + "total", "is not the sum of the notices")


def _notice(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, (Text("number", 100, required=True), Text("subsection", 20)), prefix)
    yield from _amount(item, "remaining", prefix=prefix)


def _payment(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, (_ID, Text("noticeNumber", 100)), prefix)
    yield from _amount(item, "amount", prefix=prefix, least=1)


def _named(item: Body, prefix: str) -> Iterator[Problem]:
    yield from texts(item, (Text("name", 500, required=True), Text("id", 100)), prefix)


def _word(body: Body, name: str, words: tuple[str, ...]) -> Iterator[Problem]:
    if body.get(name) not in words:
        yield Problem(name, f"must be one of {', '.join(words)}")


def _amount(body: Any, name: str, *, prefix: str = "", least: int = 0) -> Iterator[Problem]:
    if not whole(body.get(name), least):
        yield Problem(prefix + name, f"must be whole đồng, at least {least}")


def _required_time(body: Body, name: str) -> Iterator[Problem]:
    if body.get(name) in (None, ""):
        yield Problem(name, "is required")
    yield from timely(body, name)
