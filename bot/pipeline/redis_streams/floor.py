"""Who may speak in a conversation, and what the desk says there. See `bot.ports.Floor`."""

from __future__ import annotations

import re
import time
from collections.abc import Collection

from bot.errors import HandoffRefused
from bot.model.content import Typing
from bot.model.handoff import HandBack
from bot.model.journal import DeskSpoke, entry_to_json
from bot.model.messages import Author, Inbound, Outbound
from bot.model.people import Contact
from bot.model.turns import turn_id
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import NOTICES, Layout
from bot.pipeline.redis_streams.scripts import Script
from bot.pipeline.redis_streams.transcripts import notice_to_json, utterance_to_json
from bot.ports import Contacts, DeskUtterance, Floor

_ID = re.compile(r"\S{1,200}")


class RedisFloor(Floor):
    """One key a conversation, in its partition: there the turns commit.

    What the desk says has the name of a turn that no inbox entry starts, `<partition>-0-<number>`,
    so that all that is kept of a message by its turn's name finds its partition.
    """

    def __init__(
        self,
        redis: Redis,
        layout: Layout,
        *,
        contacts: Contacts,
        push_channels: Collection[str],
        dedupe_seconds: int,
    ) -> None:
        """
        Args:
            push_channels: channels whose messages a sender has to deliver.
            dedupe_seconds: for how long the same thing again is known to be the same.
        """
        self._redis = redis
        self._layout = layout
        self._contacts = contacts
        self._push_channels = frozenset(push_channels)
        self._dedupe_seconds = dedupe_seconds
        self._take = Script(redis, "take_floor")
        self._say = Script(redis, "say")
        self._put_once = Script(redis, "put_once")

    async def holder(self, conversation_id: str) -> str | None:
        """See the port."""
        return await read_floor(self._redis, self._layout, conversation_id)

    async def take(self, conversation_id: str, handoff_id: str) -> bool:
        """See the port. False too for a handoff that has given the floor back before."""
        partition = self._layout.partition_of(conversation_id)
        keys = [self._layout.floor(conversation_id), self._layout.ended(partition, handoff_id)]
        return bool(await self._take(keys, [handoff_id]))

    async def say(self, utterance: DeskUtterance, handoff_id: str) -> str:
        """See the port. Raises ValueError for an id that is not as it must be."""
        if not _ID.fullmatch(utterance.id):
            raise ValueError(f"{utterance.id!r} is no id of 1 to 200 characters without spaces")
        conversation_id = utterance.conversation_id
        partition = self._layout.partition_of(conversation_id)
        contact = await self._contact(conversation_id)
        turn = await self._new_name(partition)
        message = Outbound(
            contact.channel,
            contact.recipient,
            conversation_id,
            turn,
            position=0,
            content=utterance.content,
            asked_at=contact.heard_at,
            language=utterance.language,
            author=utterance.author,
            name=utterance.name,
        )
        line = utterance_to_json(
            message.id, utterance.author, contact.channel, utterance.content, utterance.name
        )
        keys = [
            self._layout.once(partition, f"say:{conversation_id}:{utterance.id}"),
            self._layout.floor(conversation_id),
            self._layout.chat(conversation_id),
            self._layout.queue(partition, "outbox"),
            self._layout.queue(partition, "journal"),
        ]
        cursor: bytes = await self._say(
            keys,
            [
                handoff_id,
                self._dedupe_seconds,
                line,
                turn,
                message.to_json() if contact.channel in self._push_channels else "",
                entry_to_json(DeskSpoke(conversation_id)),
                NOTICES,
                conversation_id,
            ],
        )
        if cursor == b"no_floor":
            raise HandoffRefused(
                "no_floor", "This conversation is not with the desk any more: nothing was said."
            )
        return cursor.decode()

    async def hand_back(self, conversation_id: str, hand_back: HandBack) -> None:
        """See the port. Raises HandoffRefused (`no_contact`) where nobody has ever written."""
        partition = self._layout.partition_of(conversation_id)
        contact = await self._contact(conversation_id)
        message = Inbound(
            contact.channel,
            contact.recipient,
            conversation_id,
            event_id=f"hand_back:{hand_back.handoff_id}",
            text="",
            # What the bot says in this turn still answers the customer's last message.
            received_at=contact.heard_at,
            hand_back=hand_back,
        )
        keys = [
            self._layout.once(partition, f"back:{hand_back.handoff_id}"),
            self._layout.queue(partition, "inbox"),
        ]
        await self._put_once(keys, [self._dedupe_seconds, message.to_json()])

    async def show_typing(self, conversation_id: str, handoff_id: str) -> None:
        """See the port. Nothing where the handoff has not the floor."""
        if await self.holder(conversation_id) != handoff_id:
            return
        contact = await self._contacts.last(conversation_id)
        await self._publish("typing", conversation_id, handoff_id)
        if contact is None or contact.channel not in self._push_channels:
            return
        partition = self._layout.partition_of(conversation_id)
        sign = Outbound(
            contact.channel,
            contact.recipient,
            conversation_id,
            await self._new_name(partition),
            position=-1,
            content=Typing(),
            # A sender shows no sign that comes late.
            asked_at=time.time(),
            author=Author.STAFF,
        )
        with storage_errors():
            await self._redis.xadd(self._layout.queue(partition, "outbox"), {"m": sign.to_json()})

    async def announce(self, conversation_id: str, handoff_id: str) -> None:
        """See the port."""
        await self._publish("desk", conversation_id, handoff_id)

    async def post(self, message: Outbound) -> None:
        """See the port."""
        partition = self._layout.partition_of_outbound(message)
        keys = [
            self._layout.once(partition, f"post:{message.id}"),
            self._layout.queue(partition, "outbox"),
        ]
        await self._put_once(keys, [self._dedupe_seconds, message.to_json()])

    async def _contact(self, conversation_id: str) -> Contact:
        contact = await self._contacts.last(conversation_id)
        if contact is None:
            raise HandoffRefused(
                "no_contact", "Nobody has written in this conversation: there is no one to reach."
            )
        return contact

    async def _new_name(self, partition: int) -> str:
        with storage_errors():
            number = await self._redis.incr(self._layout.words(partition))
        return turn_id(partition, f"0-{number}")

    async def _publish(self, kind: str, conversation_id: str, handoff_id: str) -> None:
        with storage_errors():
            await self._redis.publish(NOTICES, notice_to_json(kind, conversation_id, handoff_id))


async def read_floor(redis: Redis, layout: Layout, conversation_id: str) -> str | None:
    """The handoff that has the floor of a conversation."""
    with storage_errors():
        holder: bytes | None = await redis.get(layout.floor(conversation_id))
    return None if holder is None else holder.decode()
