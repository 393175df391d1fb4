"""How SQLite finds the rows of the ledger's statements: what runs at every message reads no whole table."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, inspect, text

from bus.ledger import beliefs
from bus.ledger.ledger import Ledger
from bus.ledger.records import EventsTold, TakeEvents
from bus.ledger.store import Store
from bus.ledger.sweep_records import GivenUp, Sweep
from tests.integration.ledger.conftest import keep_of, merge, plan
from tests.integration.ledger.test_behaviour import P1, claim, only, settle

pytestmark = pytest.mark.integration

_LAST = re.compile(r"SELECT .* ORDER BY \w+\.id DESC\s+LIMIT 1\b", re.DOTALL)
"""Read by the key from its end: SQLite calls that a scan, and it ends with the first row."""
_WHOLE = re.compile(r"SCAN (message|payload|delivery|attempt|dossier|dossier_state|identity|leg|peer_view)$")


async def test_no_statement_of_a_message_s_life_reads_a_whole_table(tmp_path: Path) -> None:
    """Kept, merged, claimed, swept, settled, withdrawn and told: each by a key or a partial index."""
    file = tmp_path / "ledger.db"
    ledger = Ledger(Store(f"sqlite:///{file}"), plan, merge)
    said: list[str] = []
    with ledger.store.write() as tx:
        raw = tx.connection.dbapi_connection
        assert raw is not None
        raw.set_trace_callback(said.append)
    claimed = await claim(ledger, only(await ledger.keep(keep_of("portal.dossier", "k1", P1))))
    await ledger.keep(keep_of("onestop.dossier", "k2", {"onestop": "H12-1"}))
    await ledger.keep(keep_of("onestop.step", "k3", {**P1, "onestop": "H12-1"}))
    await ledger.sweep(
        Sweep({"": 0.0}, shut=frozenset({"tax"}), hurry=frozenset({"portal.sync"}), first=True)
    )
    says = (keep_of("onestop.step", "said", {}, dossier=claimed.dossier),)
    await settle(ledger, claimed, "delivered", says=says, view=("", b"digest"))
    await ledger.keep(keep_of("portal.withdrawn", "k4", P1))
    await ledger.give_up(GivenUp((claimed.delivery,)))
    events = await ledger.take_events(TakeEvents(10, 60.0))
    await ledger.events_told(EventsTold(tuple(event.id for event in events), ()))
    ledger.close()
    texts = {text for text in said if re.match(r"SELECT|UPDATE|DELETE|INSERT|WITH", text)}
    assert len(texts) > 30
    with sqlite3.connect(file) as plain:
        plans = {text: [row[3] for row in plain.execute(f"EXPLAIN QUERY PLAN {text}")] for text in texts}
    plain.close()
    whole = {text for text, plan in plans.items() if any(map(_WHOLE.match, plan))}
    assert {text: plans[text] for text in whole if " WHERE " in text or not _LAST.match(text)} == {}


def test_what_was_delivered_on_a_day_is_found_by_its_time(tmp_path: Path) -> None:
    """`reconcile` reads the deliveries of a day, with the values apart from the text as it really asks."""
    store = Store(f"sqlite:///{tmp_path / 'ledger.db'}")
    asked: list[tuple[str, tuple[object, ...]]] = []

    def heard(*told: Any) -> None:
        asked.append((told[2], told[3]))

    event.listen(store.reader, "before_cursor_execute", heard)
    with store.read() as tx:
        assert beliefs.shown_between(tx, "portal", "sync", 1.0, 2.0) == []
        query, values = asked[-1]
        plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]
    store.close()
    by_time = "USING INDEX delivery_delivered (connector=? AND operation=? AND changed_at>? AND changed_at<?)"
    assert f"SEARCH delivery {by_time}" in plan
    assert [step for step in plan if step.startswith("SCAN")] == []


def test_a_ledger_of_before_gets_the_index_with_its_next_start(ledger_url: str) -> None:
    """On both databases; a start after that finds it there."""
    store = Store(ledger_url)
    with store.write() as tx:
        tx.execute(text("DROP INDEX delivery_delivered"))
        tx.execute(text("UPDATE alembic_version SET version_num = '0016'"))
    store.close()
    for _start in range(2):
        store = Store(ledger_url)
        with store.read() as tx:
            (found,) = (
                one for one in inspect(tx).get_indexes("delivery") if one["name"] == "delivery_delivered"
            )
            assert found["column_names"] == ["connector", "operation", "changed_at"]
        store.close()
