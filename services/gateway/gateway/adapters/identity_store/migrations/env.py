"""Runs the migrations on the connection that `gateway.adapters.identity_store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from gateway.adapters.identity_store.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
