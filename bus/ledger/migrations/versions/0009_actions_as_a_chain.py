"""The log of actions as a chain that the database lets nobody change.

What was there before is chained as it stands: from here on it is proved, before it was only believed.
"""

import sqlalchemy as sa
from alembic import op

from bus.ledger import schema
from bus.ledger.chain import START, linked

revision = "0009"
down_revision = "0008"

_WHY = "the log of actions is appended only"
_OPEN = ("DROP TRIGGER IF EXISTS action_unchanged", "DROP TRIGGER IF EXISTS action_unremoved")
_SQLITE = tuple(
    f"CREATE TRIGGER action_{name} BEFORE {change} ON action BEGIN SELECT RAISE(ABORT, '{_WHY}'); END"
    for name, change in (("unchanged", "UPDATE"), ("unremoved", "DELETE"))
)
_REFUSE = f"$$ BEGIN RAISE EXCEPTION '{_WHY}'; END $$"
_EACH = "FOR EACH STATEMENT EXECUTE FUNCTION action_appended_only()"
_POSTGRES = (
    f"CREATE OR REPLACE FUNCTION action_appended_only() RETURNS trigger LANGUAGE plpgsql AS {_REFUSE}",
    f"CREATE TRIGGER action_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON action {_EACH}",
)


def upgrade() -> None:
    """Add what is missing, chain what is there, and refuse to change it from now on."""
    connection = op.get_bind()
    there = {each["name"] for each in sa.inspect(connection).get_columns("action")}
    for name in ("previous", "digest"):
        if name not in there:
            op.add_column("action", sa.Column(name, sa.LargeBinary))
    is_postgres = connection.dialect.name == "postgresql"
    for statement in _OPEN[:1] if is_postgres else _OPEN:
        connection.execute(sa.text(f"{statement} ON action" if is_postgres else statement))
    _chain(connection)
    for statement in _POSTGRES if is_postgres else _SQLITE:
        connection.execute(sa.text(statement))


def _chain(connection: sa.Connection) -> None:
    table, previous = schema.action, START.digest
    for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings().all():
        whole = linked(dict(row), previous)
        previous = whole["digest"]
        digests = {"previous": whole["previous"], "digest": previous}
        connection.execute(table.update().where(table.c.id == row["id"]).values(**digests))


def downgrade() -> None:
    """A ledger is never taken apart: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
