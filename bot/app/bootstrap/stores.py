"""Redis and the database: where they are, brought up to date, and what is kept there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bot.app.platforms import Kept
from bot.errors import StorageUnavailable
from bot.pipeline.embedded_server import EmbeddedServer
from bot.pipeline.redis_streams.client import Redis, connect, ensure_layout
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.ports import DeadLetters
from bot.record.migrate import migrate
from bot.settings import Settings

# How long a starting role waits for Redis and the database, which may be starting too.
_STORES_SECONDS = 30.0
# What is known of a delivery is of use for as long as somebody may ask: an echo, another sender.
_DELIVERIES_KEPT = 7 * 24 * 3600.0

_until_stores_answer = retry(
    retry=retry_if_exception_type(StorageUnavailable),
    wait=wait_random_exponential(multiplier=0.1, max=2.0),
    stop=stop_after_delay(_STORES_SECONDS),
    reraise=True,
)


def redis_url(settings: Settings) -> str:
    """REDIS_URL, else the address of the embedded server under VAR_DIR."""
    return settings.redis_url or EmbeddedServer(settings.var_dir).url


@_until_stores_answer
async def prepare_stores(settings: Settings) -> None:
    """Check Redis's layout, bring the database's tables up to date.

    Raises LayoutMismatch, SettingsError; StorageUnavailable where they do not answer in 30 s.
    """
    redis = connect(redis_url(settings))
    try:
        await ensure_layout(redis, Layout(settings.partitions))
    finally:
        await close(redis)
    await asyncio.to_thread(migrate, settings.database_dsn)


def kept_stores(settings: Settings, redis: Redis) -> Kept:
    """What the channels may keep, in Redis."""
    layout = Layout(settings.partitions)
    return Kept(
        contacts=RedisContacts(redis, layout),
        offers=RedisOffers(redis, layout),
        deliveries=deliveries(settings, redis),
    )


def deliveries(settings: Settings, redis: Redis) -> RedisDeliveries:
    """The journal of what the platforms were called with."""
    kept_seconds = settings.delivery_give_up + _DELIVERIES_KEPT
    return RedisDeliveries(redis, Layout(settings.partitions), kept_seconds)


@contextlib.asynccontextmanager
async def open_dead_letters(settings: Settings) -> AsyncIterator[DeadLetters]:
    """The dead letters, to look at and to hand in again. Raises LayoutMismatch, StorageUnavailable."""
    redis = connect(redis_url(settings))
    layout = Layout(settings.partitions)
    try:
        await ensure_layout(redis, layout)
        yield RedisDeadLetters(redis, layout)
    finally:
        await close(redis)


async def close(redis: Redis) -> None:
    """Close a client and its connections."""
    await redis.close()
    await redis.connection_pool.disconnect()
