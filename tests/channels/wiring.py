"""Channels that the project does not have by itself, put beside those that it has.

What `bot/app` does for the project's own channels is done here for the recipe's example.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import BaseRoute

from bot.app.bootstrap import build_identities
from bot.identity.store import SqlIdentities
from bot.observability.metrics import MessageMetrics, new_registry
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.ports import PushChannel
from bot.record.database import Database, open_engine
from bot.settings import Settings
from channels.reception import Reception


@dataclass(frozen=True)
class Stores:
    """What a channel's adapter may ask for."""

    redis: Redis
    layout: Layout
    identities: SqlIdentities
    metrics: MessageMetrics
    reception: Reception
    offers: RedisOffers
    contacts: RedisContacts
    deliveries: RedisDeliveries


@dataclass(frozen=True)
class Wired:
    """A channel's two ends."""

    routes: Sequence[BaseRoute]
    push: PushChannel
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    close: Sequence[Callable[[], Awaitable[None]]] = field(default=())


@contextlib.asynccontextmanager
async def stores(settings: Settings, url: str) -> AsyncIterator[Stores]:
    """Over the gateway's Redis and database."""
    redis, layout = connect(url, retry_once=True), Layout(settings.partitions)
    database = Database(open_engine(settings.database_dsn))
    identities = build_identities(settings, database)
    metrics = MessageMetrics(new_registry())
    inbox = RedisInbox(redis, layout, settings.dedupe_seconds)
    try:
        yield Stores(
            redis,
            layout,
            identities,
            metrics,
            Reception(inbox, identities, metrics),
            RedisOffers(redis, layout),
            RedisContacts(redis, layout),
            RedisDeliveries(redis, layout, 3600),
        )
    finally:
        database.close()
        await redis.close()
        await redis.connection_pool.disconnect()
