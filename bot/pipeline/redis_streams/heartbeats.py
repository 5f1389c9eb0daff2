"""Which processes are alive, and what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import Role, about, holders
from bot.pipeline.redis_streams.scripts import Script


class Heartbeats:
    """One role's live processes. A process that stops beating is gone after `ttl` seconds."""

    def __init__(self, redis: Redis, role: Role, ttl: float) -> None:
        self._redis = redis
        self._keys = [holders(role), about(role)]
        self._ttl_ms = int(ttl * 1000)
        self._beat = Script(redis, "beat")

    async def beat(self, holder: str, says: Mapping[str, Any]) -> int:
        """Tell that `holder` lives; returns how many do. Raises StorageUnavailable."""
        return int(await self._beat(self._keys, [holder, self._ttl_ms, json.dumps(dict(says))]))

    async def stop(self, holder: str) -> None:
        """Tell that `holder` ends now, so that others need not wait for its time to run out."""
        await self._beat(self._keys, [holder, 0, ""])

    async def alive(self) -> dict[str, dict[str, Any]]:
        """What each live process says of itself, by holder."""
        with storage_errors():
            seconds, micros = await self._redis.time()
            now_ms = seconds * 1000 + micros // 1000
            live = await self._redis.zrangebyscore(self._keys[0], now_ms, "+inf")
            said: list[bytes | None] = await self._redis.hmget(self._keys[1], live) if live else []
        return {
            holder.decode(): json.loads(text)
            for holder, text in zip(live, said, strict=True)
            if text is not None
        }
