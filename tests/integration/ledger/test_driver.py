"""Many rows as one statement: the same in the table as one statement a row."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError

from bus.ledger import schema
from bus.ledger.driver import many
from bus.ledger.driver import select as rows_of
from bus.ledger.ledger import Ledger

pytestmark = pytest.mark.integration

EVENT = schema.leg
INSERT = EVENT.insert()
CLOSE = (
    update(EVENT)
    .where(EVENT.c.dossier == bindparam("owner"), EVENT.c.state == "open")
    .values(state="done", answered_by=bindparam("by"), ended_at=EVENT.c.opened_at + 1)
)


def leg(number: int, **more: Any) -> dict[str, Any]:
    """A leg's row."""
    return {"dossier": number, "route": "flow.leg", "state": "open", "started_by": 1, "opened_at": 2.0} | more


def state(tx: Connection) -> list[tuple[Any, ...]]:
    """What the table has."""
    query = select(EVENT.c.dossier, EVENT.c.state, EVENT.c.answered_by, EVENT.c.ended_at).order_by(
        EVENT.c.dossier
    )
    return [tuple(row) for row in tx.execute(query)]


@given(count=st.integers(1, 200), closed=st.sets(st.integers(0, 220)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_written_and_only_the_named_ones_change(
    ledger: Ledger, count: int, closed: set[int]
) -> None:
    """Whatever the number of rows, which are no multiple of a part's; constants in the statement hold."""
    with ledger.store.write() as tx:
        tx.execute(EVENT.delete())
        many(tx, INSERT, [leg(number) for number in range(count)])
        many(tx, CLOSE, [{"owner": number, "by": number + 7} for number in sorted(closed)])
        assert state(tx) == [
            (number, "done", number + 7, 3.0) if number in closed else (number, "open", None, None)
            for number in range(count)
        ]


def test_an_update_passes_over_rows_that_do_not_meet_its_condition(ledger: Ledger) -> None:
    """`WHERE state = 'open'` holds for every row of the values."""
    with ledger.store.write() as tx:
        many(tx, INSERT, [leg(1), leg(2, state="refused")])
        many(tx, CLOSE, [{"owner": 1, "by": 5}, {"owner": 2, "by": 5}])
        assert [row[:3] for row in state(tx)] == [(1, "done", 5), (2, "refused", None)]


def test_lists_and_words_find_their_rows(ledger: Ledger) -> None:
    """A list of numbers, a list of Vietnamese texts with quotes, an empty one."""
    table, words = schema.identity, ["H12-đơn", 'a"b', "c'd"]
    by_code = select(table.c.code).where(
        table.c.source == bindparam("first"), table.c.code.in_(bindparam("codes", expanding=True))
    )
    by_owner = select(table.c.code).where(table.c.dossier.in_(bindparam("ids", expanding=True)))
    with ledger.store.write() as tx:
        many(tx, table.insert(), [{"source": "p", "code": code, "dossier": 9} for code in words])
        assert sorted(rows_of(tx, by_code, first="p", codes=[*words, "other"])) == sorted((w,) for w in words)
        assert rows_of(tx, by_code, first="p", codes=[]) == []
        assert len(rows_of(tx, by_owner, ids=[1, 9, 2**40])) == 3


def test_a_refusal_of_the_database_is_sqlalchemy_s_and_tells_no_value(ledger: Ledger) -> None:
    """The values of a statement may be a citizen's; the error has none of them."""
    table = schema.identity
    rows = [{"source": "p", "code": "079203001234", "dossier": 1}] * 2
    with pytest.raises(IntegrityError) as caught, ledger.store.write() as tx:
        many(tx, table.insert(), rows)
    assert ledger.store.is_sqlite is False or "079203001234" not in str(caught.value)


def test_no_rows_are_no_work(ledger: Ledger) -> None:
    """An empty list changes nothing and needs no keys."""
    with ledger.store.write() as tx:
        many(tx, INSERT, [])
        assert state(tx) == []
