"""What an agency handed in on a day is found by an index of its own.

The first migration follows the schema until the first release: a ledger made today has it already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what is missing."""
    if "message_handed_in" not in {each["name"] for each in sa.inspect(op.get_bind()).get_indexes("message")}:
        where = sa.text("source >= 'agency.' AND source < 'agency/'")
        op.create_index(
            "message_handed_in",
            "message",
            ["source", "kept_at"],
            sqlite_where=where,
            postgresql_where=where,
        )


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
