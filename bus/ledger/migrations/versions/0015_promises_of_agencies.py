"""Whose the dossiers are that are not over: those past their promise are counted without reading them."""

import sqlalchemy as sa
from alembic import op

from bus.ledger.schema import source
from bus.ledger.schema_people import promise

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Write all promises anew: everything in them is told by the messages."""
    connection = op.get_bind()
    promise.drop(connection, checkfirst=True)
    promise.create(connection)
    behind = sa.update(source).where(source.c.connector == "", source.c.name == "words")
    connection.execute(behind.values(cursor=""))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
