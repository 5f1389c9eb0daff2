"""The worker's queue: the inbox, with trackers, and turns committed in one step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import LeaseLost, StorageError, UnreadableEntry
from bot.model.content import Content, Typing
from bot.model.messages import Author, Inbound, Outbound
from bot.model.turns import Entry, TrackerWindow, TurnCommit
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import NOTICES, Layout
from bot.pipeline.redis_streams.leases import fence
from bot.pipeline.redis_streams.queue import RedisPartitionQueue
from bot.pipeline.redis_streams.scripts import Script
from bot.pipeline.redis_streams.transcripts import utterance_to_json
from bot.ports import TurnQueue


class PastMoved(StorageError):
    """The conversation has other events than the turn was taken on: read its past again."""


class RedisTurnQueue(RedisPartitionQueue, TurnQueue):
    """See `bot.ports.TurnQueue`."""

    def __init__(
        self, redis: Redis, layout: Layout, lease_seconds: float, says: Mapping[str, Any]
    ) -> None:
        """`says` is what this worker tells of itself in its heartbeat, such as its model."""
        super().__init__(redis, layout, "inbox", lease_seconds, says)
        self._commit = Script(redis, "commit")

    async def window(self, conversation_id: str) -> TrackerWindow:
        """See the port. Raises UnreadableEntry where what is stored is damaged."""
        with storage_errors():
            stored = await self._redis.get(self._layout.base(conversation_id))
            try:
                base: Any = json.loads(stored) if stored else {"start": 0, "events": []}
                tail = await self._redis.lrange(
                    self._layout.tracker(conversation_id), base["start"], -1
                )
                return TrackerWindow(
                    tuple(base["events"]), base["start"], tuple(json.loads(event) for event in tail)
                )
            except (ValueError, KeyError, TypeError) as error:
                raise UnreadableEntry(f"tracker of {conversation_id}: {error}") from error

    async def floor(self, conversation_id: str) -> str | None:
        """See the port."""
        with storage_errors():
            holder: bytes | None = await self._redis.get(self._layout.floor(conversation_id))
        return None if holder is None else holder.decode()

    async def commit(self, commit: TurnCommit) -> bool:
        """See the port. Raises PastMoved too: then nothing was written either."""
        entry, message, result = commit.entry, commit.message, commit.result
        conversation_id, partition = message.conversation_id, entry.lease.partition
        keys = [
            self._layout.lease(partition, self._role),
            self._layout.queue(partition, self._role),
            self._layout.seen(message),
            self._layout.tracker(conversation_id),
            self._layout.base(conversation_id),
            self._layout.chat(conversation_id),
            self._layout.queue(partition, "outbox"),
            self._layout.dead(partition),
        ]
        events = [_compact(event) for event in result.events]
        utterances = _utterances(message, entry.turn_id, result.answers)
        pushed = [
            _outbound(message, entry.turn_id, position, answer, result.language).to_json()
            for position, answer in enumerate(result.answers)
            if commit.push
        ]
        window = result.window
        base = {"start": window.start, "events": window.base}
        reply = await self._commit(
            keys,
            [
                fence(entry.lease),
                self._group,
                entry.id,
                commit.past_length,
                NOTICES,
                conversation_id,
                entry.turn_id,
                _compact(base) if result.rebased else "",
                commit.failure or "",
                entry.raw if commit.failure else "",
                len(events),
                *events,
                len(utterances),
                *utterances,
                len(pushed),
                *pushed,
            ],
        )
        if reply == b"lost":
            raise LeaseLost(partition)
        if reply == b"moved":
            raise PastMoved(
                f"conversation {conversation_id} is not {commit.past_length} events long"
            )
        return bool(reply == b"done")

    async def announce_typing(self, entry: Entry, message: Inbound, push: bool) -> None:
        """See the port."""
        notice = json.dumps(["typing", message.conversation_id, entry.turn_id])
        with storage_errors():
            await self._redis.publish(NOTICES, notice)
            if push:
                sign = _outbound(message, entry.turn_id, -1, Typing(), None)
                queue = self._layout.queue(entry.lease.partition, "outbox")
                await self._redis.xadd(queue, {"m": sign.to_json()})


def _utterances(message: Inbound, turn: str, answers: Sequence[Content]) -> list[str]:
    return [
        utterance_to_json(f"{turn}/{position}", Author.BOT, message.channel, answer)
        for position, answer in enumerate(answers)
        if not isinstance(answer, Typing)
    ]


def _outbound(
    message: Inbound, turn: str, position: int, answer: Content, language: str | None
) -> Outbound:
    return Outbound(
        message.channel,
        message.sender,
        message.conversation_id,
        turn,
        position,
        answer,
        asked_at=message.received_at,
        language=language,
    )


def _compact(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
