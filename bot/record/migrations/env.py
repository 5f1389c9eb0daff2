"""Run by Alembic: migrates over the connection that `bot.record.migrate` opened."""

from __future__ import annotations

from alembic import context

from bot.record.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes tables by copying them.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
