"""The pacer over a real Valkey: no window is ever broken, and nobody is held up without need."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence

import pytest

from bot.child_process import tethered
from bot.pipeline.pacing import Pacing
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.pacing import RedisPacer
from bot.ports import Rate
from tests.postbox import most_within

LAG_SECONDS = 0.02
WIDE = Rate("wide", 5, 0.25)


@pytest.fixture
def pacer(redis: Redis) -> RedisPacer:
    return RedisPacer(redis, longest_call=1.0, lag_seconds=LAG_SECONDS)


async def call(pacer: RedisPacer, ticket: str, rates: Sequence[Rate], seconds: float) -> float:
    """Make a call that takes so long; returns when it arrived at its platform, somewhere in it."""
    while (wait := await pacer.reserve(ticket, rates)) > 0:  # noqa: ASYNC110 (another process's)
        await asyncio.sleep(wait)
    await asyncio.sleep(seconds * random.random())
    arrived = time.monotonic()
    await asyncio.sleep(seconds * random.random())
    await pacer.release(ticket, rates)
    return arrived


async def call_often(redis_url: str, name: str) -> list[tuple[str, float]]:
    """Four chats' calls of one process, each chat's in turn."""
    redis = connect(redis_url)
    pacer = RedisPacer(redis, longest_call=1.0, lag_seconds=LAG_SECONDS)

    async def chat(key: str) -> list[tuple[str, float]]:
        rates = [Rate(key, 1, 0.2), WIDE]
        return [
            (key, await call(pacer, f"{name}/{key}/{number}", rates, 0.06)) for number in range(5)
        ]

    # Two of the chats are others' as well.
    keys = ["shared-1", "shared-2", f"{name}-1", f"{name}-2"]
    found = await asyncio.gather(*(chat(key) for key in keys))
    await redis.close(close_connection_pool=True)
    return [arrival for arrivals in found for arrival in arrivals]


async def test_many_processes_together_break_no_window(redis_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            *tethered(
                [sys.executable, "-m", "tests.contracts.test_pacing", redis_url, f"p{number}"]
            ),
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(3)
    ]
    outputs = [(await process.communicate())[0] for process in processes]
    arrivals = [arrival for output in outputs for arrival in json.loads(output)]
    assert len(arrivals) == 60
    # CLOCK_MONOTONIC is one clock for all processes of a machine.
    assert most_within([at for _, at in arrivals], WIDE.seconds) <= WIDE.count
    for key in {key for key, _ in arrivals}:
        assert most_within([at for other, at in arrivals if other == key], 0.2) == 1
    # The room there is has been used: 60 calls, five at once, each with its window and itself.
    spread = max(at for _, at in arrivals) - min(at for _, at in arrivals)
    assert spread < 3 * 60 / WIDE.count * (WIDE.seconds + 0.06)


async def test_a_call_counts_until_it_is_over_and_for_the_window_after_it(
    pacer: RedisPacer,
) -> None:
    rate = Rate("chat", 1, 0.3)
    assert await pacer.reserve("a", [rate]) == 0
    await asyncio.sleep(0.5)
    assert await pacer.reserve("b", [rate]) > 0, "the first call may still arrive"
    await pacer.release("a", [rate])
    assert 0.25 < await pacer.reserve("b", [rate]) < 0.35
    await asyncio.sleep(0.32)
    assert await pacer.reserve("b", [rate]) == 0


async def test_the_call_of_a_killed_sender_is_over_in_the_end(pacer: RedisPacer) -> None:
    rate = Rate("chat", 1, 0.1)
    assert await pacer.reserve("killed", [rate]) == 0
    await asyncio.sleep(1.2)
    assert await pacer.reserve("next", [rate]) == 0


async def test_who_makes_a_call_again_waits_only_for_the_window(pacer: RedisPacer) -> None:
    rate = Rate("chat", 1, 0.1)
    assert await pacer.reserve("killed", [rate]) == 0
    wait = await pacer.reserve("killed", [rate])
    assert 0 < wait < 0.15
    await asyncio.sleep(wait)
    assert await pacer.reserve("killed", [rate]) == 0


async def test_one_who_waits_leaves_the_room_before_its_moment_to_others(
    pacer: RedisPacer,
) -> None:
    slow, wide = Rate("slow", 1, 10.0), Rate("wide", 2, 0.2)
    assert await pacer.reserve("first", [slow, wide]) == 0
    await pacer.release("first", [slow, wide])
    assert await pacer.reserve("second", [slow, wide]) > 9
    assert await pacer.reserve("other", [wide]) == 0
    await asyncio.sleep(0.25)
    await pacer.release("other", [wide])
    assert await pacer.reserve("another", [wide]) == 0


async def test_promises_are_kept_apart_and_given_back(pacer: RedisPacer) -> None:
    rate = Rate("chat", 1, 1.0)
    assert await pacer.reserve("a", [rate]) == 0
    first, second = await pacer.reserve("b", [rate]), await pacer.reserve("c", [rate])
    assert second - first > 0.9
    await pacer.release("b", [rate])
    assert await pacer.reserve("d", [rate]) == pytest.approx(first, abs=0.2)
    assert await pacer.reserve("c", [rate]) == pytest.approx(second, abs=0.2)


async def test_far_moments_are_not_promised(redis: Redis, pacer: RedisPacer) -> None:
    rate = Rate("chat", 1, 20.0)
    waits = [await pacer.reserve(f"t{number}", [rate]) for number in range(50)]
    assert max(waits) <= 30.0
    (key,) = [key async for key in redis.scan_iter("fk:{pace}:*")]
    assert await redis.zcard(key) == 2
    assert 0 < await redis.ttl(key) < 600


async def test_two_windows_of_one_key_both_hold(pacer: RedisPacer) -> None:
    rates = [Rate("group", 1, 0.05), Rate("group", 3, 1.0)]
    arrivals = [await call(pacer, f"t{number}", rates, 0.0) for number in range(7)]
    assert most_within(arrivals, 0.05) == 1
    assert most_within(arrivals, 1.0) == 3
    assert arrivals[-1] - arrivals[0] < 3.0


async def test_a_clock_that_is_set_back_stops_nothing(redis: Redis, pacer: RedisPacer) -> None:
    rate = Rate("chat", 1, 0.1)
    assert await pacer.reserve("made", [rate]) == 0
    await pacer.release("made", [rate])
    assert await pacer.reserve("under way", [Rate("other", 1, 0.1)]) == 0
    hour_us = 3_600_000_000
    for key in [key async for key in redis.scan_iter("fk:{pace}:*")]:
        for member in await redis.zrange(key, 0, -1):
            await redis.zincrby(key, hour_us, member)
    assert await pacer.reserve("next", [rate]) == 0
    assert await pacer.reserve("next", [Rate("other", 1, 0.1)]) == 0


async def test_a_hold_is_for_all_of_its_key_and_never_shortened(pacer: RedisPacer) -> None:
    chat, wide = Rate("chat", 1, 0.1), Rate("wide", 5, 0.1)
    promised = Rate("chat", 2, 0.2)
    await pacer.hold("chat", 0.5)
    await pacer.hold("chat", 0.1)
    await pacer.hold("chat", -1.0)
    assert await pacer.reserve("other", [wide]) == 0
    assert 0.4 < await pacer.reserve("a", [chat, wide]) <= 0.5
    assert 0.4 < await pacer.reserve("b", [promised]) <= 0.5
    await asyncio.sleep(0.55)
    assert await pacer.reserve("a", [chat, wide]) == 0


async def test_a_hold_postpones_what_was_promised(pacer: RedisPacer) -> None:
    rate = Rate("chat", 1, 0.1)
    assert await pacer.reserve("a", [rate]) == 0
    wait = await pacer.reserve("b", [rate])
    await pacer.release("a", [rate])
    await pacer.hold("chat", 60.0)
    await asyncio.sleep(wait + 0.05)
    assert await pacer.reserve("b", [rate]) > 50


async def test_refusals_hold_the_narrowest_rate_until_there_are_many_in_a_row(
    pacer: RedisPacer,
) -> None:
    pacing, wide = Pacing(pacer), Rate("wide", 50, 1.0)

    async def is_free() -> bool:
        free = await pacer.reserve("probe", [wide]) == 0
        await pacer.release("probe", [wide])
        return free

    for number in range(12):
        rates = [wide, Rate(f"chat-{number}", 1, 1.0)]
        await pacing.hold(rates, 5.0)
        assert await pacer.reserve(f"again {number}", rates) > 4.5
        await pacer.release(f"again {number}", rates)
        assert await is_free(), "other chats go on"
        if number % 4 == 3:
            pacing.taken(rates)
    for number in range(5):
        assert await is_free()
        await pacing.hold([Rate(f"chat-{number}", 1, 1.0), wide], 5.0)
    assert not await is_free()
    await pacing.hold([], 5.0)
    await pacing.hold([Rate("other", 1, 1.0)], None)
    assert await pacer.reserve("other", [Rate("other", 1, 1.0)]) == 0


async def test_no_rates_no_wait(redis: Redis, pacer: RedisPacer) -> None:
    assert await pacer.reserve("a", []) == 0
    await pacer.release("a", [])
    assert [key async for key in redis.scan_iter("fk:*")] == []


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(call_often(*sys.argv[1:3]))))
