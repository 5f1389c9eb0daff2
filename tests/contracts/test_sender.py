"""Senders over real queues and a platform over real HTTP: order, rates, errors, deaths, stops."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.child_process import tethered
from bot.errors import LeaseLost
from bot.model.content import Custom, Text, Typing
from bot.model.messages import Outbound
from bot.model.turns import Entry, Lease
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.leases import release_holder
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.ports import DeliveryCounts, delivery_key
from tests.pipeline import LAYOUT, LEASE_SECONDS
from tests.postbox import (
    QUICK,
    RATES,
    Postbox,
    PostboxChannel,
    drained,
    outbox_length,
    post,
    sender,
    sending,
    until,
)
from tests.recording.server import Fault, in_turn, serve
from tests.valkey import ValkeyServer

ConnectChannel = Callable[..., PostboxChannel]


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    platform = Postbox()
    async with serve(platform):
        yield platform


@pytest.fixture
async def connect_channel(postbox: Postbox) -> AsyncIterator[ConnectChannel]:
    """Makes channels, one for each sender, and closes them."""
    made: list[PostboxChannel] = []

    def make(rates: Mapping[str, tuple[int, float]] | None = None, can_ask: bool = True) -> Any:
        made.append(PostboxChannel(postbox.url, rates, can_ask))
        return made[-1]

    yield make
    for channel in made:
        await channel.close()


@pytest.fixture
def channel(connect_channel: ConnectChannel) -> PostboxChannel:
    return connect_channel()


async def counts(redis: Redis) -> DeliveryCounts:
    state = await RedisPipelineMonitor(redis, LAYOUT, LEASE_SECONDS).state()
    return state.deliveries["postbox"]


async def test_every_conversation_in_its_order(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    for number in range(4):
        for chat in range(6):
            await post(redis, f"chat-{chat}", f"{number}a|{number}b", f"{number}c")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis)
    for chat in range(6):
        expected = [f"{number}{part}" for number in range(4) for part in "abc"]
        assert postbox.texts(f"chat-{chat}") == expected
    assert len({call.arguments["key"] for call in postbox.taken}) == len(postbox.taken)
    found = await counts(redis)
    assert found.outcomes == {"delivered": 48}
    assert (found.retries, found.possibly_twice, sum(found.within)) == (0, 0, 48)
    assert 0 < found.seconds < 48 * 15


async def test_what_fails_for_now_is_tried_again_and_what_is_behind_it_waits(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    postbox.faults = in_turn(Fault("error"), Fault("error"), None, Fault("error"))
    await post(redis, "kari", "1|2", "3")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis)
    assert postbox.texts("kari") == ["1", "2", "3"]
    assert (await counts(redis)).retries == 3
    assert (await counts(redis)).possibly_twice == 0


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        (400, "DeliveryRefused: status 400", "refused"),
        (403, "RecipientGone: status 403", "recipient_gone"),
        (410, "WindowClosed: status 410", "window_closed"),
    ],
)
async def test_what_is_refused_is_a_dead_letter_at_once_and_the_rest_goes_out(
    redis: Redis,
    redis_url: str,
    postbox: Postbox,
    channel: PostboxChannel,
    status: int,
    reason: str,
    outcome: str,
) -> None:
    postbox.refusing["kari"] = status
    await post(redis, "kari", "refused")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis)
        del postbox.refusing["kari"]
        await post(redis, "kari", "behind it")
        await drained(redis)
    assert postbox.texts("kari") == ["behind it"]
    assert len(postbox.received) == 2
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert (letter.queue, letter.reason) == ("outbox", reason)
    assert (await counts(redis)).outcomes == {outcome: 1, "delivered": 1}


async def test_a_replayed_one_goes_on_where_it_stopped_and_has_all_its_time_again(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    postbox.faults = in_turn(None, *[Fault("error")] * 50)
    short = replace(QUICK, give_up=0.8)
    await post(redis, "kari", "1|2|3")
    letters = RedisDeadLetters(redis, LAYOUT)
    async with sending(redis_url, lambda redis: sender(redis, channel, waits=short)):
        await drained(redis)
        (letter,) = await letters.list()
        assert letter.reason == "DeliveryDelayed: failed (given up after 0.8 s)"
        journals = [key async for key in redis.scan_iter("fk:{*}:delivery:*")]
        assert [await redis.ttl(key) for key in journals] == [-1], "kept with its dead letter"
        # The first wait is half a second at most: more than one try shows that its time began anew.
        before = len(postbox.received)
        await letters.replay([letter.id])
        await drained(redis)
        assert len(postbox.received) - before >= 2
        (letter,) = await letters.list()
        postbox.faults = in_turn()
        await letters.replay([letter.id])
        await drained(redis)
    assert postbox.texts("kari") == ["1", "2", "3"]
    assert (await counts(redis)).outcomes == {"given_up": 2, "delivered": 1}
    assert [await redis.ttl(key) > 0 for key in journals] == [True]


async def test_time_runs_on_over_restarts(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    postbox.refusing["kari"] = 503
    waits = replace(QUICK, give_up=1.5)
    await post(redis, "kari", "never")
    began = time.monotonic()
    for number in range(3):
        name = f"s{number}"
        async with sending(redis_url, lambda redis, name=name: sender(redis, channel, name, waits)):  # type: ignore[misc]
            await asyncio.sleep(0.3)
    async with sending(redis_url, lambda redis: sender(redis, channel, "last", waits)):
        await drained(redis)
    assert time.monotonic() - began < 3.5
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert "given up after 1.5 s" in letter.reason


async def test_a_channel_that_is_not_set_up(redis: Redis, redis_url: str) -> None:
    await post(redis, "kari", "nowhere")
    async with sending(redis_url, lambda redis: sender(redis, None)):
        await drained(redis)
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.reason == "channel postbox is not set up on this sender"


async def test_a_fault_of_the_channel_stops_neither_the_sender_nor_the_conversation(
    redis: Redis,
    redis_url: str,
    postbox: Postbox,
    channel: PostboxChannel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await post(redis, "kari", "breaks the channel", "goes on")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis)
    assert postbox.texts("kari") == ["goes on"]
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.reason == "the channel failed: ZeroDivisionError: no such thing"
    assert "Traceback" in caplog.text
    assert (await counts(redis)).outcomes == {"failed": 1, "delivered": 1}


async def test_what_the_platform_can_not_show_is_done_with(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    await post(redis, "kari", Custom({"for": "programs"}), "words")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis)
    assert postbox.texts("kari") == ["words"]
    assert (await counts(redis)).outcomes == {"not_shown": 1, "delivered": 1}


@pytest.mark.parametrize(
    ("kind", "can_ask", "expected", "twice"),
    [
        ("cut", True, ["1", "2", "3"], 0),
        ("refused", True, ["1", "2", "3"], 0),
        ("cut", False, ["1", "2", "2", "3"], 1),
        ("refused", False, ["1", "2", "3"], 1),
    ],
    ids=["taken", "not taken", "taken, nobody can know", "not taken, nobody can know"],
)
async def test_a_call_whose_answer_was_cut_off(
    redis: Redis,
    redis_url: str,
    postbox: Postbox,
    connect_channel: ConnectChannel,
    kind: str,
    can_ask: bool,
    expected: list[str],
    twice: int,
) -> None:
    postbox.faults = in_turn(None, Fault("cut" if kind == "cut" else "refused"))
    channel = connect_channel(can_ask=can_ask)
    await post(redis, "kari", "1|2|3")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis)
    assert postbox.texts("kari") == expected
    assert len(postbox.asked) == int(can_ask)
    assert (await counts(redis)).possibly_twice == twice


async def test_an_echo_tells_that_a_call_was_taken_where_nobody_can_be_asked(
    redis: Redis, redis_url: str, postbox: Postbox, connect_channel: ConnectChannel
) -> None:
    deliveries = RedisDeliveries(redis, LAYOUT, 3600.0)
    postbox.faults = in_turn(Fault("cut"))
    channel = connect_channel(can_ask=False)
    waits = replace(QUICK, unsure=0.5)
    await post(redis, "kari", "once")
    async with sending(redis_url, lambda redis: sender(redis, channel, waits=waits)):
        await until(lambda: _any(postbox.taken))
        await deliveries.confirm(postbox.taken[0].arguments["key"], "m1")
        await drained(redis)
    assert postbox.texts("kari") == ["once"]
    assert (await counts(redis)).possibly_twice == 0


async def test_a_platform_that_does_not_answer_is_asked_after_a_while(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    postbox.held["slow"] = "after"
    waits = replace(QUICK, call=0.3)
    await post(redis, "kari", "slow", "next")
    async with sending(redis_url, lambda redis: sender(redis, channel, waits=waits)):
        await drained(redis)
    postbox.let_go.set()
    assert postbox.texts("kari") == ["slow", "next"]


async def test_rates_hold_over_two_senders(
    redis: Redis, redis_url: str, postbox: Postbox, connect_channel: ConnectChannel
) -> None:
    rates = {"all": (6, 0.3), "chat": (1, 0.2)}
    channels = [connect_channel(rates) for _ in range(2)]
    for number in range(4):
        for chat in range(8):
            await post(redis, f"chat-{chat}", str(number))
    async with (
        sending(redis_url, lambda redis: sender(redis, channels[0], "s1")),
        sending(redis_url, lambda redis: sender(redis, channels[1], "s2")),
    ):
        await drained(redis)
    assert len(postbox.taken) == 32
    assert postbox.fullest(0.3) <= 6
    for chat in range(8):
        assert postbox.texts(f"chat-{chat}") == ["0", "1", "2", "3"]
        assert postbox.fullest(0.2, f"chat-{chat}") == 1


async def test_who_waits_for_their_rate_holds_up_nobody_else(
    redis: Redis, redis_url: str, postbox: Postbox, connect_channel: ConnectChannel
) -> None:
    channel = connect_channel({"all": (50, 0.5), "chat": (1, 1.0)})
    for number in range(3):
        await post(redis, "busy", str(number))
    for chat in range(30):
        await post(redis, f"chat-{chat}", "quick")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await until(lambda: _all(len(postbox.texts(f"chat-{chat}")) == 1 for chat in range(30)))
        assert len(postbox.texts("busy")) < 3
        await drained(redis)
    assert postbox.texts("busy") == ["0", "1", "2"]


async def test_retry_after_is_obeyed_by_all_senders(
    redis: Redis, redis_url: str, postbox: Postbox, connect_channel: ConnectChannel
) -> None:
    rates = {"chat": (1, 0.01)}
    channels = [connect_channel(rates) for _ in range(2)]
    postbox.faults = lambda call: (
        Fault("busy", 1) if len(postbox.received) == 1 and call.arguments["to"] == "kari" else None
    )
    # Two conversations that are shown in one chat, read by two senders.
    await post(redis, "kari", "1")
    async with (
        sending(redis_url, lambda redis: sender(redis, channels[0], "s1")),
        sending(redis_url, lambda redis: sender(redis, channels[1], "s2")),
    ):
        await until(lambda: _any(postbox.received))
        for number in range(4):
            message = Outbound(
                "postbox",
                "kari",
                f"postbox:linked-{number}",
                f"{number}-1-0",
                0,
                Text("other"),
                time.time(),
            )
            where = LAYOUT.queue(LAYOUT.partition_of(message.conversation_id), "outbox")
            await redis.xadd(where, {"m": message.to_json()})
        await post(redis, "ola", "another chat")
        await drained(redis)
    first, *later = [call.at for call in postbox.received if call.arguments["to"] == "kari"]
    assert len(later) == 5
    assert min(later) - first >= 1.0
    (ola,) = [call.at for call in postbox.received if call.arguments["to"] == "ola"]
    assert ola - first < 0.9


async def test_typing_is_shown_once_and_never_holds_up_its_answer(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    postbox.refusing["nobody"] = 500
    postbox.held["..."] = "before"
    await post(redis, "kari", Typing(), "answer")
    await post(redis, "nobody", Typing())
    await post(redis, "late", Typing(), "answer", asked_at=time.time() - 6.0)
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await drained(redis, 2.0)
    postbox.let_go.set()
    assert postbox.texts("kari") == ["answer"]
    assert postbox.texts("late") == ["answer"]
    await post(redis, "kari", Typing())
    async with sending(redis_url, lambda redis: sender(redis, channel, "s2")):
        await until(lambda: _any("..." in text for text in postbox.texts("kari")))
    assert await RedisDeadLetters(redis, LAYOUT).count() == 0


async def test_a_chat_whose_platform_is_away_does_not_hold_up_the_customers_other_chat(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    postbox.faults = lambda call: Fault("error") if call.arguments["to"] == "phone" else None
    # One person, linked: the same conversation on two screens.
    await post(redis, "phone", "1", "2", conversation="postbox:laptop")
    await post(redis, "laptop", "3", "4", conversation="postbox:laptop")
    async with sending(redis_url, lambda redis: sender(redis, channel)):
        await until(lambda: _any([postbox.texts("laptop") == ["3", "4"]]), 2.0)
        postbox.faults = in_turn()
        await drained(redis)
    assert postbox.texts("phone") == ["1", "2"]


async def test_a_stop_leaves_what_waits_and_finishes_what_is_under_way(
    redis: Redis, redis_url: str, postbox: Postbox, channel: PostboxChannel
) -> None:
    waits = replace(QUICK, give_up=600.0)
    postbox.faults = lambda call: Fault("busy", 60) if call.arguments["to"] == "waits" else None
    await post(redis, "waits", "held up for a minute")
    async with contextlib.AsyncExitStack() as stack:
        stopped = sending(redis_url, lambda redis: sender(redis, channel, waits=waits))
        await stack.enter_async_context(stopped)
        await until(lambda: _any(postbox.received))
        postbox.held["slow"] = "after"
        await post(redis, "slow", "slow", "behind it")
        await until(lambda: _any([postbox.holding.is_set()]))
        began = time.monotonic()
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0.2)
        assert not stopping.done(), "a call is under way"
        postbox.let_go.set()
        await stopping
        assert time.monotonic() - began < 2.0
    assert await outbox_length(redis) == 3
    postbox.faults = in_turn()
    async with sending(redis_url, lambda redis: sender(redis, channel, "next")):
        await drained(redis, 5.0)
    assert postbox.texts("slow") == ["slow", "behind it"]
    assert postbox.texts("waits") == ["held up for a minute"]


async def test_a_new_sender_takes_over_without_doing_a_call_again(
    redis: Redis, redis_url: str, postbox: Postbox, connect_channel: ConnectChannel
) -> None:
    channels = [connect_channel(can_ask=False) for _ in range(2)]
    for chat in range(8):
        postbox.held[f"slow {chat}"] = "after"
        await post(redis, f"chat-{chat}", f"slow {chat}", "next")
    waits = replace(QUICK, call=2.0)
    async with sending(redis_url, lambda redis: sender(redis, channels[0], "s1", waits)):
        await until(lambda: _any([len(postbox.taken) == 8]))
        async with sending(redis_url, lambda redis: sender(redis, channels[1], "s2", waits)):
            # Longer than both the lease and the time between two looks at it.
            await asyncio.sleep(1.2 * LEASE_SECONDS)
            assert len(postbox.received) == 8, "the calls under way are not made again"
            postbox.let_go.set()
            await drained(redis)


@pytest.mark.parametrize("how", ["before", "after"], ids=["not taken yet", "taken"])
async def test_a_killed_sender(
    redis: Redis, redis_url: str, postbox: Postbox, connect_channel: ConnectChannel, how: str
) -> None:
    postbox.held["2"] = how
    await post(redis, "kari", "1|2|3", "4")
    process = await asyncio.create_subprocess_exec(
        *tethered([sys.executable, "-m", "tests.postbox", redis_url, postbox.url, "killed"])
    )
    try:
        await asyncio.wait_for(postbox.holding.wait(), 20.0)
    finally:
        process.kill()
        await process.wait()
    postbox.let_go.set()
    await release_holder(redis, LAYOUT, "killed")
    channel = connect_channel(RATES)
    # A call that nobody waits for any more would count for 30 s by the rates.
    patient = replace(QUICK, call=29.0)
    began = time.monotonic()
    async with sending(redis_url, lambda redis: sender(redis, channel, waits=patient)):
        await drained(redis)
    assert time.monotonic() - began < 10.0
    assert postbox.texts("kari") == ["1", "2", "3", "4"]
    assert (await counts(redis)).possibly_twice == 0
    assert len(postbox.asked) == 1


async def test_a_restart_of_redis_loses_nothing_and_doubles_nothing(
    own_valkey: ValkeyServer, postbox: Postbox, channel: PostboxChannel
) -> None:
    redis = connect(own_valkey.url, retry_once=True)
    for number in range(6):
        for chat in range(5):
            await post(redis, f"chat-{chat}", f"{number}a|{number}b")
    async with sending(own_valkey.url, lambda redis: sender(redis, channel)):
        for taken in (10, 30):
            await until(lambda taken=taken: _any([len(postbox.taken) >= taken]))  # type: ignore[misc]
            own_valkey.kill()
            own_valkey.start()
        await drained(redis, 30.0)
    await redis.close(close_connection_pool=True)
    for chat in range(5):
        expected = [f"{number}{part}" for number in range(6) for part in "ab"]
        assert postbox.texts(f"chat-{chat}") == expected


async def test_a_sender_that_lost_its_lease_makes_no_call(redis: Redis) -> None:
    deliveries = RedisDeliveries(redis, LAYOUT, 3600.0)
    message = Outbound("postbox", "kari", "postbox:kari", "1-1-0", 0, Text("hei"), 0.0)
    entry = Entry(Lease(1, "gone", 1), "1-0", message.to_json().encode())
    await redis.set(LAYOUT.lease(1, "outbox"), "another 2")
    with pytest.raises(LeaseLost):
        await deliveries.begin(message, 0, entry)
    assert (await deliveries.progress(message, entry)).begun is None
    await deliveries.confirm(delivery_key(message, 0), "m1")
    assert (await deliveries.progress(message, entry)).sent == {}


async def _any(items: Iterable[object]) -> bool:
    return any(items)


async def _all(items: Iterable[object]) -> bool:
    return all(items)
