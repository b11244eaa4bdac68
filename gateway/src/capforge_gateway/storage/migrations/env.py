"""Run by Alembic: takes the connection that `migrate` has locked."""

from __future__ import annotations

from alembic import context

from capforge_gateway.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
