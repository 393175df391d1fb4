"""Brings a ledger to the present shape with Alembic; repeatable, safe beside other processes."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Apply every migration that the ledger lacks. On PostgreSQL one process at a time."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7010)"))
        if not _is_present(connection):
            _migrate(connection)


def _is_present(connection: Connection) -> bool:
    """Whether the ledger has the newest shape already: each migration is a file named by its number."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    newest = max(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest


def _migrate(connection: Connection) -> None:
    # a tenth of a start's time, which a ledger that lacks nothing does not need
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
