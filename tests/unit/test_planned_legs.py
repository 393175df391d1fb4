"""What keeping a message means, with the shipped tables and routes of the test's own."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bus.calendar import ZONE, WorkingCalendar
from bus.flows import read_routes
from bus.ledger.records import Keep, Plan
from bus.planning import Planner
from mappings.derived import Derivation
from mappings.dossier import MESSAGES, Agency, Dossier, Message
from mappings.source import read
from mappings.tables import load

TABLES = load([Path(__file__).parents[2] / "deploy" / "tables"])
OPERATIONS = {"onestop": frozenset({"hand_over"})}
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
WARD, OTHER_WARD = "H12.36", "H12.37"


def planner(when: str, **more: Any) -> Planner:
    """A planner of one flow with one leg, whose `when` is given."""
    text = (
        f'[[flow]]\nname = "f"\nwhen = {when}\n[[flow.leg]]\nname = "l"\non = "onestop.dossier"\n'
        f'send = "onestop.hand_over"\n{more.pop("leg", "")}\n'
    )
    tables = Derivation(TABLES)
    source = read(text, "f.toml")
    routes = read_routes([source], operations=OPERATIONS, messages=MESSAGES, derivable=tables.values)
    return Planner(routes, {"onestop.hand_over": True}, **{"derive": tables, **more})


def keep(body: Message, *, kind: str = "onestop.dossier", source: str = "onestop") -> Keep:
    """A message to keep."""
    return Keep(
        source=source,
        kind=kind,
        key="k",
        digest=b"d",
        raw=b"{}",
        body=body,
        codes={},
        as_of=AT.timestamp(),
        traceparent="",
    )


def planned(found: Planner, body: Message, state: bytes | None = None) -> Plan:
    """The plan for a message that is kept."""
    return found.plan(state, keep(body), False)  # noqa: FBT003  the ledger's signature


def agencies(intake: str, handling: str) -> dict[str, Agency]:
    """Who took a dossier in and who handles it."""
    return {"intake_agency": Agency(code=intake), "handling_agency": Agency(code=handling)}


@pytest.mark.parametrize(
    ("when", "inside", "outside"),
    [
        ('{ procedure_group = "birth_card" }', Dossier(procedure="2.000986"), Dossier(procedure="9.100001")),
        ("{ on_the_spot = true }", Dossier(procedure="9.100001"), Dossier(procedure="1.001193")),
        (
            "{ intake_elsewhere = true }",
            Dossier(**agencies(OTHER_WARD, WARD)),  # type: ignore[arg-type]  # two fields of one type
            Dossier(**agencies(WARD, WARD)),  # type: ignore[arg-type]
        ),
        (
            '{ procedure_group = "insurance", on_the_spot = true }',
            Dossier(procedure="9.100001"),
            Dossier(procedure="9.100001", on_the_spot=False),
        ),
    ],
)
def test_a_route_fires_on_what_the_tables_tell(when: str, inside: Dossier, outside: Dossier) -> None:
    """Each derived field, true of one dossier and not of another; of one that nothing is known of, none."""
    found = planner(when)
    assert [one.route for one in planned(found, inside).deliveries] == ["f.l"]
    assert planned(found, outside).deliveries == ()
    assert planned(found, Dossier()).deliveries == ()


def test_what_is_derived_looks_at_the_dossier_as_all_say_it() -> None:
    """The procedure came with an earlier message of another system."""
    found = planner('{ procedure_group = "birth_card" }')
    first = keep(Dossier(procedure="2.000986"), kind="national_portal.dossier", source="national_portal")
    state = found.plan(None, first, False).state  # noqa: FBT003  the ledger's signature
    assert [one.route for one in planned(found, Dossier(), state).deliveries] == ["f.l"]


def test_within_is_a_due_date_of_the_working_calendar() -> None:
    """Four working hours from Friday 15:00 end on Monday 09:00; with that Monday off, on Tuesday."""
    friday = datetime(2026, 10, 16, 15, tzinfo=ZONE)
    leg = 'expects = "onestop.result"\nwithin = "4 working hours"'
    when = '{ channel = "online" }'
    for off, due in ((frozenset[date](), 19), (frozenset({date(2026, 10, 19)}), 20)):
        found = planner(when, leg=leg, calendar=WorkingCalendar(days_off=off))
        (one,) = planned(found, Dossier(channel="online")).deliveries
        assert one.clock
        assert datetime.fromtimestamp(one.clock(friday.timestamp()), ZONE) == friday.replace(day=due, hour=9)


def test_a_leg_without_within_has_no_clock() -> None:
    """Only legs with a clock cost anything."""
    (one,) = planned(planner("{ on_the_spot = true }"), Dossier(on_the_spot=True)).deliveries
    assert one.clock is None


def test_tables_are_asked_only_where_a_route_looks_at_them() -> None:
    """Planning runs inside the keeping transaction: a route that names no derived field costs nothing."""
    asked: list[Dossier] = []

    def derive(dossier: Dossier) -> dict[str, Any]:
        asked.append(dossier)
        return {}

    for when, times in (('{ channel = "online" }', 0), ("{ on_the_spot = true }", 1)):
        asked.clear()
        planned(planner(when, derive=derive), Dossier())
        assert len(asked) == times
