"""Every move of every delivery, noted by the database: triggers that a drill puts into its own ledger."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bus.ledger.ledger import read_only
from bus.ledger.moves import is_legal
from bus.ledger.store import Store

_NUMBER = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "BIGSERIAL PRIMARY KEY"}
_TABLE = (
    "CREATE TABLE drill_move (number {number}, delivery BIGINT, dossier BIGINT, before TEXT, after TEXT,"
    " attempt_before BIGINT, attempt_after BIGINT)"
)
_NOTE = (
    "INSERT INTO drill_move (delivery, dossier, before, after, attempt_before, attempt_after) VALUES"
    " (NEW.id, NEW.dossier, {before}, NEW.state, {attempt}, NEW.attempt);"
)
_MOVED = (
    "OLD.state <> NEW.state OR OLD.attempt <> NEW.attempt OR (OLD.changed_at <> NEW.changed_at AND"
    " OLD.state IN ('delivered', 'refused', 'superseded', 'discarded'))"
)
"""What is noted: every move, and an end that is written once more."""
_SQLITE = (
    "CREATE TRIGGER drill_entry AFTER INSERT ON delivery BEGIN {entry} END",
    "CREATE TRIGGER drill_change AFTER UPDATE ON delivery WHEN {moved} BEGIN {change} END",
)
_POSTGRES = (
    "CREATE FUNCTION drill_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {entry} RETURN NEW; END $$",
    "CREATE FUNCTION drill_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {change} RETURN NEW; END $$",
    "CREATE TRIGGER drill_entry AFTER INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION drill_entry()",
    (
        "CREATE TRIGGER drill_change AFTER UPDATE ON delivery FOR EACH ROW WHEN ({moved})"
        " EXECUTE FUNCTION drill_change()"
    ),
)
_ILLEGAL = text(
    "SELECT delivery, dossier, before, after, attempt_before, attempt_after FROM drill_move ORDER BY number"
)
_ABSENT = text(
    "SELECT count(*) FROM attempt WHERE delivery = :delivery AND attempt = :attempt AND part > 0"
    " AND outcome IN ('ready', 'retrying')"
)
"""Whether the peer was asked about an attempt and does not have it: then it is no longer unknown (rule 7)."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a delivery that no rule allows."""

    delivery: int
    dossier: int
    text: str


def watch(ledger: str) -> None:
    """Have a ledger that stands already note every move from now on. Once."""
    store = Store(ledger, serve=False)
    kind = "sqlite" if store.is_sqlite else "postgresql"
    notes = {
        "entry": _NOTE.format(before="NULL", attempt="0"),
        "moved": _MOVED,
        "change": _NOTE.format(before="OLD.state", attempt="OLD.attempt"),
    }
    try:
        with store.write() as tx:
            tx.execute(text(_TABLE.format(number=_NUMBER[kind])))
            for statement in _SQLITE if store.is_sqlite else _POSTGRES:
                tx.exec_driver_sql(statement.format(**notes))
    finally:
        store.close()


def illegal_moves(ledger: str) -> list[Move]:
    """What no rule allows: a move that is not in the table, an end written over, an attempt that fell."""
    return read_only(ledger, lambda tx: list(_illegal(tx)))


def _illegal(tx: Connection) -> Iterator[Move]:
    for row in tx.execute(_ILLEGAL):
        if row.before == row.after and row.attempt_before == row.attempt_after:
            yield Move(row.delivery, row.dossier, f"{row.after} was written over by another settle")
        elif not is_legal(row.before, row.after) and not _was_absent(tx, row):
            yield Move(row.delivery, row.dossier, f"{row.before or 'nothing'} became {row.after}")
        elif row.attempt_after < row.attempt_before:
            yield Move(row.delivery, row.dossier, f"attempt {row.attempt_before} became {row.attempt_after}")


def _was_absent(tx: Connection, row: Any) -> bool:
    """Withdrawn while its outcome was unknown, and the peer does not have it: two moves in one."""
    asked = {"delivery": row.delivery, "attempt": row.attempt_before}
    return (row.before, row.after) == ("unknown", "superseded") and bool(tx.execute(_ABSENT, asked).scalar())


def moves(ledger: str) -> int:
    """How many moves were noted."""
    return read_only(ledger, lambda tx: int(tx.execute(text("SELECT count(*) FROM drill_move")).scalar_one()))
