"""When dossiers that are not over are promised for; written from the beginning with the words."""

import sqlalchemy as sa
from alembic import op

from bus.ledger.schema import source
from bus.ledger.schema_people import promise

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add what is missing, and have all dossiers followed once more."""
    connection = op.get_bind()
    promise.create(connection, checkfirst=True)
    behind = sa.update(source).where(source.c.connector == "", source.c.name == "words")
    connection.execute(behind.values(cursor=""))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
