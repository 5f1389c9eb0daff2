"""The embedded ticket system's own tables: made, migrated, shared."""

from __future__ import annotations

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, inspect, text

from actions.tickets.errors import TicketsUnavailable
from actions.tickets.migrate import VERSION_TABLE
from actions.tickets.migrations.versions import m0001_tickets
from actions.tickets.tables import metadata
from bot.record.migrate import is_current
from bot.record.migrate import migrate as migrate_record
from tests.ticket_benches import SqlBench, draft


async def test_many_may_prepare_at_once(sql: SqlBench) -> None:
    desks = [sql.desk() for _ in range(6)]
    await asyncio.gather(*(desk.prepare() for desk in desks))
    opened = await asyncio.gather(*(desk.open(draft(), "key-1") for desk in desks))
    assert len({ticket.id for ticket in opened}) == 1
    assert sql.count() == 1


async def test_the_migrations_make_what_the_tables_say(sql: SqlBench, dsn: str) -> None:
    await sql.desk().prepare()
    engine = create_engine(dsn)

    def of_tickets(_: object, name: str | None, kind: str, *__: object) -> bool:
        return kind != "table" or (name or "").startswith("ticket")

    options = {"include_object": of_tickets, "version_table": VERSION_TABLE}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_they_live_beside_the_record(sql: SqlBench, dsn: str) -> None:
    migrate_record(dsn)
    await sql.desk().open(draft(), "key-1")
    migrate_record(dsn)
    assert is_current(dsn)
    assert await sql.desk().of_conversation("web:c1")


async def test_a_newer_version_s_tables_are_left_alone(sql: SqlBench, dsn: str) -> None:
    await sql.desk().prepare()
    engine = create_engine(dsn, future=True)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(TicketsUnavailable, match="newer version") as caught:
        await sql.desk().prepare()
    assert not caught.value.retryable


async def test_the_migrations_lead_back(sql: SqlBench, dsn: str) -> None:
    await sql.desk().prepare()
    engine = create_engine(dsn, future=True)
    with engine.begin() as connection:
        m0001_tickets.downgrade(Operations(MigrationContext.configure(connection)))
    assert set(inspect(engine).get_table_names()) == {VERSION_TABLE}
    engine.dispose()
