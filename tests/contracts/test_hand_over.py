"""Partitions that pass from one process to another while something is under way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from bot.errors import StorageUnavailable
from bot.model.turns import Entry, Lease
from bot.pipeline.consumer import Consumer
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.outbox import RedisOutbox
from bot.pipeline.redis_streams.pacing import RedisPacer
from bot.pipeline.sender import DeliveryJobs
from tests.pipeline import LAYOUT, LEASE_SECONDS
from tests.postbox import QUICK, Postbox, PostboxChannel, drained, post, sender, sending, until
from tests.recording.server import Fault, in_turn, serve

# Long calls and long waits, so that only a hand-over can end them.
PATIENT = replace(QUICK, give_up=600.0, call=5.0)


class SlowOutbox(RedisOutbox):
    """An outbox whose answers may be long on their way back, or be lost there."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis, LAYOUT, LEASE_SECONDS)
        self.asks_to_read = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.has_read = asyncio.Event()
        self.may_return = asyncio.Event()
        self.may_return.set()
        self.fails = False

    async def next_entries(
        self, leases: Sequence[Lease], limit: int, wait: float
    ) -> Sequence[Entry]:
        self.asks_to_read.set()
        await self.may_read.wait()
        entries = await super().next_entries(leases, limit, wait)
        if entries:
            self.has_read.set()
        await self.may_return.wait()
        if self.fails:
            self.fails = False
            raise StorageUnavailable("the connection broke")
        return entries


class WatchedJobs(DeliveryJobs):
    """Tells when a lease's deliveries have to be left."""

    def __init__(self, outbox: SlowOutbox, redis: Redis, channel: PostboxChannel) -> None:
        deliveries = RedisDeliveries(redis, LAYOUT, 3600.0)
        pacer = RedisPacer(redis, longest_call=6.0, lag_seconds=0.02)
        super().__init__(outbox, {channel.name: channel}, deliveries, pacer, PATIENT)
        self.left = asyncio.Event()

    def forget(self, lease: Lease) -> None:
        super().forget(lease)
        self.left.set()


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    platform = Postbox()
    async with serve(platform):
        yield platform


@pytest.fixture
async def channels(postbox: Postbox) -> AsyncIterator[list[PostboxChannel]]:
    """Two, since each sender has its own."""
    made = [PostboxChannel(postbox.url) for _ in range(2)]
    yield made
    for channel in made:
        await channel.close()


def in_partition(partition: int, name: str) -> str:
    """A chat whose conversation is in that partition."""
    chats = (f"{name}-{number}" for number in range(1_000))
    return next(chat for chat in chats if LAYOUT.partition_of(f"postbox:{chat}") == partition)


WAITING = [in_partition(partition, "waiting") for partition in range(LAYOUT.partitions)]
CALLED = [in_partition(partition, "called") for partition in range(LAYOUT.partitions)]


async def test_what_was_read_while_a_partition_was_given_up_does_not_overtake(
    redis: Redis, redis_url: str, postbox: Postbox, channels: list[PostboxChannel]
) -> None:
    outbox = SlowOutbox(redis)
    jobs = WatchedJobs(outbox, redis, channels[0])
    first = Consumer(outbox, jobs, "s1", 50, LEASE_SECONDS / 4, 5.0, most_under_way=500)
    postbox.faults = lambda call: Fault("busy", 60) if call.arguments["text"] == "1" else None
    for waiting, called in zip(WAITING, CALLED, strict=True):
        postbox.held[f"slow in {called}"] = "after"
        await post(redis, waiting, "1")
        await post(redis, called, f"slow in {called}")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(sending(redis_url, lambda _: first))
        # The first ones wait for a minute, and one call in each partition is under way.
        await until(lambda: _is(len(postbox.received) == 2 * LAYOUT.partitions))
        outbox.may_read.clear()
        # The read that waits now would take the first of them alone.
        outbox.asks_to_read.clear()
        await outbox.asks_to_read.wait()
        outbox.may_return.clear()
        outbox.has_read.clear()
        for chat in WAITING:
            await post(redis, chat, "2")
        outbox.may_read.set()
        await outbox.has_read.wait()
        second = sending(redis_url, lambda redis: sender(redis, channels[1], "s2", PATIENT))
        await stack.enter_async_context(second)
        await jobs.left.wait()
        outbox.may_return.set()
        # The first sender waits for its calls under way, some time at the most.
        await asyncio.sleep(LEASE_SECONDS / 8)
        postbox.faults = in_turn()
        postbox.let_go.set()
        await asyncio.sleep(LEASE_SECONDS)
    async with sending(redis_url, lambda redis: sender(redis, channels[1], "s3", PATIENT)):
        await drained(redis)
    assert {chat: postbox.texts(chat) for chat in WAITING} == {chat: ["1", "2"] for chat in WAITING}


async def test_a_lost_read_gives_no_call_under_way_to_another_sender(
    redis: Redis, redis_url: str, postbox: Postbox, channels: list[PostboxChannel]
) -> None:
    outbox = SlowOutbox(redis)
    jobs = WatchedJobs(outbox, redis, channels[0])
    first = Consumer(outbox, jobs, "s1", 50, LEASE_SECONDS / 4, 5.0, most_under_way=500)
    for called in CALLED:
        postbox.held[f"slow in {called}"] = "after"
        await post(redis, called, f"slow in {called}", "next")
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(sending(redis_url, lambda _: first))
        await until(lambda: _is(len(postbox.received) == LAYOUT.partitions))
        second = sending(redis_url, lambda redis: sender(redis, channels[1], "s2", PATIENT))
        await stack.enter_async_context(second)
        jobs.left.clear()
        outbox.fails = True
        await jobs.left.wait()
        # Longer than both the lease and the time between two looks at it.
        await asyncio.sleep(1.5 * LEASE_SECONDS)
        assert len(postbox.received) == LAYOUT.partitions, "no call is made again"
        assert not postbox.asked, "nobody has to guess about one"
        postbox.let_go.set()
        await drained(redis)
    for called in CALLED:
        assert postbox.texts(called) == [f"slow in {called}", "next"]


async def _is(true: bool) -> bool:
    return true
