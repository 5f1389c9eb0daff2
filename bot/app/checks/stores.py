"""The stores: Redis, the record's database, the order system's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis import exceptions
from sqlalchemy.engine import make_url

from actions.orders.sql_store import SqlOrderStore
from bot.app import overview
from bot.app.checks.result import Finding, fault, ok, warning
from bot.app.role_redis import role_redis
from bot.pipeline.redis_streams.client import Redis, connect, ensure_layout, storage_errors
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.layout import Layout
from bot.record.database import Database, open_engine
from bot.record.migrate import is_current
from bot.settings import Settings

_OLDEST_REDIS = (6, 2)


async def redis(settings: Settings) -> Sequence[Finding]:
    """Redis answers, is new enough, keeps what it takes, and holds the layout of PARTITIONS.

    Starts the embedded server for a moment where that is used and not running.
    """
    async with role_redis(settings) as with_redis:
        assert with_redis.redis_url is not None
        client = connect(with_redis.redis_url)
        try:
            with storage_errors():
                about: dict[str, Any] = await client.info("server")
            where = (
                overview.without_password(settings.redis_url)
                if settings.redis_url
                else f"embedded, {settings.var_dir / 'valkey'}"
            )
            await ensure_layout(client, Layout(settings.partitions))
            return [
                _version(about, where),
                await _keeps(client),
                await _dead_letters(client, settings),
            ]
        finally:
            await client.close(close_connection_pool=True)


async def database(settings: Settings) -> Sequence[Finding]:
    """The record's database answers and has this version's tables."""
    where = overview.database(settings.database_dsn)
    record = Database(open_engine(settings.database_dsn, threads=1), threads=1)
    try:
        await record.ping()
    finally:
        record.close()
    if await asyncio.to_thread(is_current, settings.database_dsn):
        return [ok("Database", f"{where}, tables up to date")]
    return [ok("Database", f"{where}; its tables are brought up to date at the next start")]


async def orders(settings: Settings) -> Sequence[Finding]:
    """The order system answers."""
    where = overview.database(settings.orders_dsn)
    store = SqlOrderStore(settings.orders_dsn, limit=settings.orders_timeout)
    try:
        if make_url(settings.orders_dsn).get_backend_name() == "sqlite":
            await store.prepare()
        await store.check()
    finally:
        store.close()
    return [ok("Orders", f"{where} answers")]


def _version(about: dict[str, Any], where: str) -> Finding:
    # Valkey tells which Redis it speaks like in redis_version, and its own in valkey_version.
    version = str(about["redis_version"])
    name = f"Valkey {about['valkey_version']}" if "valkey_version" in about else f"Redis {version}"
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_REDIS:
        return fault("Redis", f"{name}, {where}", "use Redis 6.2 or newer, or Valkey")
    return ok("Redis", f"{name}, {where}")


async def _keeps(client: Redis) -> Finding:
    what = "Redis keeps"
    try:
        with storage_errors():
            settings: dict[str, str] = {
                **await client.config_get("appendonly"),
                **await client.config_get("appendfsync"),
                **await client.config_get("maxmemory-policy"),
            }
    except exceptions.ResponseError:
        return warning(
            what,
            "it does not tell its configuration",
            "make sure that it has an append-only file and maxmemory-policy noeviction",
        )
    if settings["maxmemory-policy"] != "noeviction":
        return fault(
            what,
            f"maxmemory-policy {settings['maxmemory-policy']} throws messages away when it is full",
            "CONFIG SET maxmemory-policy noeviction, and in its configuration file",
        )
    if settings["appendonly"] != "yes":
        return warning(
            what,
            "it has no append-only file: a crash of Redis loses what it had accepted",
            "CONFIG SET appendonly yes, and in its configuration file",
        )
    if settings["appendfsync"] == "no":
        return warning(
            what,
            "appendfsync no: a power failure loses up to half a minute",
            "CONFIG SET appendfsync everysec or always",
        )
    return ok(what, f"everything, on disk (appendfsync {settings['appendfsync']})")


async def _dead_letters(client: Redis, settings: Settings) -> Finding:
    count = await RedisDeadLetters(client, Layout(settings.partitions)).count()
    if count:
        return warning(
            "Dead letters",
            f"{count} message(s) could not be handled",
            "look with `flerkanal dead-letters list`, then `flerkanal dead-letters replay`",
        )
    return ok("Dead letters", "none")
