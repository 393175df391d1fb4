"""Legs wait for others, are asked for, stand still for supplements and are undone; deliveries have a role.

The first migration follows the schema until the first release: a ledger made today has all of this already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ADDED = {
    "leg": (
        sa.Column("tie", sa.String),
        sa.Column("ask_at", sa.Float),
        sa.Column("time_left", sa.Float),
        sa.Column("rounds", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.String, nullable=False, server_default=""),
    ),
    "delivery": (sa.Column("role", sa.String, nullable=False, server_default=""),),
}
_INDEXES = {
    "leg_waits": ("due_at", "state IN ('open', 'paused')"),
    "leg_asks": ("ask_at", "ask_at IS NOT NULL"),
    "leg_tie": ("tie", "tie IS NOT NULL"),
    "leg_undoing": ("dossier", "state = 'undoing'"),
}


def upgrade() -> None:
    """Add what is missing; the index of open legs alone gives way to that of all that wait."""
    there = sa.inspect(op.get_bind())
    for table, columns in _ADDED.items():
        known = {each["name"] for each in there.get_columns(table)}
        for column in columns:
            if column.name not in known:
                op.add_column(table, column)
    indexes = {each["name"] for each in there.get_indexes("leg")}
    for name, (of, where) in _INDEXES.items():
        if name not in indexes:
            held = sa.text(where)
            op.create_index(name, "leg", [of], sqlite_where=held, postgresql_where=held)
    if "leg_open" in indexes:
        op.drop_index("leg_open", "leg")


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
