"""What others may write: create, update, supplement, withdrawal; more in `simulator_authorities`. All [I].

iGate's own writing calls are not published (reference 7b has reading ones), so these are ours, labelled so.
A create that comes twice makes two dossiers; an appended thing that comes twice is acknowledged twice; the
journal counts both as `duplicate`. A body may say `asOf`, when the writer knew it; an older one after a newer
is done all the same and counted `out_of_order`. A null says nothing, like a key that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters._kit.simulator_http import Answer, Request, json_answer
from adapters._kit.simulator_journal import Effect
from adapters.onestop import simulator_checks as checks
from adapters.onestop import simulator_dossier
from adapters.onestop import simulator_times as times
from adapters.onestop.simulator_checks import Problem
from adapters.onestop.simulator_dossier import Dossier, Facts
from adapters.onestop.simulator_opening import opened, worded
from adapters.onestop.simulator_site import Site
from adapters.onestop.simulator_words import SUPPLEMENT_REQUESTED, WITHDRAWABLE, WITHDRAWN

Act = Callable[[Site, Dossier, Facts], None]


class Append(msgspec.Struct, frozen=True):
    """One kind of thing that is added to a dossier by an `id` of its own."""

    operation: str
    check: Callable[[Facts], list[Problem]]
    allowed: Callable[[Dossier], bool]
    refusal: tuple[str, str]
    act: Act
    again: Callable[[Dossier], bool] = lambda _: False
    """whether one of another `id` is a repeat all the same"""
    key: Callable[[Facts], str] = lambda body: str(body["id"])
    """by what it is known"""
    sense: Callable[[Dossier, Facts], bool] = lambda *_: True
    """whether it fits the dossier; else it is refused with `nonsense`"""
    nonsense: tuple[str, str] = ("", "")


def create(site: Site, request: Request) -> Answer:
    """`POST /pa/dossier`: 201 `{id, code, nationCode, status}`. The same number again: a second dossier."""
    body = body_of(request)
    problems = shape(body) or checks.created(body, site.tables, times.now().date(), counter=False)
    if problems:
        return refused(site, request, ("create", _number(body)), invalid(problems))
    number = body["nationCode"]
    effect: Effect = "duplicate" if number in site.register.by_nation_code else "applied"
    dossier = opened(site, body)
    _enter(site, dossier)
    site.record("create", number, effect, request.request_id, code=dossier.facts["code"])
    return json_answer(_receipt(dossier), 201)


def counter(site: Site, request: Request) -> Answer:
    """`POST /_sim/counter {"dossiers": [...]}`: people come to the counter; bodies as in create, no number.

    All are taken in or none. Not an effect anybody asked for, so the journal has nothing of it.
    """
    bodies = msgspec.json.decode(request.body, type=dict[str, list[Facts]]).get("dossiers", [])
    day = times.now().date()
    for index, body in enumerate(bodies):
        problems = shape(body) or checks.created(body, site.tables, day, counter=True)
        if problems:
            return invalid([Problem(f"dossiers[{index}].{p.field}", p.message) for p in problems])
    dossiers = [opened(site, {"applyMethod": {"id": 1}, **body}) for body in bodies]
    for dossier in dossiers:
        _enter(site, dossier)
    return json_answer({"dossiers": [_receipt(dossier) for dossier in dossiers]}, 201)


def update(site: Site, request: Request) -> Answer:
    """`PUT /pa/dossier/{id}`: replaces the keys that the body has. The same content again is an `echo`."""
    dossier = site.register.by_id.get(request.parts["id"])
    if dossier is None:
        return unknown(site, request, "update")
    body = body_of(request)
    problems = shape(body) or checks.updated(body, dossier.facts)
    key = ("update", dossier.number)
    if problems:
        return refused(site, request, key, invalid(problems))
    changes = worded({name: value for name, value in body.items() if name not in ("asOf", *checks.FIXED)})
    if all(_same(dossier.facts.get(name), value) for name, value in changes.items()):
        return settled(site, request, key, "echo", dossier)
    if dossier.ended:
        return refused(site, request, key, conflict("DOSSIER_ENDED", "Hồ sơ đã kết thúc"))
    effect = _timely(dossier, body)
    dossier.facts.update(changes)
    _touched(site, dossier)
    return settled(site, request, key, effect, dossier)


def append(kind: Append) -> Callable[[Site, Request], Answer]:
    """Return the handler that adds one `kind` of thing to a dossier."""

    def handle(site: Site, request: Request) -> Answer:
        dossier = site.register.by_id.get(request.parts["id"])
        if dossier is None:
            return unknown(site, request, kind.operation)
        body = body_of(request)
        key = (kind.operation, dossier.number)
        problems = shape(body) or kind.check(body)
        if problems:
            return refused(site, request, key, invalid(problems))
        item = kind.key(body)
        if kind.again(dossier) or (kind.operation, item) in dossier.had:
            return settled(site, request, key, "duplicate", dossier, item)
        if not kind.allowed(dossier):
            return refused(site, request, key, conflict(*kind.refusal))
        if not kind.sense(dossier, body):
            return refused(site, request, key, conflict(*kind.nonsense))
        effect = _timely(dossier, body)
        dossier.had.add((kind.operation, item))
        kind.act(site, dossier, {name: value for name, value in body.items() if name != "asOf"})
        return settled(site, request, key, effect, dossier, item)

    return handle


def _add_supplement(site: Site, dossier: Dossier, body: Facts) -> None:
    simulator_dossier.answer_supplement(dossier, body)
    if dossier.interrupted is None:
        site.step(dossier, dossier.taken)
    else:
        site.resume(dossier)


def _withdraw(site: Site, dossier: Dossier, body: Facts) -> None:
    dossier.facts["withdrawal"] = body
    dossier.facts["reason"] = body.get("reason")
    site.bring_to(dossier, WITHDRAWN)


SUPPLEMENT = Append(
    "supplement",
    checks.supplemented,
    lambda dossier: dossier.status == SUPPLEMENT_REQUESTED,
    ("NOT_WAITING_FOR_SUPPLEMENT", "Hồ sơ không ở trạng thái yêu cầu bổ sung"),
    _add_supplement,
)
WITHDRAWAL = Append(
    "withdrawal",
    checks.withdrawn,
    lambda dossier: dossier.status in WITHDRAWABLE,
    ("DOSSIER_ENDED", "Hồ sơ đã xử lý xong hoặc đã kết thúc, không thể rút"),
    _withdraw,
    lambda dossier: dossier.status == WITHDRAWN,
)


def invalid(problems: list[Problem], status: int = 422) -> Answer:
    """Answer 422 (a body) or 400 (a query) with all: `{code, message, errors: [{field, message}]}`."""
    body = {
        "code": "VALIDATION_FAILED",
        "message": "Dữ liệu không hợp lệ",
        "errors": [problem._asdict() for problem in problems],
    }
    return json_answer(body, status)


def conflict(code: str, message: str) -> Answer:
    """Answer 409: a business "no"."""
    return json_answer({"code": code, "message": message, "errors": []}, 409)


def not_found(known: str) -> Answer:
    """Answer 404 for a dossier nobody has here."""
    body = {"code": "DOSSIER_NOT_FOUND", "message": f"Không tìm thấy hồ sơ {known}", "errors": []}
    return json_answer(body, 404)


def _enter(site: Site, dossier: Dossier) -> None:
    site.register.add(dossier)
    site.changed(dossier)
    site.expect_step(dossier)


def _touched(site: Site, dossier: Dossier) -> None:
    simulator_dossier.touch(dossier)
    site.changed(dossier)


def _timely(dossier: Dossier, body: Facts) -> Effect:
    as_of = times.read(body.get("asOf"))
    if as_of is None:
        return "applied"
    late = dossier.as_of is not None and as_of < dossier.as_of
    dossier.as_of = dossier.as_of if late else as_of
    return "out_of_order" if late else "applied"


def settled(
    site: Site, request: Request, key: tuple[str, str], effect: Effect, dossier: Dossier, item: str = ""
) -> Answer:
    """Note an effect in the journal and acknowledge it."""
    site.record(*key, effect, request.request_id, **({"id": item} if item else {}))
    return json_answer(_receipt(dossier) | ({"itemId": item} if item else {}))


def refused(site: Site, request: Request, key: tuple[str, str], answer: Answer) -> Answer:
    """Note a refusal in the journal and give the answer."""
    site.record(*key, "refused", request.request_id, status=answer.status)
    return answer


def unknown(site: Site, request: Request, operation: str) -> Answer:
    """Refuse what is about a dossier that nobody has here."""
    return refused(site, request, (operation, request.parts["id"]), not_found(request.parts["id"]))


def _receipt(dossier: Dossier) -> Facts:
    facts = dossier.facts
    names = ("id", "code", "nationCode", "updatedDate")
    return {name: facts.get(name) for name in names} | {"status": facts["statusCurrentTask"]}


def body_of(request: Request) -> Any:
    """Return the body without its nulls, which say nothing."""
    body = request.json()
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if value is not None}


def shape(body: Any) -> list[Problem]:
    """Return the problem of a body that is no object."""
    return [] if isinstance(body, Mapping) else [Problem("", "must be a JSON object")]


def _number(body: Any) -> str:
    number = body.get("nationCode") if isinstance(body, Mapping) else None
    return number if isinstance(number, str) else ""


def _same(held: Any, given: Any) -> bool:
    return held == given or (held in _NOTHING and given in _NOTHING)


_NOTHING: tuple[Any, ...] = (None, "", [], {})
