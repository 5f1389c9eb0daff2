"""The edge's side of the inbox. See `bot.ports.Inbox`."""

from __future__ import annotations

from bot.model.messages import Author, Inbound
from bot.model.turns import turn_id
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import NOTICES, Layout
from bot.pipeline.redis_streams.scripts import Script
from bot.pipeline.redis_streams.transcripts import utterance_to_json
from bot.ports import Accepted, Inbox


class RedisInbox(Inbox):
    """Accepts a message in one script: mark, entry, transcript's line and contact, or nothing."""

    def __init__(self, redis: Redis, layout: Layout, dedupe_seconds: int) -> None:
        self._redis = redis
        self._layout = layout
        self._dedupe_seconds = dedupe_seconds
        self._accept = Script(redis, "accept")

    async def accept(self, message: Inbound) -> Accepted:
        """See the port. Raises StorageUnavailable; then the message may or may not be stored, and
        accepting it again is safe.
        """
        conversation_id = message.conversation_id
        partition = self._layout.partition_of(conversation_id)
        keys = [
            self._layout.seen(message),
            self._layout.queue(partition, "inbox"),
            self._layout.chat(conversation_id),
            self._layout.contact(conversation_id),
        ]
        line = utterance_to_json(
            message.event_id, Author.CUSTOMER, message.channel, message.content
        )
        entry, cursor, duplicate = await self._accept(
            keys,
            [
                self._dedupe_seconds,
                message.to_json(),
                line,
                NOTICES,
                conversation_id,
                partition,
                message.channel,
                message.sender,
                repr(float(message.received_at)),
            ],
        )
        return Accepted(turn_id(partition, entry.decode()), cursor.decode(), bool(duplicate))

    async def find(self, message: Inbound) -> Accepted | None:
        """See the port."""
        with storage_errors():
            seen = await self._redis.get(self._layout.seen(message))
        if seen is None:
            return None
        entry, cursor, _ = seen.decode().split(" ")
        partition = self._layout.partition_of(message.conversation_id)
        return Accepted(turn_id(partition, entry), cursor, duplicate=True)
