"""What people do about failures: retries in stages, recorded corrections, what waits for a second person.

The first migration follows the schema until the first release: a ledger made today has all of this already.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateSequence, Sequence

from bus.ledger.schema import metadata
from bus.ledger.schema_failures import TABLES

revision = "0008"
down_revision = "0007"

_COUNTED = ("patch", "proposal", "retry_run")


def upgrade() -> None:
    """Add what is missing."""
    connection = op.get_bind()
    if "patched" not in {each["name"] for each in sa.inspect(connection).get_columns("delivery")}:
        op.add_column("delivery", sa.Column("patched", sa.BigInteger, nullable=False, server_default="0"))
    metadata.create_all(connection, tables=TABLES)
    if connection.dialect.name == "postgresql":
        for name in _COUNTED:
            connection.execute(CreateSequence(Sequence(f"{name}_number"), if_not_exists=True))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
