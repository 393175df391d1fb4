"""Several processes share a connector, and a peer that asks for rest is left alone by all of them."""

import sqlalchemy as sa
from alembic import op

from bus.ledger.schema import share

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add what is missing."""
    share.create(op.get_bind(), checkfirst=True)
    if "rest_until" not in {each["name"] for each in sa.inspect(op.get_bind()).get_columns("gate")}:
        op.add_column("gate", sa.Column("rest_until", sa.Float))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
