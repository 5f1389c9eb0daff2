"""Brings the record's tables up to date at start."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from bot.errors import LayoutMismatch
from bot.record.database import open_engine, storage_errors, transaction

# Any number, but the same in all processes: "flerkanl" in ASCII.
_LOCK = 0x666C65726B616E6C


def migrate(dsn: str) -> None:
    """Bring the database to this version's tables, in one transaction.

    Several processes may do it at once: one does, the others wait for it. Blocks; takes some
    tenths of a second where nothing is to be done. Raises StorageUnavailable, LayoutMismatch
    where a newer version has been at work, SettingsError.
    """
    engine = open_engine(dsn, threads=1)
    try:
        with storage_errors(), transaction(engine, write=True) as connection:
            _upgrade(connection)
    finally:
        engine.dispose()


def is_current(dsn: str) -> bool:
    """Whether the database has this version's tables. Raises StorageUnavailable, SettingsError."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    engine = open_engine(dsn, threads=1)
    try:
        with storage_errors(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == head
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Alembic's configuration, without an ini file: everything is in the package."""
    config = Config()
    folder = resources.files("bot.record") / "migrations"
    config.set_main_option("script_location", str(Path(str(folder))))
    return config


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SET LOCAL statement_timeout = '120s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise LayoutMismatch(
            f"the database was set up by a newer version of Flerkanal ({error}): run that version"
            " or restore a backup made before it"
        ) from error
