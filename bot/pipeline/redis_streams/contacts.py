"""Where a customer was last heard. See `bot.ports.Contacts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.model.people import Contact
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.scripts import Script
from bot.ports import Contacts


class RedisContacts(Contacts):
    """One hash a conversation, which `RedisInbox.accept` writes in the step that stores a message."""

    def __init__(self, redis: Redis, layout: Layout) -> None:
        self._redis = redis
        self._layout = layout
        self._receipt = Script(redis, "receipt")

    async def last(self, conversation_id: str) -> Contact | None:
        """See the port."""
        fields = await self._read(conversation_id)
        return _contact(fields, fields["last"]) if "last" in fields else None

    async def on(self, conversation_id: str, channel: str) -> Contact | None:
        """See the port."""
        return _contact(await self._read(conversation_id), channel)

    async def record_receipt(
        self, conversation_id: str, channel: str, kind: Literal["delivered", "read"], until: float
    ) -> None:
        """See the port. Nothing is recorded of somebody who has never written there."""
        keys = [self._layout.contact(conversation_id)]
        await self._receipt(keys, [channel, kind, repr(float(until))])

    async def _read(self, conversation_id: str) -> Mapping[str, str]:
        with storage_errors():
            stored: dict[bytes, bytes] = await self._redis.hgetall(
                self._layout.contact(conversation_id)
            )
        return {name.decode(): value.decode() for name, value in stored.items()}


def _contact(fields: Mapping[str, str], channel: str) -> Contact | None:
    sender = fields.get(f"{channel}:sender")
    if sender is None:
        return None
    delivered, read = (fields.get(f"{channel}:{kind}") for kind in ("delivered", "read"))
    return Contact(
        channel=channel,
        recipient=sender,
        heard_at=float(fields[f"{channel}:heard"]),
        delivered_until=float(delivered) if delivered is not None else None,
        read_until=float(read) if read is not None else None,
    )
