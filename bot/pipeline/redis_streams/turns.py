"""The worker's queue: the inbox, with trackers, and turns committed in one step."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import FloorMoved, LeaseLost, StorageError
from bot.model.content import Content, Typing
from bot.model.journal import TurnRecord, entry_to_json, handoff_id_of
from bot.model.messages import Author, Inbound, Outbound
from bot.model.turns import Entry, TrackerWindow, TurnCommit
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.floor import read_floor
from bot.pipeline.redis_streams.layout import NOTICES, Layout
from bot.pipeline.redis_streams.leases import fence
from bot.pipeline.redis_streams.queue import RedisPartitionQueue
from bot.pipeline.redis_streams.scripts import Script
from bot.pipeline.redis_streams.trackers import read_window
from bot.pipeline.redis_streams.transcripts import notice_to_json, utterance_to_json
from bot.ports import TurnQueue

# Longer than anybody at the desk may still be about to give such a handoff the floor.
_ENDED_SECONDS = 7 * 24 * 3600


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
        return await read_window(self._redis, self._layout, conversation_id)

    async def floor(self, conversation_id: str) -> str | None:
        """See the port."""
        return await read_floor(self._redis, self._layout, conversation_id)

    async def commit(self, commit: TurnCommit) -> bool:
        """See the port. Raises PastMoved too: then nothing was written either.

        Raises ValueError for a turn in which the bot speaks while a person has the floor.
        """
        entry, message, result = commit.entry, commit.message, commit.result
        conversation_id, partition = message.conversation_id, entry.lease.partition
        floor_after = _floor_after(commit)
        if result.answers and commit.floor is not None and floor_after is not None:
            raise ValueError(f"turn {entry.turn_id} speaks while {commit.floor} has the floor")
        keys = [
            self._layout.lease(partition, self._role),
            self._layout.queue(partition, self._role),
            self._layout.seen(message),
            self._layout.tracker(conversation_id),
            self._layout.base(conversation_id),
            self._layout.chat(conversation_id),
            self._layout.queue(partition, "outbox"),
            self._layout.dead(partition),
            self._layout.floor(conversation_id),
            self._layout.queue(partition, "journal"),
        ]
        if message.hand_back is not None:
            keys.append(self._layout.ended(partition, message.hand_back.handoff_id))
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
                commit.floor or "",
                floor_after or "",
                _ENDED_SECONDS,
                entry_to_json(_record(commit)),
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
        if reply == b"floor":
            raise FloorMoved(f"the floor of conversation {conversation_id} has changed hands")
        if reply == b"moved":
            raise PastMoved(
                f"conversation {conversation_id} is not {commit.past_length} events long"
            )
        return bool(reply == b"done")

    async def announce_typing(self, entry: Entry, message: Inbound, push: bool) -> None:
        """See the port."""
        notice = notice_to_json("typing", message.conversation_id, entry.turn_id)
        with storage_errors():
            await self._redis.publish(NOTICES, notice)
            if push:
                sign = _outbound(message, entry.turn_id, -1, Typing(), None)
                queue = self._layout.queue(entry.lease.partition, "outbox")
                await self._redis.xadd(queue, {"m": sign.to_json()})


def _floor_after(commit: TurnCommit) -> str | None:
    """Who has the floor once the turn is saved."""
    hand_back = commit.message.hand_back
    if hand_back is not None and hand_back.handoff_id == commit.floor:
        return None
    if commit.floor is None and commit.result.request is not None:
        return handoff_id_of(commit.entry.turn_id)
    return commit.floor


def _record(commit: TurnCommit) -> TurnRecord:
    message, result = commit.message, commit.result
    return TurnRecord(
        conversation_id=message.conversation_id,
        turn_id=commit.entry.turn_id,
        event_id=message.event_id,
        channel=message.channel,
        recipient=message.sender,
        received_at=message.received_at,
        committed_at=time.time(),
        language=result.language,
        intent=result.intent,
        confidence=result.confidence,
        understood=result.understood,
        failed=commit.failure is not None,
        floor=commit.floor,
        request=result.request if commit.floor is None else None,
        handed_back=message.hand_back.handoff_id if message.hand_back else None,
        rated=result.rated,
    )


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
