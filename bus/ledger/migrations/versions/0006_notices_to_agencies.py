"""Agencies are called back: what they are still to be told, and what was given up."""

from alembic import op
from sqlalchemy import Sequence
from sqlalchemy.schema import CreateSequence

from bus.ledger.schema import notice

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add what is missing."""
    connection = op.get_bind()
    notice.create(connection, checkfirst=True)
    if connection.dialect.name == "postgresql":
        connection.execute(CreateSequence(Sequence("notice_number"), if_not_exists=True))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
