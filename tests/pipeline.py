"""What the pipeline's tests share: messages, and queues over a real Valkey."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.model.messages import Inbound
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.turns import RedisTurnQueue

LAYOUT = Layout(partitions=4)
LEASE_SECONDS = 1.0


def inbound(text: str = "hei", conversation: str = "web:c1", **fields: Any) -> Inbound:
    """A message as the web channel would hand it in; every one is another event."""
    defaults = {
        "channel": "web",
        "sender": conversation,
        "event_id": f"e-{time.monotonic_ns()}",
        "received_at": time.time(),
    }
    return Inbound(conversation_id=conversation, text=text, **{**defaults, **fields})


def turn_queue(redis: Redis, lease_seconds: float = LEASE_SECONDS) -> RedisTurnQueue:
    """A worker's queue. Two of them are two processes as far as the queue can tell."""
    return RedisTurnQueue(redis, LAYOUT, lease_seconds, says={"model": "test"})


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    client = connect(redis_url)
    yield client
    await client.close(close_connection_pool=True)


@pytest.fixture
def inbox(redis: Redis) -> RedisInbox:
    """The edge's side."""
    return RedisInbox(redis, LAYOUT, dedupe_seconds=3600)
