"""Which agency uploaded which file: only those may it refer to."""

from alembic import op

from bus.ledger.schema_uploads import upload

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add what is missing."""
    upload.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
