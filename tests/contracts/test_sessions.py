"""What holds for web sessions, whatever the database."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from alembic import command
from sqlalchemy import select, text

from bot.errors import StorageUnavailable
from bot.model.people import ChannelIdentity
from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import alembic_config, is_current, migrate
from bot.record.sessions import SqlSessions
from bot.record.tables import metadata, web_sessions
from bot.record.tables.archive import is_of_search
from tests.postgres import PostgresServer


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


async def rows(database: Database) -> list[dict[str, object]]:
    found = await database.read(lambda connection: connection.execute(select(web_sessions)).all())
    return [dict(row._mapping) for row in found]


async def test_a_token_opens_its_own_conversation(database: Database) -> None:
    sessions = SqlSessions(database)
    created = await asyncio.gather(*(sessions.create() for _ in range(10)))
    assert len({token for token, _ in created}) == len({found for _, found in created}) == 10
    for token, identity in created:
        assert len(token) >= 43
        assert identity.channel == "web"
        assert len(identity.address) == 32
        assert await sessions.find(token) == identity


async def test_nothing_else_opens_one(database: Database) -> None:
    sessions = SqlSessions(database)
    token, identity = await sessions.create()
    (row,) = await rows(database)
    guesses = [
        "",
        "x",
        identity.name,
        identity.address,
        str(row["token_hash"]),
        token[:-1],
        token + "x",
        token.swapcase(),
        token + "\x00",
        "%",
        "' OR 1=1 --",
        "\ud800",
        "x" * 100_000,
    ]
    for guess in guesses:
        assert await sessions.find(guess) is None


async def test_the_token_itself_is_not_stored(database: Database) -> None:
    token, _ = await SqlSessions(database).create()
    (row,) = await rows(database)
    assert token not in str(row)
    assert len(str(row["token_hash"])) == 64


async def test_a_revoked_token_opens_nothing(database: Database) -> None:
    sessions = SqlSessions(database)
    token, _ = await sessions.create()
    other, identity = await sessions.create()
    await sessions.revoke(token)
    await sessions.revoke(token)
    await sessions.revoke("unknown")
    assert await sessions.find(token) is None
    assert await sessions.find(other) == identity


async def test_when_it_was_last_seen_is_kept_by_the_hour(database: Database) -> None:
    clock = Clock()
    sessions = SqlSessions(database, clock)
    token, _ = await sessions.create()
    began = clock.now
    clock.now = began + timedelta(minutes=59)
    await sessions.find(token)
    assert (await rows(database))[0]["last_seen_at"] == began
    clock.now = began + timedelta(minutes=61)
    await sessions.find(token)
    (row,) = await rows(database)
    assert (row["created_at"], row["last_seen_at"]) == (began, clock.now)


async def test_sessions_outlive_the_process(dsn: str) -> None:
    before = Database(open_engine(dsn))
    token, identity = await SqlSessions(before).create()
    before.close()
    migrate(dsn)
    after = Database(open_engine(dsn))
    assert await SqlSessions(after).find(token) == identity
    after.close()


async def test_many_writers_at_once(database: Database, dsn: str) -> None:
    other = Database(open_engine(dsn))
    try:
        await asyncio.gather(
            *(SqlSessions(use).create() for use in (database, other) for _ in range(40))
        )
    finally:
        other.close()
    assert len(await rows(database)) == 80


async def test_work_that_fails_leaves_nothing(database: Database) -> None:
    def work(connection: object) -> None:
        connection.execute(  # type: ignore[attr-defined]
            web_sessions.insert().values(
                token_hash="h",
                address="c",
                created_at=datetime.now(timezone.utc),
                last_seen_at=datetime.now(timezone.utc),
            )
        )
        raise LookupError("after the write")

    with pytest.raises(LookupError):
        await database.write(work)
    assert await rows(database) == []


async def test_ping(database: Database) -> None:
    await database.ping()


def test_the_migrations_make_the_tables_that_the_program_uses(empty_dsn: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert not is_current(empty_dsn)
    migrate(empty_dsn)
    assert is_current(empty_dsn)
    engine = open_engine(empty_dsn)
    tables = {"include_object": lambda _, name, *__: not is_of_search(name)}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=tables)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_sessions_of_before_keep_their_conversations(empty_dsn: str) -> None:
    """A database of the version before, with a session in it, as that version wrote it."""
    engine = open_engine(empty_dsn)
    token = secrets.token_urlsafe(32)
    config = alembic_config()
    with transaction(engine, write=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for number, (token_hash, revoked) in enumerate(
            [
                (hashlib.sha256(token.encode()).hexdigest(), None),
                ("f" * 64, "2026-01-02 00:00:00.000000"),
            ]
        ):
            connection.execute(
                text(
                    "INSERT INTO web_sessions"
                    " (token_hash, conversation_id, created_at, last_seen_at, revoked_at)"
                    " VALUES (:token_hash, :conversation_id, :at, :at, :revoked)"
                ),
                {
                    "token_hash": token_hash,
                    "conversation_id": f"web:{number:032x}",
                    "at": "2026-01-01 00:00:00.000000",
                    "revoked": revoked,
                },
            )
        command.upgrade(config, "0002")
        # And back again: the conversations are named as they were.
        command.downgrade(config, "0001")
        names = connection.execute(text("SELECT conversation_id FROM web_sessions")).scalars()
        assert set(names) == {f"web:{n:032x}" for n in range(2)}
    migrate(empty_dsn)
    database = Database(engine)
    try:
        identity = asyncio.run(SqlSessions(database).find(token))
        assert identity == ChannelIdentity("web", "0" * 32)
        assert identity.name == f"web:{0:032x}"
        found = asyncio.run(rows(database))
        found.sort(key=lambda row: str(row["address"]))
        assert [row["address"] for row in found] == [f"{n:032x}" for n in range(2)]
        assert [row["revoked_at"] is None for row in found] == [True, False]
    finally:
        database.close()


def test_roles_that_start_together_migrate_once(empty_dsn: str) -> None:
    program = "import sys; from bot.record.migrate import migrate; migrate(sys.argv[1])"
    started = [subprocess.Popen([sys.executable, "-c", program, empty_dsn]) for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4
    assert is_current(empty_dsn)


@pytest.mark.postgres
async def test_a_server_that_hangs_does_not_hang_the_caller(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database(migrate) as dsn:
        database = Database(open_engine(dsn), wait=0.5)
        await database.ping()
        postgres_server.freeze()
        try:
            with pytest.raises(StorageUnavailable):
                await database.ping()
        finally:
            postgres_server.thaw()
        database.close()
