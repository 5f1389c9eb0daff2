"""The whole gateway, as `flerkanal gateway` runs it, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from bot.app.bootstrap.gateway import build_gateway
from bot.app.bootstrap.stores import prepare_stores
from bot.app.gateway import Address, serve_gateway
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.turns import RedisTurnQueue
from bot.settings import Settings, load_settings
from tests.records import new_record

WEBHOOK = "/webhooks/rest/webhook"


@dataclass
class RunningGateway:
    """`client` talks to it, `redis` to what is behind it; `stop` tells it to end."""

    address: Address
    settings: Settings
    client: httpx.AsyncClient
    redis: Redis
    stop: asyncio.Event
    serving: asyncio.Task[None]

    def turns(self, model: str = "a-model") -> RedisTurnQueue:
        """A worker's queue over the same Redis."""
        layout = Layout(self.settings.partitions)
        return RedisTurnQueue(self.redis, layout, self.settings.lease_seconds, {"model": model})

    async def inbox_length(self) -> int:
        """Entries in all inboxes that are not done with."""
        layout = Layout(self.settings.partitions)
        return sum(
            [
                await self.redis.xlen(layout.queue(partition, "inbox"))
                for partition in range(layout.partitions)
            ]
        )

    async def waits(self) -> bool:
        """Whether a message waits for its turn."""
        return await self.inbox_length() > 0

    async def is_done(self) -> bool:
        """Whether no message waits any more."""
        return await self.inbox_length() == 0

    async def send(self, message: Any, sender: str = "s1", **headers: str) -> httpx.Response:
        """A message by the REST channel; underscores in headers' names become dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            WEBHOOK, json={"sender": sender, "message": message}, headers=named
        )


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Returns once `check` says yes. Raises tenacity.RetryError where it does not in time."""
    await AsyncRetrying(
        retry=retry_if_result(lambda result: not result),
        wait=wait_fixed(0.02),
        stop=stop_after_delay(seconds),
    )(check)


@contextlib.asynccontextmanager
async def running_gateway(
    redis_url: str, var_dir: Path, *, graceful_seconds: int = 5, deaf: bool = False, **settings: Any
) -> AsyncIterator[RunningGateway]:
    """Serves on a free port while the block lasts. A `deaf` one gets no notices."""
    values = {"redis_url": redis_url, "var_dir": var_dir, "port": 0, "partitions": 4, **settings}
    loaded = load_settings(_env_file=None, **values)
    record = loaded.database_dsn.removeprefix("sqlite:///")
    if loaded.database_url is None and not Path(record).exists():
        new_record(Path(record))
    await prepare_stores(loaded)
    gateway = build_gateway(loaded)
    if deaf:
        gateway = dataclasses.replace(gateway, background=[])
    ready: asyncio.Queue[Address] = asyncio.Queue()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve_gateway(
            gateway,
            loaded.host,
            loaded.port,
            stop=stop,
            on_ready=ready.put_nowait,
            graceful_seconds=graceful_seconds,
        )
    )
    address = await asyncio.wait_for(ready.get(), 10)
    redis = connect(redis_url)
    try:
        async with httpx.AsyncClient(base_url=address.url, timeout=20, trust_env=False) as client:
            yield RunningGateway(address, loaded, client, redis, stop, serving)
    finally:
        stop.set()
        await serving
        await redis.close()
        await redis.connection_pool.disconnect()
