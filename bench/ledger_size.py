"""How much room the rows of a ledger take on PostgreSQL: `python -m bench.ledger_size LEDGER.db`.

Every row of an SQLite ledger is written into a private PostgreSQL of the same shape; what it grows by is
the figure, indexes included, beside what SQLite takes for the same. The ledger is only read.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, func, select, text

from bus.ledger import schema
from bus.ledger.store import Store
from deploy.local.postgres import private_postgres

_OWN = frozenset({"action", "holder", "epoch"})
"""Tables left out: chained, or of the process that measures."""


def measured(file: Path) -> dict[str, Any]:
    """Bytes on both databases, and what they are for; nothing of the ledger at `file` is changed."""
    origin = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
    with tempfile.TemporaryDirectory(prefix="lienthong-size-") as folder:
        place = Path(folder) / "postgres"
        with private_postgres(place, say=lambda _: None) as url:
            store = Store(url)
            empty = _size(store)
            with origin.connect() as source, store.write() as target:
                counts = {table.name: _copied(source, target, table) for table in _tables()}
            full = _size(store)
            store.close()
    origin.dispose()
    grown, sqlite = full - empty, file.stat().st_size
    told: dict[str, Any] = {"postgresql": grown, "sqlite": sqlite}
    for name, several in (("dossier", "dossiers"), ("message", "messages"), ("delivery", "deliveries")):
        told[several] = counts[name]
        told[f"postgresql_a_{name}"] = round(grown / max(1, counts[name]))
        told[f"sqlite_a_{name}"] = round(sqlite / max(1, counts[name]))
    return told


def _tables() -> list[Any]:
    return [table for table in schema.metadata.sorted_tables if table.name not in _OWN]


def _copied(source: Connection, target: Connection, table: Any) -> int:
    rows = [dict(row) for row in source.execute(select(table)).mappings()]
    for at in range(0, len(rows), 500):
        target.execute(table.insert(), rows[at : at + 500])
    return len(rows)


def _size(store: Store) -> int:
    with store.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
        plain.execute(text("VACUUM FULL"))
        return int(plain.execute(select(func.pg_database_size(func.current_database()))).scalar_one())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]))) + "\n")
