"""What was delivered on a day is found by its time, not by reading all that ever was."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the index where it is missing."""
    if "delivery_delivered" in {each["name"] for each in sa.inspect(op.get_bind()).get_indexes("delivery")}:
        return
    where = sa.text("state = 'delivered'")
    columns = ["connector", "operation", "changed_at"]
    op.create_index("delivery_delivered", "delivery", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
