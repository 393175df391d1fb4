"""What retention removes: that it was removed, and the digests of what stood there."""

import sqlalchemy as sa
from alembic import op

from bus.ledger.schema import metadata
from bus.ledger.schema_retention import TABLES

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add what is missing."""
    connection = op.get_bind()
    if "reduced_at" not in {each["name"] for each in sa.inspect(connection).get_columns("dossier")}:
        op.add_column("dossier", sa.Column("reduced_at", sa.Float))
    metadata.create_all(connection, tables=TABLES)


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
