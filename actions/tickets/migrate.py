"""Brings the embedded ticket system's tables up to date."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from actions.sql.statements import hold_alone
from actions.tickets.errors import TicketsUnavailable

# The record has its own, in the same database.
VERSION_TABLE = "tickets_version"


def migrate(connection: Connection) -> None:
    """Bring the tables to this version's, in the caller's transaction.

    Many processes may do it at once: one does, the others wait for it. Raises TicketsUnavailable
    where a newer version has been at work.
    """
    hold_alone(connection, "flerkanal-tickets:migrate")
    script = ScriptDirectory(str(Path(str(resources.files("actions.tickets") / "migrations"))))

    def steps(current: Sequence[str], _: MigrationContext) -> Any:
        # As alembic's own `upgrade` command does it. That one goes through an environment that is
        # one for the whole process, where the record may be migrating in another thread.
        return script._upgrade_revs("head", current)  # type: ignore[arg-type]  # noqa: SLF001

    context = MigrationContext.configure(
        connection, opts={"fn": steps, "version_table": VERSION_TABLE}
    )
    try:
        context.run_migrations(op=Operations(context))
    except CommandError as error:
        raise TicketsUnavailable(
            f"the tickets' tables were set up by a newer version of Flerkanal ({error}): run that"
            " version, or restore a backup made before it",
            retryable=False,
        ) from error
