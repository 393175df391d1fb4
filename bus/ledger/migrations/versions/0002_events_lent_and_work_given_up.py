"""Events are lent to who tells them; deliveries count how often the broker gave up on their work message.

The first migration follows the schema until the first release: a ledger made today has all of this already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ADDED = {
    "event": sa.Column("taken_until", sa.Float, nullable=False, server_default="0"),
    "delivery": sa.Column("given_up", sa.Integer, nullable=False, server_default="0"),
}


def upgrade() -> None:
    """Add what is missing."""
    there = sa.inspect(op.get_bind())
    for table, column in _ADDED.items():
        if column.name not in {each["name"] for each in there.get_columns(table)}:
            op.add_column(table, column)
    if "delivery_given_up" not in {each["name"] for each in there.get_indexes("delivery")}:
        where = sa.text("given_up > 0")
        op.create_index("delivery_given_up", "delivery", ["id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
