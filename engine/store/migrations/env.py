"""Run the migrations on the connection that `Store.open` holds, inside its one transaction."""

from alembic import context

from engine.store.models import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
