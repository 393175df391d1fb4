"""Rows found by pairs: a message by source and key, a dossier by system and number."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from bus.ledger import schema
from bus.ledger.driver import select as select_rows

SECONDS: BindParameter[str] = bindparam("seconds", expanding=True)
"""The second halves of pairs with one first half, `bindparam("first")`."""
NUMBERS = select(schema.identity.c.source, schema.identity.c.code, schema.identity.c.dossier).where(
    schema.identity.c.source == bindparam("first"), schema.identity.c.code.in_(SECONDS)
)


def of_pairs(tx: Connection, query: Select[Any], pairs: Iterable[tuple[str, str]]) -> Iterator[Any]:
    """The rows that have these pairs, one query for each first half: SQLite scans for `IN` with pairs."""
    halves: dict[str, list[str]] = {}
    for one, other in sorted(pairs):
        halves.setdefault(one, []).append(other)
    for one, others in halves.items():
        yield from select_rows(tx, query, first=one, seconds=others)
