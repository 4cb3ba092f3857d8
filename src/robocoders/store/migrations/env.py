"""What Alembic runs to migrate: the connection comes from `robocoders.store.opening`, its transaction too."""

from __future__ import annotations

from alembic import context

from robocoders.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
