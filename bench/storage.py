"""Looks into the store of a Flerkanal that was measured, while its server still runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.audit import Fault, audit, turns
from bench.customers import Held
from bench.errors import BenchError
from bot.model.messages import Author, Utterance
from bot.pipeline.embedded_server import EmbeddedServer
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.layout import GROUPS, LAYOUT, Layout
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from channels.rest.render import render


class Storage:
    """Reads transcripts, trackers and queues; writes nothing."""

    def __init__(self, redis: Redis, layout: Layout) -> None:
        self._redis = redis
        self._layout = layout
        self._transcripts = RedisTranscripts(redis, layout)

    @property
    def redis(self) -> Redis:
        """The store itself."""
        return self._redis

    @classmethod
    @asynccontextmanager
    async def of(cls, var_dir: Path) -> AsyncIterator[Storage]:
        """The store of the embedded server of `var_dir`. Raises BenchError where none runs."""
        owner = EmbeddedServer(var_dir).owner()
        if owner is None:
            raise BenchError(f"no embedded server runs on {var_dir}")
        redis = connect(owner.url)
        try:
            partitions = await redis.get(LAYOUT)
            if partitions is None:
                raise BenchError(f"the embedded server of {var_dir} holds no data of Flerkanal")
            yield cls(redis, Layout(int(partitions)))
        finally:
            await redis.close(close_connection_pool=True)

    async def audit(self, held: Held) -> list[Fault]:
        """What is wrong with one conversation; empty where nothing is."""
        conversation_id = f"rest:{held.sender}"
        transcript = await self._transcripts.read(conversation_id)
        shown = [
            render(held.sender, (line.content for line in turn if line.author is Author.BOT))
            for turn in turns(transcript)
        ]
        events = [
            json.loads(event)
            for event in await self._redis.lrange(self._layout.tracker(conversation_id), 0, -1)
        ]
        texts = [event.get("text") for event in events if event.get("event") == "user"]
        return audit(held.sender, held.asked, transcript, texts, json.loads(json.dumps(shown)))

    async def transcript(self, conversation_id: str) -> Sequence[Utterance]:
        """All that was said in a conversation, in order."""
        return await self._transcripts.read(conversation_id, limit=10_000)

    async def left_over(self) -> dict[str, int]:
        """What should be nothing once all is answered: unfinished entries, dead letters."""
        unfinished = dead = 0
        for partition in range(self._layout.partitions):
            dead += int(await self._redis.xlen(self._layout.dead(partition)))
            for role, group in GROUPS.items():
                unfinished += await self._unfinished(self._layout.queue(partition, role), group)
        return {"unfinished entries": unfinished, "dead letters": dead}

    async def _unfinished(self, key: str, group: str) -> int:
        if not await self._redis.exists(key):
            return 0
        groups = {each["name"].decode(): each for each in await self._redis.xinfo_groups(key)}
        if group not in groups:
            return int(await self._redis.xlen(key))
        about = groups[group]
        return int(about["pending"]) + int(about.get("lag") or 0)
