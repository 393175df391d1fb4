"""What belongs to no dossier, like a catalogue's entry, is kept: it needs no person."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Take the entries of the portal's catalogue away from what matched nothing."""
    message = sa.table("message", sa.column("state"), sa.column("kind"))
    of_none = (message.c.state == "unmatched", message.c.kind == "national_portal.procedure")
    op.execute(sa.update(message).where(*of_none).values(state="kept"))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
