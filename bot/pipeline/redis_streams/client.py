"""The connection to Redis: made, checked, and its errors named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.errors import LayoutMismatch, StorageUnavailable
from bot.pipeline.redis_streams.layout import LAYOUT, Layout

__all__ = ["Redis", "connect", "ensure_layout", "storage_errors"]

# Longer than any blocking read, so that only a dead server runs into it.
SOCKET_TIMEOUT = 10.0


def connect(url: str, *, retry_once: bool = False) -> Redis:
    """A client with a connection pool; connects at its first command. `await client.close()` it.

    `retry_once` sends a command again whose connection broke, as all pooled ones do when Redis is
    restarted. Not for who reads a queue: what the first try had taken would go unnoticed.
    """
    client: Redis = Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 1) if retry_once else None,
        retry_on_error=[exceptions.ConnectionError] if retry_once else None,
        socket_connect_timeout=3.0,
        socket_timeout=SOCKET_TIMEOUT,
        health_check_interval=30,
    )
    return client


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turns the client's errors about the connection into StorageUnavailable."""
    try:
        yield
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
        raise StorageUnavailable(f"Redis does not answer: {error}") from error
    except (exceptions.ReadOnlyError, exceptions.OutOfMemoryError) as error:
        raise StorageUnavailable(f"Redis takes no writes: {error}") from error
    except exceptions.ResponseError as error:
        # A replica that was cut off, a disk that is full: it may recover.
        if str(error).startswith(("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "OOM")):
            raise StorageUnavailable(f"Redis takes no writes: {error}") from error
        raise


async def ensure_layout(redis: Redis, layout: Layout) -> None:
    """Record the number of partitions, or check it against the one on record.

    Raises LayoutMismatch: another number would send a conversation to another partition.
    """
    with storage_errors():
        await redis.set(LAYOUT, layout.partitions, nx=True)
        stored: Any = await redis.get(LAYOUT)
    if int(stored) != layout.partitions:
        raise LayoutMismatch(
            f"Redis holds conversations in {int(stored)} partitions, but PARTITIONS is"
            f" {layout.partitions}: set PARTITIONS={int(stored)}"
        )
