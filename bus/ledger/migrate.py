"""Brings a ledger to the present shape with Alembic; repeatable, safe beside other processes."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text


def upgrade(engine: Engine) -> None:
    """Apply every migration that the ledger lacks. On PostgreSQL one process at a time."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7010)"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
