"""Restores, each of which begins a new epoch."""

from alembic import op

from bus.ledger.schema_epoch import epoch

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what is missing."""
    epoch.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
