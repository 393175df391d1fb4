"""The first ledger: every table of `bus.ledger.schema` as it stood at the start.

Until the first release this migration follows the schema; from then on each change is one of its own.
"""

from alembic import op
from sqlalchemy.schema import CreateSequence, Sequence

from bus.ledger.schema import metadata

revision = "0001"
down_revision = None

COUNTED = ("dossier", "message", "delivery", "action", "event", "version")


def upgrade() -> None:
    """Make the tables and, on PostgreSQL, the sequences their numbers are drawn from."""
    connection = op.get_bind()
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        for name in COUNTED:
            connection.execute(CreateSequence(Sequence(f"{name}_number")))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
