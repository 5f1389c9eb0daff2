"""What could not be handled, kept until somebody has looked at it. See `bot.ports.DeadLetters`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.errors import InvalidMessage
from bot.pipeline.redis_streams.client import Redis, storage_errors
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.scripts import Script
from bot.ports import DeadLetter, DeadLetters

_ID = re.compile(r"(\d{1,4})-(\d{1,20}-\d{1,20})", re.ASCII)


class RedisDeadLetters(DeadLetters):
    """One stream a partition; a dead letter's id is `<partition>-<stream entry's id>`."""

    def __init__(self, redis: Redis, layout: Layout) -> None:
        self._redis = redis
        self._layout = layout
        self._replay = Script(redis, "replay")

    async def list(self, limit: int = 100) -> Sequence[DeadLetter]:
        """See the port."""
        letters: list[DeadLetter] = []
        if limit < 1:
            return letters
        for partition in range(self._layout.partitions):
            with storage_errors():
                lines = await self._redis.xrange(self._layout.dead(partition), count=limit)
            letters.extend(_letter(partition, entry, fields) for entry, fields in lines)
        return sorted(letters, key=lambda letter: letter.at)[:limit]

    async def count(self) -> int:
        """See the port."""
        with storage_errors():
            pipe = self._redis.pipeline(transaction=False)
            for partition in range(self._layout.partitions):
                pipe.xlen(self._layout.dead(partition))
            return sum(await pipe.execute())

    async def replay(self, ids: Sequence[str]) -> int:
        """See the port. Raises InvalidMessage for an id that is not one; then none is replayed."""
        places = [self._place(letter_id) for letter_id in ids]
        replayed = 0
        for partition, entry in places:
            keys = [
                self._layout.dead(partition),
                self._layout.queue(partition, "inbox"),
                self._layout.queue(partition, "outbox"),
                self._layout.queue(partition, "journal"),
            ]
            replayed += int(await self._replay(keys, [entry]))
        return replayed

    def _place(self, letter_id: str) -> tuple[int, str]:
        match = _ID.fullmatch(letter_id)
        if match is None or int(match[1]) >= self._layout.partitions:
            raise InvalidMessage("bad_dead_letter", f"{letter_id!r} is not a dead letter's id")
        return int(match[1]), match[2]


def _letter(partition: int, entry: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    return DeadLetter(
        id=f"{partition}-{entry.decode()}",
        queue=fields[b"from"].decode(),
        at=int(entry.split(b"-")[0]) / 1000,
        reason=fields[b"why"].decode(errors="replace"),
        raw=fields[b"m"],
    )
