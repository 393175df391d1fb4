"""What keeping a message means, as a pure function: the fold, the deliveries, the legs it answers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bus.flows import read_routes
from bus.ledger.records import Keep, Past, Plan, Told
from bus.planning import Planner
from mappings.dossier import MESSAGES, Dossier, Message, Step, Withdrawal
from mappings.fold import State
from mappings.source import read_file

ROUTES = Path(__file__).parents[2] / "bus" / "routes" / "every_dossier.toml"
START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OPERATIONS = {
    "onestop": frozenset({"create_dossier", "update_dossier", "add_supplement", "withdraw", "add_result"}),
    "national_portal": frozenset({"sync_record", "add_progress", "set_status"}),
}
SUBMITTED = Dossier(code="G22.99-261123-000001", subject="Đăng ký khai sinh", status="registered")
ACCEPTED = Dossier(code="H12.06-261123-0001", status="accepted", accepted_at=START)
STEP = Step(id="t1", code="H12.06-261123-0001", status="accepted", at=START, handler="A", content="Đã nhận")
WITHDRAWAL = Withdrawal(id="rut", code="G22.99-261123-000001", asked_at=START)


@pytest.fixture(scope="module")
def planner() -> Planner:
    """Plans by the shipped routes."""
    routes = read_routes([read_file(ROUTES)], operations=OPERATIONS, messages=MESSAGES)
    return Planner(routes, {"national_portal.sync_record": False, "onestop.create_dossier": True})


def keep(kind: str, body: Message | None, minutes: int = 0) -> Keep:
    """A message to be kept."""
    values: dict[str, Any] = {"key": kind, "digest": b"", "raw": b"", "codes": {}, "traceparent": ""}
    as_of = (START + timedelta(minutes=minutes)).timestamp()
    return Keep(source=kind.partition(".")[0], kind=kind, body=body, as_of=as_of, **values)


def legs(plan: Plan) -> list[str]:
    """The names of the legs that are to be sent."""
    return [one.route.rpartition(".")[2] for one in plan.deliveries]


def test_a_submission_opens_the_leg_that_awaits_the_one_stop(planner: Planner) -> None:
    """It goes to the one-stop, appended, and expects an answer."""
    plan = planner.plan(None, keep("national_portal.dossier", SUBMITTED), withdrawn=False)
    (delivery,) = plan.deliveries
    assert (delivery.connector, delivery.operation) == ("onestop", "create_dossier")
    assert (delivery.appends, delivery.expects, delivery.sends) == (True, True, True)


def test_the_one_stop_s_record_answers_it_and_goes_out_from_acceptance_on(planner: Planner) -> None:
    """A record that is only registered is no news to the portal, which told it itself."""
    first = planner.plan(None, keep("national_portal.dossier", SUBMITTED), withdrawn=False)
    early = planner.plan(first.state, keep("onestop.dossier", Dossier(status="registered")), withdrawn=False)
    later = planner.plan(first.state, keep("onestop.dossier", ACCEPTED), withdrawn=False)
    answers = (Told("every_dossier.take_in", "answer"),)
    assert [plan.told for plan in (early, later)] == [answers] * 2
    assert (legs(early), legs(later)) == ([], ["record_out"])
    assert not later.deliveries[0].appends


def test_an_operation_that_nobody_declared_appends(planner: Planner) -> None:
    """The safe guess: what appends is never superseded by a newer one."""
    plan = planner.plan(None, keep("onestop.step", STEP), withdrawn=False)
    assert [(one.operation, one.appends) for one in plan.deliveries] == [("add_progress", True)]


def test_a_withdrawn_dossier_starts_only_what_tells_of_it(planner: Planner) -> None:
    """The withdrawal itself is sent; a submission after it is not; the record's end still goes out."""
    plan = planner.plan(None, keep("national_portal.withdrawn", WITHDRAWAL), withdrawn=False)
    assert (plan.withdraws, legs(plan)) == (True, ["withdraw_in"])
    after = planner.plan(plan.state, keep("national_portal.dossier", SUBMITTED), withdrawn=True)
    assert legs(after) == []
    ended = planner.plan(plan.state, keep("onestop.dossier", Dossier(status="withdrawn")), withdrawn=True)
    assert legs(ended) == ["record_out"]


def test_a_dossier_as_of_a_message_is_the_fold_at_that_message(planner: Planner) -> None:
    """Folding the kept messages again gives what stood there as each was kept."""
    told: list[tuple[str, Message]] = [
        ("national_portal.dossier", SUBMITTED),
        ("onestop.dossier", ACCEPTED),
        ("onestop.step", STEP),
        ("onestop.dossier", msgspec.structs.replace(ACCEPTED, status="finished")),
    ]
    state: bytes | None = None
    history: tuple[Past, ...] = ()
    for minutes, (kind, body) in enumerate(told):
        kept = keep(kind, body, minutes)
        state = planner.plan(state, kept, withdrawn=False).state
        history = (*history, Past(kept.source, kind, kept.as_of, msgspec.json.encode(body)))
        assert (
            planner.as_of(b"", history) == planner.as_of(state, ()) == msgspec.json.decode(state, type=State)
        )
    assert planner.as_of(b"", history).whole.status == "finished"
    assert planner.as_of(b"", history[:2]).whole.status == "accepted"


def test_two_folds_merge_to_what_folding_all_would_give(planner: Planner) -> None:
    """Which of the two numbers was known first does not matter."""
    one = planner.plan(None, keep("national_portal.dossier", SUBMITTED), withdrawn=False).state
    other = planner.plan(None, keep("onestop.dossier", ACCEPTED, 1), withdrawn=False).state
    both = planner.plan(one, keep("onestop.dossier", ACCEPTED, 1), withdrawn=False).state
    wholes = [planner.as_of(planner.merge(*pair), ()).whole for pair in ((one, other), (other, one))]
    assert wholes == [planner.as_of(both, ()).whole] * 2


def test_what_has_no_body_or_no_message_is_a_mistake_of_ours(planner: Planner) -> None:
    """A parked message is never planned, and a dossier has at least one message."""
    with pytest.raises(ValueError, match="without a body"):
        planner.plan(None, keep("national_portal.dossier", None), withdrawn=False)
    with pytest.raises(ValueError, match="without messages"):
        planner.as_of(b"", ())
