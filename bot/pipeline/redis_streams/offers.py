"""Choices kept for when they come back. See `bot.ports.Offers`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bot.model.content import Button
from bot.model.messages import Outbound
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import Layout
from bot.ports import Offers

_KEPT_SECONDS = 30 * 24 * 3600
# At most 43 characters; the longest that a platform takes back unchanged are 64 bytes (Telegram).
_REFERENCE = re.compile(
    r"(?P<message>(?P<turn>\d{1,4}-\d{1,13}-\d{1,10})/\d{1,8})/(?P<index>\d{1,4})", re.ASCII
)


class RedisOffers(Offers):
    """One hash a message; a reference is `<turn id>/<position>/<the choice's place, from 0>`.

    It can be guessed, which is why it is worth something to its recipient alone.
    """

    def __init__(self, redis: Redis, layout: Layout) -> None:
        self._redis = redis
        self._layout = layout

    async def keep(self, message: Outbound, choices: Sequence[Button]) -> Sequence[str]:
        """See the port. A message's choices are handed in all at once.

        Raises ValueError for a message whose turn is none of an inbox entry.
        """
        references = [f"{message.id}/{index}" for index in range(len(choices))]
        if not choices:
            return references
        places = [self._place(reference) for reference in references]
        if None in places:
            raise ValueError(
                f"{message.turn_id!r} is not a turn's id, or there are too many choices"
            )
        key = self._layout.offer(self._layout.partition_of_outbound(message), message.id)
        fields: dict[str | bytes, Any] = {
            str(index): json.dumps(asdict(choice), ensure_ascii=False)
            for index, choice in enumerate(choices)
        }
        with storage_errors():
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(key, mapping={"recipient": message.recipient, **fields})
            pipe.expire(key, _KEPT_SECONDS)
            await pipe.execute()
        return references

    async def find(self, reference: str, recipient: str) -> Button | None:
        """See the port. What is no reference at all finds nothing."""
        place = self._place(reference)
        if place is None:
            return None
        key, index = place
        with storage_errors():
            owner, stored = await self._redis.hmget(key, ["recipient", index])
        if stored is None or owner is None or owner.decode() != recipient:
            return None
        data: Mapping[str, Any] = json.loads(stored)
        return Button(**data)

    def _place(self, reference: str) -> tuple[str, str] | None:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            return None
        partition = self._layout.partition_of_turn(match["turn"])
        if partition is None:
            return None
        return self._layout.offer(partition, match["message"]), match["index"]
