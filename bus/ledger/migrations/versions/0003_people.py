"""People, their sessions, and the words that dossiers are found by."""

from alembic import op

from bus.ledger.schema_people import TABLES

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is missing."""
    for table in TABLES:
        table.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
