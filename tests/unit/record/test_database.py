"""Faults of the record's database, and migrations that meet."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import LayoutMismatch, SettingsError, StorageUnavailable
from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import is_current, migrate


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("nonsense", "postgresql://"),
        ("mysql://root@localhost/x", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_address_that_can_not_be_used(dsn: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        open_engine(dsn)


def test_an_address_with_a_password_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        open_engine("://user:pass-word@host")
    assert "pass-word" not in str(caught.value)


async def test_no_server_there() -> None:
    database = Database(open_engine("postgresql://user:pass-word@127.0.0.1:1/none"))
    try:
        with pytest.raises(StorageUnavailable) as caught:
            await database.ping()
        assert "pass-word" not in str(caught.value)
    finally:
        database.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_text("something else entirely, longer than a header" * 100)
    database = Database(open_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}"))
    try:
        with pytest.raises(LayoutMismatch, match="restore"):
            await database.ping()
    finally:
        database.close()


def test_how_sqlite_is_set_up(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with transaction(engine, write=False) as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    engine.dispose()
    assert found == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "busy_timeout": 30_000,
    }


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    dsn = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    migrate(dsn)
    engine = open_engine(dsn)
    with transaction(engine, write=True) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LayoutMismatch, match="newer version"):
        migrate(dsn)
    assert not is_current(dsn)
