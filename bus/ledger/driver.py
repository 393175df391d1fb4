"""The ledger's few hot statements, compiled once and handed straight to the driver.

Why: SQLAlchemy prepares statement and values anew each time, which was a quarter of a group commit's time;
and SQLite's driver lets go of Python's lock for every row, so that a busy event loop stood between any two
of them. Here many rows are one statement. The statements stay SQLAlchemy's, for both databases.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import ClauseElement, Connection, Dialect, Insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import Compiled, SQLCompiler
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Row = Mapping[str, Any]

_MOST_ROWS = 64
_VALUES = re.compile(r"(.* VALUES )(\([?, ]+\))(.*)", re.DOTALL)
_NAMED = re.compile(r":(\w+)")
_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)\]\)")
_json = msgspec.json.Encoder().encode


def many(tx: Connection, statement: ClauseElement, rows: Sequence[Row]) -> None:
    """Execute an insert or update for every row; all rows have the same keys. No rows, no work.

    No two rows of an update may name the same row of the table: which of them would win is left open.
    """
    if rows:
        plan = _plan(statement, tx.dialect, tuple(sorted(rows[0])))
        with _cursor(tx) as cursor:
            plan(cursor, rows)


def select(tx: Connection, statement: ClauseElement, **values: Any) -> list[tuple[Any, ...]]:
    """The rows of a query, as the driver gives them. Lists among the values stand for `IN` lists."""
    with _cursor(tx) as cursor:
        cursor.execute(*_given(tx.dialect, statement, values))
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def change(tx: Connection, statement: ClauseElement, **values: Any) -> None:
    """Execute an update or delete once, its values as those of `select`."""
    with _cursor(tx) as cursor:
        cursor.execute(*_given(tx.dialect, statement, values))


def _given(dialect: Dialect, statement: ClauseElement, values: dict[str, Any]) -> tuple[str, Any]:
    text, names, fixed = _query(statement, dialect)
    full = fixed | values
    return text, full if names is None else [_value(full[name]) for name in names]


@contextmanager
def _cursor(tx: Connection) -> Iterator[Any]:
    """A cursor of the driver; its errors become SQLAlchemy's, as everywhere, but without the values."""
    cursor = None
    try:
        cursor = tx.connection.cursor()
        yield cursor
    except Exception as error:
        module = tx.dialect.loaded_dbapi
        if not isinstance(error, module.Error):
            raise
        raise DBAPIError.instance(None, None, error, module.Error, dialect=tx.dialect) from error
    finally:
        if cursor is not None:
            cursor.close()


def _value(value: Any) -> Any:
    return _json(value).decode() if isinstance(value, list) else value


@lru_cache(maxsize=256)
def _query(statement: ClauseElement, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
    """A query's text, in which a list is one value, its parameters where they have places, fixed values."""
    compiled = statement.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only queries are executed")
    if compiled.positional:
        text = _LIST.sub("IN (SELECT value FROM json_each(?))", str(compiled))
        return text, tuple(compiled.positiontup or ()), _fixed(compiled)
    return _LIST.sub(r"= ANY(%(\1)s)", str(compiled)), None, _fixed(compiled)


Plan = Callable[[Any, Sequence[Row]], None]


@lru_cache(maxsize=256)
def _plan(statement: ClauseElement, dialect: Dialect, keys: tuple[str, ...]) -> Plan:
    """How a statement is executed for many rows with these keys."""
    constant = _constants(statement, keys)
    if dialect.name != "sqlite":
        return _executed_many(_compiled(statement, dialect, (*keys, *constant)), constant)
    if isinstance(statement, Insert):
        return _inserted_at_once(_compiled(statement, dialect, (*keys, *constant)), constant)
    return _updated_at_once(_compiled(statement, sqlite.dialect(paramstyle="named"), keys))


def _constants(statement: ClauseElement, keys: tuple[str, ...]) -> dict[str, Any]:
    """The defaults of an insert's columns that the rows leave out."""
    if not isinstance(statement, Insert):
        return {}
    return {
        column.name: column.default.arg
        for column in statement.table.c
        if isinstance(column.default, ScalarElementColumnDefault) and column.name not in keys
    }


def _compiled(statement: ClauseElement, dialect: Dialect, keys: tuple[str, ...]) -> SQLCompiler:
    compiled: Compiled = statement.compile(dialect=dialect, column_keys=list(keys))
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only statements with values are executed for many rows")
    return compiled


def _executed_many(compiled: SQLCompiler, constant: dict[str, Any]) -> Plan:
    text = str(compiled)
    fixed = _fixed(compiled) | constant

    def execute(cursor: Any, rows: Sequence[Row]) -> None:
        cursor.executemany(text, [{**fixed, **row} for row in rows] if fixed else rows)

    return execute


def _fixed(compiled: SQLCompiler) -> dict[str, Any]:
    """The values that stand in the statement itself."""
    return {name: value for name, value in compiled.params.items() if value is not None}


def _inserted_at_once(compiled: SQLCompiler, constant: dict[str, Any]) -> Plan:
    """`INSERT … VALUES (…), (…), …`, in as few statements as there are powers of two."""
    found = _VALUES.fullmatch(str(compiled))
    names = tuple(compiled.positiontup or ())
    if found is None or not names:
        raise TypeError(f"not an insert of values: {compiled}")
    head, one, tail = found.groups()
    order = _order(names)

    def execute(cursor: Any, rows: Sequence[Row]) -> None:
        full = [{**constant, **row} for row in rows] if constant else rows
        for part in _parts(full):
            values = ",".join([one] * len(part))
            cursor.execute(f"{head}{values}{tail}", [*chain.from_iterable(map(order, part))])

    return execute


def _updated_at_once(compiled: SQLCompiler) -> Plan:
    """`WITH v(…) AS (VALUES …) UPDATE … FROM v WHERE …`: every value is a column of `v`."""
    names, fixed = tuple(compiled.params), _fixed(compiled)
    text = _NAMED.sub(r"v.\1", str(compiled))
    if text.count("WHERE ") != 1:
        raise TypeError(f"not an update of rows by their keys: {compiled}")
    text = text.replace("WHERE ", "FROM v WHERE ")
    one = f"({','.join('?' * len(names))})"
    order = _order(names)

    def execute(cursor: Any, rows: Sequence[Row]) -> None:
        full = [{**fixed, **row} for row in rows] if fixed else rows
        for part in _parts(full):
            given = ",".join([one] * len(part))
            command = f"WITH v({','.join(names)}) AS (VALUES {given}) {text}"
            cursor.execute(command, [*chain.from_iterable(map(order, part))])

    return execute


def _order(names: tuple[str, ...]) -> Callable[[Row], Iterable[Any]]:
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows in parts of powers of two: so few texts that the driver keeps all of them prepared."""
    begin, left = 0, len(rows)
    while left:
        size = min(_MOST_ROWS, 1 << (left.bit_length() - 1))
        yield rows[begin : begin + size]
        begin, left = begin + size, left - size
