"""Many rows by one statement, compiled once and handed straight to the driver.

Why: SQLAlchemy prepares the values of every row anew; for the ledger's few hot statements that was a
quarter of a group commit's time. The statements stay SQLAlchemy's, for both databases.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Insert
from sqlalchemy.sql.compiler import Compiled, SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Row = Mapping[str, Any]


def many(tx: Connection, statement: ClauseElement, rows: Sequence[Row]) -> None:
    """Execute a statement once for every row; all rows have the same keys. No rows, no work."""
    if not rows:
        return
    text, names, constant, order = _compiled(statement, tx.dialect, tuple(sorted(rows[0])))
    full = [{**constant, **row} for row in rows] if constant else rows
    if order is None:
        tx.exec_driver_sql(text, [{name: row[name] for name in names} for row in full])
    else:
        tx.exec_driver_sql(text, [order(row) for row in full])


@lru_cache(maxsize=256)
def _compiled(
    statement: ClauseElement, dialect: Dialect, keys: tuple[str, ...]
) -> tuple[str, tuple[str, ...], dict[str, Any], Callable[[Row], tuple[Any, ...]] | None]:
    """The statement's text, its parameters' names, constants for columns left out, and their order."""
    constant: dict[str, Any] = {}
    if isinstance(statement, Insert):
        constant = {
            column.name: column.default.arg
            for column in statement.table.c
            if isinstance(column.default, ScalarElementColumnDefault) and column.name not in keys
        }
    compiled: Compiled = statement.compile(dialect=dialect, column_keys=[*keys, *constant])
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only statements with values are executed for many rows")
    fixed = {name: value for name, value in compiled.params.items() if name not in keys and value is not None}
    if not compiled.positional:
        return str(compiled), tuple(compiled.params), {**fixed, **constant}, None
    names = tuple(compiled.positiontup or ())
    order = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    return str(compiled), names, {**fixed, **constant}, order
