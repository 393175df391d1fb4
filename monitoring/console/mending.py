"""What people do about what failed: send again in stages, give up, correct, decide. All is recorded."""

import json
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import FromPath
from litestar.response import Redirect

from bus.errors import NotPossibleError
from bus.failures import Done, Failures
from bus.ledger import failures as ask
from bus.ledger.handling_records import ALL_STAGES
from bus.ledger.people import Note
from monitoring.console.dossiers import row_number
from monitoring.console.given import Act, Look, Visit
from monitoring.console.page import go

RUNS, ITEMS = 50, 200
"""How many a page shows."""


def _failures(visit: Visit) -> Failures:
    visit.visitor.need("act")
    if visit.desk.failures is None:
        raise NotFoundException
    return visit.desk.failures


@post("/failed/retry")
async def retry_group(act: Act) -> Redirect:
    """Send a whole group again: in stages that stop by themselves, or all at once."""
    wanted = act.form.get("group", "")
    groups = await act.desk.ledger.ask(ask.groups)
    subjects = next((group.subjects for group in groups if group.key == wanted), ())
    if not subjects:
        raise NotPossibleError(act.t("failed.gone"))
    return await _retry(act, subjects, staged=act.form.get("staged") == "yes")


@post("/retry/{subject:str}")
async def retry_one(act: Act, subject: FromPath[str]) -> Redirect:
    """Send one delivery ("12") again, or read one message ("m7") again."""
    return await _retry(act, (subject,), staged=False)


async def _retry(act: Act, subjects: tuple[str, ...], *, staged: bool) -> Redirect:
    stages = ALL_STAGES if staged else ()
    run = await _failures(act).retry(subjects, act.login, act.reason, stages=stages)
    return go(f"/retries/{run}")


@get("/retries")
async def retries(look: Look) -> Response[str]:
    """The newest retries, each with its account."""
    runs = await look.desk.ledger.ask(lambda tx: ask.runs(tx, limit=RUNS))
    return look.page("retries.html", runs=runs)


@get("/retries/{number:int}")
async def retry_page(look: Look, number: FromPath[int]) -> Response[str]:
    """One retry as it goes: requested = delivered + failed + skipped + under way."""
    run = await look.desk.ledger.ask(ask.run, row_number(number))
    if run is None:
        raise NotFoundException
    failed = await look.desk.ledger.ask(lambda tx: ask.items(tx, number, "failed", "skipped", limit=ITEMS))
    return look.page("retry.html", run=run, failed=failed)


@post("/retries/{number:int}/cancel")
async def cancel(act: Act, number: FromPath[int]) -> Redirect:
    """End a retry: what it has not sent off is skipped."""
    await _failures(act).cancel(row_number(number), act.login, act.reason)
    return go(f"/retries/{number}", told="cancel")


@post("/discard/{subject:str}")
async def discard(act: Act, subject: FromPath[str]) -> Redirect:
    """Give one up, or ask a colleague to agree to it."""
    done = await _failures(act).discard(subject, act.login, act.reason)
    return _after(done, "message" if subject.startswith("m") else "delivery", subject.removeprefix("m"))


@post("/delivery/{number:int}/tell")
async def tell(act: Act, number: FromPath[int]) -> Redirect:
    """Say what somebody saw at the peer of an unknown delivery."""
    saw = act.form.get("saw", "")
    if saw not in ("done", "absent"):
        raise NotPossibleError(act.t("mend.say"))
    await _failures(act).tell(row_number(number), act.login, act.reason, done=saw == "done")
    return go(f"/delivery/{number}", told="tell")


@post("/message/{number:int}/assign")
async def assign(act: Act, number: FromPath[int]) -> Redirect:
    """Give a message that matched nothing its dossier, by any of its numbers."""
    mender = _failures(act)
    await mender.assign(row_number(number), act.form.get("number", ""), act.login, act.reason)
    return go(f"/message/{number}", told="assign")


@post("/delivery/{number:int}/edit", status_code=200)
async def edit(act: Act, number: FromPath[int]) -> Response[Any]:
    """The request of a dead delivery to correct, which shows it (recorded), or its correction."""
    act.visitor.need("reveal")
    mender = _failures(act)
    if "tree" not in act.form:
        await act.desk.ledger.act(Note(act.login, "reveal", f"delivery {row_number(number)}", act.reason))
        draft = await mender.draft(number)
        return act.page("edit.html", draft=draft, tree=_laid_out(draft.request), wrong="")
    try:
        done, _ = await mender.edit(number, json.loads(act.form["tree"]), who=act.login, reason=act.reason)
    except (NotPossibleError, ValueError) as error:
        draft = await mender.draft(number)
        return act.page("edit.html", code=422, draft=draft, tree=act.form["tree"], wrong=str(error))
    return _after(done, "delivery", str(number))


def _laid_out(tree: Any) -> str:
    return json.dumps(msgspec.to_builtins(tree), ensure_ascii=False, indent=2)


def _after(done: Done, room: str, number: str) -> Redirect:
    """Where to go when something is done, or waits for a second person."""
    return (
        go(f"/{room}/{number}", told="done") if done.outcome == "done" else go("/proposals", told="proposed")
    )


@get("/proposals")
async def proposals(look: Look) -> Response[str]:
    """What waits for a second person."""
    return look.page("proposals.html", proposals=await look.desk.ledger.ask(ask.proposals))


@post("/proposals/{number:int}/{what:str}")
async def decide(act: Act, number: FromPath[int], what: FromPath[str]) -> Redirect:
    """Agree to what a colleague asked for, which is then done, or refuse it."""
    act.visitor.need("approve")
    if what not in ("agree", "refuse"):
        raise PermissionDeniedException("no such decision")
    await _failures(act).decide(row_number(number), act.login, act.reason, agree=what == "agree")
    return go("/proposals", told=what)


HANDLERS = (
    retry_group, retry_one, retries, retry_page, cancel, discard, tell, assign, edit, proposals, decide,
)  # fmt: skip
