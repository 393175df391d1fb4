"""The numbers that a delivery was sent under, so that a question about it asks for the same."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add what is missing; what is in doubt now is asked for as before, by the numbers known by then."""
    connection = op.get_bind()
    if "numbers" not in {each["name"] for each in sa.inspect(connection).get_columns("delivery")}:
        op.add_column("delivery", sa.Column("numbers", sa.String, nullable=False, server_default=""))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
