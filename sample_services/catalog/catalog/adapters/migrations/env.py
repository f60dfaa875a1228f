"""Alembic's entry: runs in the connection, and so in the transaction and under the lock, of who asked."""

from alembic import context

from catalog.adapters import orm

context.configure(connection=context.config.attributes["connection"], target_metadata=orm.mapper.metadata)
with context.begin_transaction():
    context.run_migrations()
