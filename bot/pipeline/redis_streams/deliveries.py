"""The journal of what platforms were called with. See `bot.ports.Deliveries`."""

from __future__ import annotations

import json
import re

from bot.errors import LeaseLost
from bot.model.messages import Outbound
from bot.model.turns import Entry
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.leases import fence
from bot.pipeline.redis_streams.scripts import Script
from bot.ports import DELIVERY_SECONDS, Deliveries, Outcome, Progress

_KEY = re.compile(r"(?P<message>(?P<turn>[\d-]{1,40})/\d{1,8})#(?P<number>\d{1,6})", re.ASCII)
_ALIVE: tuple[Outcome, ...] = ("delivered", "not_shown")


class RedisDeliveries(Deliveries):
    """One hash a message, in the partition that it waits in, and one of counts a partition.

    A hash is forgotten `keep_seconds` after its last write; that of a dead letter stays until it
    was handed in again, so that it does not begin from the start then.
    """

    def __init__(self, redis: Redis, layout: Layout, keep_seconds: float) -> None:
        """`keep_seconds`: days longer than a delivery is tried for."""
        self._layout = layout
        self._keep_seconds = int(keep_seconds)
        self._progress = Script(redis, "delivery_progress")
        self._begin = Script(redis, "delivery_begin")
        self._finish = Script(redis, "delivery_finish")
        self._close = Script(redis, "delivery_close")

    async def progress(self, message: Outbound, entry: Entry) -> Progress:
        """See the port."""
        since_ms, flat = await self._progress([self._key(message)], [entry.id, self._keep_seconds])
        fields = {name.decode(): value for name, value in zip(flat[::2], flat[1::2], strict=True)}
        sent = {
            int(name.removeprefix("sent:")): json.loads(value)
            for name, value in fields.items()
            if name.startswith("sent:")
        }
        begun = int(fields["begun"]) if "begun" in fields else None
        return Progress(sent, begun, max(0.0, since_ms / 1_000))

    async def begin(
        self, message: Outbound, number: int, entry: Entry, attempt: str | None = None
    ) -> bool:
        """See the port."""
        partition = entry.lease.partition
        keys = [
            self._key(message),
            self._layout.lease(partition, "outbox"),
            self._layout.counts(self._layout.partition_of_outbound(message)),
        ]
        reply = await self._begin(
            keys,
            [fence(entry.lease), number, message.channel, self._keep_seconds, attempt or ""],
        )
        if reply == b"lost":
            raise LeaseLost(partition)
        return bool(reply == b"begun")

    async def finish(self, message: Outbound, number: int, platform_id: str | None) -> None:
        """See the port."""
        await self._finished(self._key(message), number, "taken", platform_id)

    async def refused(self, message: Outbound, number: int) -> None:
        """See the port."""
        await self._finished(self._key(message), number, "refused", None)

    async def confirm(self, key: str, platform_id: str | None) -> None:
        """See the port."""
        match = _KEY.fullmatch(key)
        partition = self._layout.partition_of_turn(match["turn"]) if match else None
        if match is None or partition is None:
            return
        where = self._layout.delivery(partition, match["message"])
        await self._finished(where, int(match["number"]), "confirmed", platform_id)

    async def close(self, message: Outbound, entry: Entry, outcome: Outcome) -> None:
        """See the port."""
        keys = [
            self._key(message),
            self._layout.counts(self._layout.partition_of_outbound(message)),
        ]
        answered_ms = entry.id.split("-")[0]
        dead = int(outcome not in _ALIVE)
        await self._close(keys, [message.channel, outcome, answered_ms, dead, *DELIVERY_SECONDS])

    async def _finished(self, key: str, number: int, how: str, platform_id: str | None) -> None:
        await self._finish([key], [number, how, json.dumps(platform_id), self._keep_seconds])

    def _key(self, message: Outbound) -> str:
        return self._layout.delivery(self._layout.partition_of_outbound(message), message.id)
