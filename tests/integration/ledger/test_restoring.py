"""A ledger restored from a backup: nothing open is sent before its peer was asked, no number comes twice."""

import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from bus.errors import NotPossibleError
from bus.ledger import backup, epoch, read, schema
from bus.ledger.handling_records import Advance, Discard, Retry
from bus.ledger.ledger import Ledger
from bus.ledger.records import Claim, Settle
from bus.ledger.store import Store
from tests.integration.ledger.conftest import keep_of, merge, plan

pytestmark = pytest.mark.integration

_d = schema.delivery.c

LONG_AGO, SINCE = 1.0, 4e9
"""As of when sources knew things: before any restore, and after it."""


def _states(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.store.read() as tx:
        rows = tx.execute(select(_d.state, _d.doubt).order_by(_d.id))
        return [(row.state, row.doubt) for row in rows]


async def _worked(ledger: Ledger) -> None:
    """One delivery delivered, one under way, one that waits behind it, one ready elsewhere."""
    done = await ledger.keep(keep_of("portal.supplement", "k0", {"portal": "P0"}))
    claimed = await ledger.claim(Claim(done.ready[0].delivery, ledger.store.holder, 60.0))
    assert claimed is not None
    await ledger.settle(Settle(claimed.delivery, 1, ledger.store.holder, "delivered", view=("k0", b"k0")))
    first = await ledger.keep(keep_of("portal.supplement", "k1", {"portal": "P1"}))
    await ledger.claim(Claim(first.ready[0].delivery, ledger.store.holder, 60.0))
    await ledger.keep(keep_of("portal.supplement", "k2", {"portal": "P1"}))
    await ledger.keep(keep_of("onestop.dossier", "k3", {"onestop": "O1"}))


async def test_what_was_open_is_unknown_and_what_waits_is_asked_about_at_its_turn(
    ledger_url: str,
) -> None:
    """Ends stay ends; the attempt of the old epoch is no longer the row's."""
    ledger = Ledger(Store(ledger_url), plan, merge)
    await _worked(ledger)
    ledger.close()
    store = Store(ledger_url)
    begun = epoch.begin(store, time.time(), "root")
    store.close()
    assert begun == epoch.Begun(1, 3)
    ledger = Ledger(Store(ledger_url), plan, merge)
    assert _states(ledger) == [
        ("delivered", ""),
        ("unknown", "open"),
        ("waiting", "restored"),
        ("unknown", "open"),
    ]
    late = await ledger.settle(Settle(2, 1, ledger.store.holder, "retrying"))
    assert not late.applied
    asked = await ledger.claim(Claim(2, ledger.store.holder, 60.0))
    assert asked is not None
    assert asked.state == "unknown"
    await ledger.settle(Settle(2, asked.attempt, ledger.store.holder, "delivered", lookup=True))
    assert _states(ledger)[1:3] == [("delivered", ""), ("unknown", "restored")]
    assert ledger.look(read.account).unaccounted == 0
    ledger.close()


async def test_what_a_source_said_before_the_restore_is_asked_about_and_later_things_are_sent(
    ledger_url: str,
) -> None:
    """The process that is gone may have told the peer what is read again; of what is new it knew nothing."""
    store = Store(ledger_url)
    epoch.begin(store, time.time(), "root")
    store.close()
    ledger = Ledger(Store(ledger_url), plan, merge)
    again = await ledger.keep(keep_of("portal.supplement", "k1", {"portal": "P1"}, as_of=LONG_AGO))
    fresh = await ledger.keep(keep_of("portal.supplement", "k2", {"portal": "P2"}, as_of=SINCE))
    assert again.ready == ()
    assert len(fresh.ready) == 1
    assert _states(ledger) == [("unknown", "restored"), ("ready", "")]
    ledger.close()


async def test_no_number_is_given_twice(ledger_url: str) -> None:
    """What came after the backup had numbers that others may have seen, such as a receipt."""
    ledger = Ledger(Store(ledger_url), plan, merge)
    await _worked(ledger)
    ledger.close()
    store = Store(ledger_url)
    epoch.begin(store, time.time(), "root")
    epoch.begin(store, time.time(), "root")
    store.close()
    ledger = Ledger(Store(ledger_url), plan, merge)
    kept = await ledger.keep(keep_of("portal.supplement", "k9", {"portal": "P9"}, as_of=SINCE))
    assert kept.message > 2 * epoch.GAP
    assert kept.ready[0].delivery > 2 * epoch.GAP
    ledger.close()


async def test_a_copy_taken_while_it_is_served_accounts_for_everything(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Put back into an empty place it is the ledger as it was; over another ledger it is refused."""
    url = ledger.store.url
    await _worked(ledger)
    copy = backup.copy_ledger(url, tmp_path)
    account = backup.proved(url, copy)
    await ledger.keep(keep_of("portal.supplement", "k4", {"portal": "P4"}))
    if url.startswith("sqlite"):
        assert account is not None
        assert sum(account.states.values()) == 4
        elsewhere = f"sqlite:///{tmp_path / 'other' / 'ledger.db'}"
        backup.put_back(elsewhere, copy)
        with pytest.raises(NotPossibleError, match="there is a ledger already"):
            backup.put_back(elsewhere, copy)
        store = Store(elsewhere, serve=False)
        with store.read() as tx:
            assert read.account(tx) == account
        store.close()
    else:
        with pytest.raises(NotPossibleError, match="a ledger in this database already"):
            backup.put_back(url, copy)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS put_back")
            connection.execute("CREATE DATABASE put_back")
        elsewhere = f"{url.rpartition('/')[0]}/put_back"
        backup.put_back(elsewhere, copy)
        store = Store(elsewhere, serve=False)
        with store.read() as tx:
            assert sum(read.account(tx).states.values()) == 4
        store.close()


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    """Its bytes are read all before anything believes it."""
    copy = tmp_path / "ledger.db"
    copy.write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    with pytest.raises(NotPossibleError, match="damaged"):
        backup.proved("sqlite:///x", copy)


async def test_what_is_dead_in_a_backup_is_asked_about_before_a_person_sends_it_again(
    ledger_url: str,
) -> None:
    """It may have been sent again after the backup: neither given up nor sent before its peer was asked."""
    ledger = Ledger(Store(ledger_url), plan, merge)
    kept = await ledger.keep(keep_of("portal.dossier", "k1", {"portal": "P1"}))
    number = kept.ready[0].delivery
    await ledger.claim(Claim(number, ledger.store.holder, 60.0))
    await ledger.settle(Settle(number, 1, ledger.store.holder, "dead"))
    ledger.close()
    store = Store(ledger_url)
    epoch.begin(store, time.time(), "root")
    store.close()
    ledger = Ledger(Store(ledger_url), plan, merge)
    assert _states(ledger) == [("dead", "restored")]
    with pytest.raises(NotPossibleError, match="may have it"):
        await ledger.act(Discard(str(number), "lan", "old"))
    await ledger.act(Retry((str(number),), "lan", "the peer was mended"))
    await ledger.act(Advance())
    assert _states(ledger) == [("unknown", "restored")]
    asked = await ledger.claim(Claim(number, ledger.store.holder, 60.0))
    assert asked is not None
    assert asked.state == "unknown"
    await ledger.settle(Settle(number, asked.attempt, ledger.store.holder, "ready", lookup=True))
    assert _states(ledger) == [("ready", "")]
    ledger.close()
