"""Alembic's entry: runs on the connection that `bus.ledger.migrate` hands over."""

from alembic import context

from bus.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
