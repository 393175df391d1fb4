"""The ledger's database: SQLite for one process, PostgreSQL for several; what differs between them.

Writes run in one transaction at a time per process (`Store.write`); SQLite's are `BEGIN IMMEDIATE`
(rule 19), PostgreSQL's lock rows in key order. Reads have connections of their own.
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bus.errors import ConfigurationError
from bus.ledger import schema, schema_failures
from bus.ledger.clock import WallClock
from bus.ledger.migrate import upgrade
from bus.ledger.schema_epoch import epoch

_CONNECT, _SILENT = 5, 15
"""Seconds after which a PostgreSQL server that does not take a connection, or is silent, counts as away."""

_SOURCES_AHEAD = 300.0
"""Seconds by which a source's clock may be ahead of ours."""

_COUNTED = (
    schema.dossier, schema.message, schema.delivery, schema.action, schema.event, schema.version,
    schema.notice, schema_failures.patch, schema_failures.proposal, schema_failures.retry_run,
)  # fmt: skip


class Store:
    """An open ledger. `holder` is this process's number; its OS lock lives as long as the process (rule 6).

    Raises `ConfigurationError` where another process already serves an SQLite ledger.
    """

    def __init__(self, url: str, *, serve: bool = True) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.writer = _sqlite_engine(url, write=True) if self.is_sqlite else _postgres_engine(url)
        self.reader = _sqlite_engine(url, write=False) if self.is_sqlite else self.writer
        self.holder = 0
        self.doubts_before = 0.0
        self.clock = WallClock()
        self._lock = _Lock(self)
        self._next: dict[str, int] = {}
        if serve:
            try:
                self._serve()
            except BaseException:
                self.close()
                raise

    def _serve(self) -> None:
        self._lock.take_file()
        upgrade(self.writer)
        self.holder = self._register()
        self.doubts_before = self._restored()
        self._lock.take_holder(self.holder)

    def _register(self) -> int:
        with self.write() as tx:
            self.alone(tx)
            number = int(tx.execute(select(func.coalesce(func.max(schema.holder.c.id), 0))).scalar_one()) + 1
            name = f"{socket.gethostname()}:{os.getpid()}"
            tx.execute(schema.holder.insert().values(id=number, name=name, started_at=time.time()))
        return number

    def alone(self, tx: Connection) -> None:
        """Let one process at a time go on from here until its commit, as a migration does."""
        if not self.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(7010)"))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One writing transaction: committed at the end of the block, rolled back by an exception."""
        with self.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A short reading transaction (rule 19: none over a second)."""
        with self.reader.connect() as connection:
            yield connection

    def now(self, tx: Connection) -> float:
        """The wall clock that due dates are measured by: the database's, which SQLite shares with us."""
        return self.clock.read(lambda: now_of(tx))

    def numbers(self, tx: Connection, table: Table, count: int) -> Sequence[int]:
        """The next `count` numbers of a table, never given twice; gaps are harmless."""
        if count == 0:
            return ()
        if not self.is_sqlite:
            drawn = tx.execute(
                text(f"SELECT nextval('{table.name}_number') FROM generate_series(1, :count)"),  # noqa: S608  a table of ours
                {"count": count},
            )
            return [int(row[0]) for row in drawn]
        if table.name not in self._next:
            self._next[table.name] = self._last(tx, table)
        first = self._next[table.name] + 1
        self._next[table.name] += count
        return range(first, first + count)

    def _restored(self) -> float:
        """Until when what sources said may have had its effects already: a little after the last restore."""
        with self.read() as tx:
            began = tx.execute(select(func.max(epoch.c.began_at))).scalar_one()
        return float(began) + _SOURCES_AHEAD if began else 0.0

    def _last(self, tx: Connection, table: Table) -> int:
        """The last number that was given: of what is there, or before what a restore left out (rule 23)."""
        given = tx.execute(select(func.max(table.c.id))).scalar_one()
        floor = tx.execute(select(func.max(epoch.c.floor))).scalar_one()
        return max(int(given or 0), int(floor or 0))

    def forget_numbers(self) -> None:
        """After a rollback: numbers drawn in it may be drawn again from what is there."""
        self._next.clear()

    def upsert(self, table: Table, *keys: str, update: Iterable[str] = ()) -> Any:
        """An insert that, where `keys` are there already, updates the named columns (or does nothing)."""
        insert = (sqlite if self.is_sqlite else postgresql).insert(table)
        if names := tuple(update):
            return insert.on_conflict_do_update(
                index_elements=list(keys), set_={name: insert.excluded[name] for name in names}
            )
        return insert.on_conflict_do_nothing(index_elements=list(keys))

    def lock_dossiers(self, tx: Connection, dossiers: Iterable[int]) -> None:
        """Exclude every other keep and settle of these dossiers until the commit (rule 9), in key order."""
        wanted = sorted(set(dossiers))
        if wanted and not self.is_sqlite:
            table = schema.dossier
            tx.execute(
                select(table.c.id).where(table.c.id.in_(wanted)).order_by(table.c.id).with_for_update()
            )

    def is_dead(self, tx: Connection, holder: int | None) -> bool:
        """Whether the process behind a lease is proved gone: its OS lock is free (rule 6)."""
        if holder is None or holder == self.holder:
            return False
        return self._lock.is_free(tx, holder)

    def keep_lock(self) -> None:
        """Take our proof of life again where its session broke: others would take us for gone."""
        self._lock.keep(self.holder)

    def close(self) -> None:
        """Release the lock and the connections; may be repeated."""
        self._lock.release()
        self.writer.dispose()
        self.reader.dispose()


def now_of(tx: Connection) -> float:
    """The wall clock of a connection's database, in seconds since the epoch."""
    if tx.dialect.name == "sqlite":
        return time.time()
    return float(tx.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


_HOLD = text(
    "SELECT pg_try_advisory_lock(7010, :holder) WHERE NOT EXISTS (SELECT FROM pg_locks WHERE"
    " locktype = 'advisory' AND classid = 7010 AND objid = :holder AND pid = pg_backend_pid())"
)
"""Take a lock that a session can take several times once; where a broken session still has it, later."""

_TAKEN = "{}: another process serves this ledger. SQLite is for one: stop that process, or use PostgreSQL"


class _Lock:
    """The proof of life: `flock` beside an SQLite ledger, a session's advisory lock on PostgreSQL."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file: int | None = None
        self._session: Connection | None = None

    def take_file(self) -> None:
        if not self._store.is_sqlite:
            return
        path = Path(self._store.url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            self._file = None
            raise ConfigurationError([_TAKEN.format(path)]) from None

    def take_holder(self, holder: int) -> None:
        if self._store.is_sqlite:
            return
        self._session = self._store.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._session.execute(text("SELECT pg_advisory_lock(7010, :holder)"), {"holder": holder})

    def keep(self, holder: int) -> None:
        if self._session is None:
            return
        try:
            self._session.execute(_HOLD, {"holder": holder})
        except DBAPIError:
            self._session.invalidate()
            self._session.close()
            self._session = self._store.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._session.execute(_HOLD, {"holder": holder})

    def is_free(self, tx: Connection, holder: int) -> bool:
        if self._store.is_sqlite:
            return self._file is not None
        return bool(
            tx.execute(
                text("SELECT pg_try_advisory_xact_lock(7010, :holder)"), {"holder": holder}
            ).scalar_one()
        )

    def release(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _sqlite_engine(url: str, *, write: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=None if write else NullPool,
        connect_args={"check_same_thread": False, "cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 10000")
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA temp_store = MEMORY")
        else:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgres_engine(url: str) -> Engine:
    line = {"connect_timeout": _CONNECT, "keepalives_idle": 10, "tcp_user_timeout": 1000 * _SILENT}
    return create_engine(url, pool_size=4, max_overflow=4, pool_pre_ping=True, connect_args=line)


def counted_tables() -> tuple[Table, ...]:
    """The tables whose numbers a PostgreSQL ledger draws from sequences `NAME_number`."""
    return _COUNTED
