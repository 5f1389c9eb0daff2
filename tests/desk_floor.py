"""The desk's side of a conversation by hand: the real floor, without a desk that decides."""

from __future__ import annotations

from collections.abc import Collection

from bot.model.content import Content, Text
from bot.model.handoff import HandBack
from bot.model.messages import Author
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.floor import RedisFloor
from bot.pipeline.redis_streams.layout import Layout
from bot.ports import DeskUtterance


class DeskByHand:
    """One handoff, of one conversation."""

    def __init__(
        self,
        redis: Redis,
        layout: Layout,
        conversation_id: str,
        push_channels: Collection[str] = (),
    ) -> None:
        self.handoff_id = "a handoff"
        self.conversation_id = conversation_id
        self._count = 0
        self.floor = RedisFloor(
            redis,
            layout,
            contacts=RedisContacts(redis, layout),
            push_channels=push_channels,
            dedupe_seconds=600,
        )

    async def take(self) -> None:
        """Take the floor."""
        assert await self.floor.take(self.conversation_id, self.handoff_id)

    async def say(self, content: Content | str, name: str | None = None) -> str:
        """Say something: a person's words with a `name`, the desk's own without."""
        self._count += 1
        utterance = DeskUtterance(
            f"say-{self._count}",
            self.conversation_id,
            Text(content) if isinstance(content, str) else content,
            Author.BOT if name is None else Author.STAFF,
            name,
        )
        return await self.floor.say(utterance, self.handoff_id)

    async def write(self) -> None:
        """Be writing."""
        await self.floor.show_typing(self.conversation_id, self.handoff_id)

    async def hand_back(self) -> None:
        """Give the floor back."""
        await self.floor.hand_back(self.conversation_id, HandBack(self.handoff_id))
