"""The worker over real queues: order, crashes, failures, clean stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.errors import StorageUnavailable, TurnFailed
from bot.model.content import Text, Typing
from bot.model.messages import Inbound, Outbound
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from tests.pipeline import LAYOUT, LEASE_SECONDS, inbound, turn_queue
from tests.valkey import ValkeyServer
from tests.workers import SORRY, CountingEngine, answers, crash, until, working


async def test_every_conversation_in_its_order(redis: Redis, inbox: RedisInbox) -> None:
    engine = CountingEngine()
    for turn in range(10):
        for number in range(12):
            await inbox.accept(inbound(f"turn {turn}", conversation=f"web:{number}"))
    async with working(redis, engine):
        for number in range(12):
            said = await answers(redis, f"web:{number}", 10)
            assert said == [Text(f"{turn + 1}: turn {turn}") for turn in range(10)]
    assert max(engine.batches) > 1


async def test_a_slow_turn_is_announced_before_its_answer_and_a_quick_one_not_at_all(
    redis: Redis, inbox: RedisInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.pipeline.turn._TYPING_SECONDS", 0.05)
    engine = CountingEngine()
    engine.during = lambda message: asyncio.sleep(0.5) if message.text == "slow" else None
    conversation = "telegram:4711"
    for text in ("quick", "slow"):
        await inbox.accept(inbound(text, conversation, channel="telegram", sender="4711"))
    async with working(redis, engine):
        await answers(redis, conversation, 2)
    queue = LAYOUT.queue(LAYOUT.partition_of(conversation), "outbox")
    pushed = [Outbound.from_json(fields[b"m"]) for _, fields in await redis.xrange(queue)]
    assert [message.content for message in pushed] == [Text("1: quick"), Typing(), Text("2: slow")]
    assert {message.recipient for message in pushed} == {"4711"}


async def test_a_slow_turn_holds_up_only_its_own_conversation(
    redis: Redis, inbox: RedisInbox
) -> None:
    engine, release = CountingEngine(), asyncio.Event()
    engine.during = lambda message: release.wait() if message.text == "slow" else None
    await inbox.accept(inbound("slow", conversation="web:slow"))
    await inbox.accept(inbound("behind it", conversation="web:slow"))
    async with working(redis, engine):
        for number in range(30):
            await inbox.accept(inbound("quick", conversation=f"web:{number}"))
        for number in range(30):
            await answers(redis, f"web:{number}", 1)
        assert len(await RedisTranscripts(redis, LAYOUT).read("web:slow")) == 2
        release.set()
        said = await answers(redis, "web:slow", 2)
        assert said == [Text("1: slow"), Text("2: behind it")]


async def test_a_worker_that_dies_in_mid_turn_leaves_all_to_the_next(
    redis: Redis, inbox: RedisInbox
) -> None:
    engine, begun = CountingEngine(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.sleep(3600)

    engine.during = lambda _: hang()
    for turn in range(5):
        await inbox.accept(inbound(f"turn {turn}"))
    async with working(redis, engine, "dying") as task:
        await asyncio.wait_for(begun.wait(), 5.0)
        await crash(task, redis, "dying")
    async with working(redis, CountingEngine(), "next"):
        said = await answers(redis, "web:c1", 5)
        assert said == [Text(f"{turn + 1}: turn {turn}") for turn in range(5)]


async def test_a_message_that_kills_its_worker_is_not_tried_for_ever(
    redis: Redis, inbox: RedisInbox
) -> None:
    await inbox.accept(inbound("poison"))
    await inbox.accept(inbound("after it"))
    for number in range(3):
        engine, begun = CountingEngine(), asyncio.Event()

        async def hang(begun: asyncio.Event = begun) -> None:
            begun.set()
            await asyncio.sleep(3600)

        engine.during = lambda message, hang=hang: hang()  # type: ignore[misc]
        async with working(redis, engine, f"w{number}") as task:
            await asyncio.wait_for(begun.wait(), 5.0)
            await crash(task, redis, f"w{number}")
    async with working(redis, CountingEngine(), "last"):
        assert await answers(redis, "web:c1", 2) == [SORRY, Text("2: after it")]
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert "3 times" in letter.reason
    assert Inbound.from_json(letter.raw).text == "poison"


async def test_a_stopped_worker_finishes_its_turn_and_frees_its_partitions(
    redis: Redis, inbox: RedisInbox
) -> None:
    engine, begun = CountingEngine(), asyncio.Event()

    async def take_a_while() -> None:
        begun.set()
        await asyncio.sleep(0.5)

    engine.during = lambda _: take_a_while()
    await inbox.accept(inbound("one"))
    await inbox.accept(inbound("two"))
    async with working(redis, engine, "first"):
        await asyncio.wait_for(begun.wait(), 5.0)
    assert await answers(redis, "web:c1", 1) == [Text("1: one")]
    assert await turn_queue(redis).balance("second", []) != []


@pytest.mark.parametrize(
    ("during", "reason"),
    [
        (lambda: _raise(TurnFailed("KeyError: 'intent'")), "KeyError: 'intent'"),
        (lambda: asyncio.sleep(60), "not answered within 0.2 s"),
    ],
    ids=["the engine fails", "the turn takes too long"],
)
async def test_a_turn_that_fails_is_answered_and_the_conversation_goes_on(
    redis: Redis, inbox: RedisInbox, during: Callable[[], Any], reason: str
) -> None:
    engine = CountingEngine()
    engine.during = lambda message: during() if message.text == "fails" else None
    await inbox.accept(inbound("fails"))
    await inbox.accept(inbound("goes on"))
    async with working(redis, engine, turn_seconds=0.2):
        assert await answers(redis, "web:c1", 2) == [SORRY, Text("2: goes on")]
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.reason == reason


async def test_a_turn_without_even_an_apology_does_not_hold_up_those_behind_it(
    redis: Redis, inbox: RedisInbox
) -> None:
    engine = CountingEngine()
    engine.during = lambda message: (
        _raise(TurnFailed("broken")) if message.text == "speechless" else None
    )
    await inbox.accept(inbound("speechless"))
    await inbox.accept(inbound("goes on"))
    async with working(redis, engine):
        assert await answers(redis, "web:c1", 1) == [Text("1: goes on")]
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.reason == "broken; the apology failed as well: no words"


async def test_a_conversation_whose_past_is_damaged_does_not_stop_the_others(
    redis: Redis, inbox: RedisInbox
) -> None:
    await redis.set(LAYOUT.base("web:damaged"), b"{")
    await inbox.accept(inbound("hei", conversation="web:damaged"))
    await inbox.accept(inbound("hei", conversation="web:whole"))
    async with working(redis, CountingEngine()):
        assert await answers(redis, "web:whole", 1) == [Text("1: hei")]
        await until(lambda: RedisDeadLetters(redis, LAYOUT).count(), 1)
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert "tracker of web:damaged" in letter.reason


async def test_an_unforeseen_error_is_tried_again_and_takes_no_other_turn_twice(
    redis: Redis, inbox: RedisInbox
) -> None:
    engine, taken, over = CountingEngine(), list[str](), asyncio.Event()

    async def during(text: str) -> None:
        taken.append(text)
        if text == "slow":
            await over.wait()
        elif taken.count(text) == 1:
            raise ZeroDivisionError("nobody has thought of it")

    engine.during = lambda message: during(message.text)
    others = (f"web:{number}" for number in range(1_000))
    here = LAYOUT.partition_of("web:fails")
    neighbour = next(name for name in others if LAYOUT.partition_of(name) == here)
    await inbox.accept(inbound("slow", conversation=neighbour))
    await inbox.accept(inbound("fails", conversation="web:fails"))
    async with working(redis, engine):
        # Longer than both the lease and the time between two looks at it.
        await asyncio.sleep(1.5 * LEASE_SECONDS)
        over.set()
        assert await answers(redis, neighbour, 1) == [Text("1: slow")]
        assert await answers(redis, "web:fails", 1) == [Text("1: fails")]
    assert sorted(taken) == ["fails", "fails", "slow"]


async def test_a_partition_that_comes_back_while_a_turn_is_under_way_is_not_begun_anew(
    redis: Redis, inbox: RedisInbox
) -> None:
    engine, taken, over = CountingEngine(), list[str](), asyncio.Event()

    async def during(text: str) -> None:
        taken.append(text)
        await over.wait()

    engine.during = lambda message: during(message.text)
    conversations = {LAYOUT.partition_of(f"web:{n}"): f"web:{n}" for n in range(100)}.values()
    for conversation in conversations:
        await inbox.accept(inbound(conversation, conversation))
    async with working(redis, engine):
        await until(lambda: _number(len(taken)), LAYOUT.partitions)
        # Another worker comes, and is gone again before the first has got its turns done.
        other = turn_queue(redis)
        assert await other.balance("w2", []) == []
        await asyncio.sleep(LEASE_SECONDS * 0.8)
        await other.stop("w2", [])
        await asyncio.sleep(LEASE_SECONDS * 0.8)
        over.set()
        for conversation in conversations:
            assert await answers(redis, conversation, 1) == [Text(f"1: {conversation}")]
        await asyncio.sleep(LEASE_SECONDS * 0.8)
    assert sorted(taken) == sorted(conversations)


async def _number(number: int) -> int:
    return number


async def test_one_message_that_breaks_the_nlu_does_not_break_its_batch(
    redis: Redis, inbox: RedisInbox
) -> None:
    texts = ["hei", "breaks the NLU", "takk"]
    for number, text in enumerate(texts):
        await inbox.accept(inbound(text, conversation=f"web:{number}"))
    async with working(redis, CountingEngine()):
        said = [(await answers(redis, f"web:{number}", 1))[0] for number in range(3)]
    assert said == [Text("1: hei"), SORRY, Text("1: takk")]


async def test_an_entry_that_is_no_message_is_buried(redis: Redis, inbox: RedisInbox) -> None:
    for partition in range(LAYOUT.partitions):
        await redis.xadd(LAYOUT.queue(partition, "inbox"), {"m": b"{}"})
    await inbox.accept(inbound("hei"))
    async with working(redis, CountingEngine()):
        assert await answers(redis, "web:c1", 1) == [Text("1: hei")]
        await until(lambda: RedisDeadLetters(redis, LAYOUT).count(), LAYOUT.partitions)


async def test_two_workers_share_and_each_answers_once(redis: Redis, inbox: RedisInbox) -> None:
    engines = [CountingEngine(), CountingEngine()]
    async with working(redis, engines[0], "w1"), working(redis, engines[1], "w2"):
        # Long enough for the first to give half of the partitions up to the second.
        await asyncio.sleep(LEASE_SECONDS)
        for turn in range(5):
            for number in range(16):
                await inbox.accept(inbound(f"turn {turn}", conversation=f"web:{number}"))
        for number in range(16):
            said = await answers(redis, f"web:{number}", 5)
            assert said == [Text(f"{turn + 1}: turn {turn}") for turn in range(5)]
    assert all(engine.batches for engine in engines)


async def _raise(error: Exception) -> None:
    raise error


async def test_a_restart_of_redis_loses_nothing_and_doubles_nothing(
    own_valkey: ValkeyServer,
) -> None:
    redis = connect(own_valkey.url, retry_once=True)
    inbox = RedisInbox(redis, LAYOUT, dedupe_seconds=3600)
    conversations = [f"web:{number}" for number in range(8)]
    engine = CountingEngine()
    engine.during = lambda _: asyncio.sleep(0.002)
    worker_redis = connect(own_valkey.url)
    async with working(worker_redis, engine):
        for turn in range(20):
            for conversation in conversations:
                # The event's id is the turn's: a message of which nobody knows whether it was
                # stored is simply handed in again.
                message = inbound(f"turn {turn}", conversation, event_id=f"e{turn}")
                while True:
                    try:
                        await inbox.accept(message)
                        break
                    except StorageUnavailable:
                        await asyncio.sleep(0.05)
            if turn in (5, 12):
                own_valkey.kill()
                own_valkey.start()
        for conversation in conversations:
            said = await answers(redis, conversation, 20)
            assert said == [Text(f"{turn + 1}: turn {turn}") for turn in range(20)]
    for client in (redis, worker_redis):
        await client.close(close_connection_pool=True)
