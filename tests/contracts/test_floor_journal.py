"""The journal: everything is recorded at least once, in order, and nothing bad stops the rest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from bot.errors import StorageUnavailable
from bot.model.journal import DeskSpoke, JournalEntry, TurnRecord, entry_to_json
from bot.pipeline.consumer import Consumer
from bot.pipeline.journal import JournalJobs
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.journal import RedisJournal
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.ports import HandoffTaker, Record
from tests.pipeline import LAYOUT, LEASE_SECONDS, inbound
from tests.workers import CountingEngine, crash, until, working

HERE = LAYOUT.partition_of("web:a")
NEIGHBOUR = next(
    name for name in (f"web:{number}" for number in range(99)) if LAYOUT.partition_of(name) == HERE
)


class Kept(Record):
    """A record that tells what it was handed; `during` may fail or give something to wait for."""

    def __init__(self) -> None:
        self.batches: list[list[JournalEntry]] = []
        self.during: Callable[[Sequence[JournalEntry]], Any] = lambda entries: None

    async def keep(self, entries: Sequence[JournalEntry]) -> None:
        waiting = self.during(entries)
        if waiting is not None:
            await waiting
        self.batches.append(list(entries))

    def of(self, conversation: str) -> list[JournalEntry]:
        """What of a conversation was kept, in order."""
        return [
            entry
            for batch in self.batches
            for entry in batch
            if entry.conversation_id == conversation
        ]


class Taken(HandoffTaker):
    """Tells which turns it was shown."""

    def __init__(self, record: Kept) -> None:
        self.turns: list[TurnRecord] = []
        self.during: Callable[[TurnRecord], Any] = lambda turn: None
        self._record = record

    async def on_turn(self, turn: TurnRecord) -> None:
        assert turn in self._record.of(turn.conversation_id), "shown before it was kept"
        waiting = self.during(turn)
        if waiting is not None:
            await waiting
        self.turns.append(turn)


@contextlib.asynccontextmanager
async def keeping(
    redis: Redis, record: Kept, *takers: HandoffTaker, holder: str = "k1"
) -> AsyncIterator[asyncio.Task[None]]:
    """A keeper that runs while the block does, and is stopped cleanly after it."""
    queue = RedisJournal(redis, LAYOUT, LEASE_SECONDS)
    jobs = JournalJobs(queue, record, takers, max_deliveries=3)
    consumer = Consumer(queue, jobs, holder, 8, LEASE_SECONDS / 4, 5.0)
    stop = asyncio.Event()
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield task
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 5.0)


def turn(number: int, conversation: str = "web:a") -> TurnRecord:
    """The record of a turn."""
    return TurnRecord(
        conversation, f"{HERE}-{number}-0", f"e{number}", "web", "s", 1.0, 2.0, "nb", "greet", 0.9
    )


async def write(redis: Redis, *entries: JournalEntry) -> None:
    """As the commits do."""
    for entry in entries:
        key = LAYOUT.queue(LAYOUT.partition_of(entry.conversation_id), "journal")
        await redis.xadd(key, {"m": entry_to_json(entry)})


async def waiting(redis: Redis) -> int:
    """How much is not recorded yet, as operators see it."""
    return (await RedisPipelineMonitor(redis, LAYOUT, 8.0).state()).journal_waiting


async def recorded(redis: Redis) -> None:
    """Return once the journal is empty."""
    await until(lambda: waiting(redis), 0)


async def test_what_turns_leave_is_kept_in_order_and_then_shown_to_the_desk(
    redis: Redis, inbox: RedisInbox
) -> None:
    conversations = [f"web:{number}" for number in range(6)]
    messages = {
        name: [inbound(f"turn {number}", name) for number in range(5)] for name in conversations
    }
    for number in range(5):
        for name in conversations:
            await inbox.accept(messages[name][number])
    record = Kept()
    first, second = Taken(record), Taken(record)
    async with working(redis, CountingEngine()), keeping(redis, record, first, second):
        await until(lambda: _number(len(second.turns)), 30)
        await recorded(redis)
    for taker in (first, second):
        for name in conversations:
            shown = [one.event_id for one in taker.turns if one.conversation_id == name]
            assert shown == [message.event_id for message in messages[name]]
    for name in conversations:
        assert [entry for entry in first.turns if entry.conversation_id == name] == record.of(name)
    assert await RedisDeadLetters(redis, LAYOUT).count() == 0


async def _number(number: int) -> int:
    return number


async def test_a_word_of_the_desk_is_kept_and_is_no_turn(redis: Redis) -> None:
    record = Kept()
    taker = Taken(record)
    await write(redis, DeskSpoke("web:a"), turn(1), DeskSpoke("web:a"))
    async with keeping(redis, record, taker):
        await recorded(redis)
    assert record.of("web:a") == [DeskSpoke("web:a"), turn(1), DeskSpoke("web:a")]
    assert taker.turns == [turn(1)]
    # In one go: the record is written in bulk.
    assert len(record.batches) == 1


async def test_while_the_record_is_away_all_waits_and_nothing_is_given_up(redis: Redis) -> None:
    record, away, tries = Kept(), asyncio.Event(), list[int]()
    taker = Taken(record)

    def during(entries: Sequence[JournalEntry]) -> None:
        tries.append(len(entries))
        if not away.is_set():
            raise StorageUnavailable("the database does not answer")

    record.during = during
    numbers = range(1, 30)
    await write(redis, *(turn(number) for number in numbers))
    # Keepers come and go, which is more often than an entry that fails is tried.
    for holder in ("k1", "k2", "k3", "k4"):
        async with keeping(redis, record, taker, holder=holder):
            await until(lambda: _number(min(len(tries), 2)), 2)
            tries.clear()
    assert await waiting(redis) == 29
    async with keeping(redis, record, taker, holder="k5"):
        await asyncio.sleep(0.2)
        away.set()
        await recorded(redis)
    assert taker.turns == record.of("web:a") == [turn(number) for number in numbers]
    assert await RedisDeadLetters(redis, LAYOUT).count() == 0


async def test_while_the_desks_store_is_away_its_conversation_waits(redis: Redis) -> None:
    record, tries = Kept(), list[str]()
    taker = Taken(record)

    def during(shown: TurnRecord) -> None:
        tries.append(shown.event_id)
        if tries.count("e1") < 4:
            raise StorageUnavailable("the database does not answer")

    taker.during = during
    await write(redis, turn(1), turn(2))
    async with keeping(redis, record, taker):
        await recorded(redis)
    assert tries == ["e1"] * 4 + ["e2"]
    assert taker.turns == [turn(1), turn(2)]
    assert len(record.of("web:a")) == 2


async def test_one_that_the_desk_fails_on_is_a_dead_letter_and_those_behind_it_go_on(
    redis: Redis,
) -> None:
    record, tries = Kept(), list[str]()
    taker = Taken(record)

    def during(shown: TurnRecord) -> None:
        tries.append(shown.event_id)
        if shown.event_id == "e1":
            raise ZeroDivisionError("nobody has thought of it")

    taker.during = during
    await write(redis, turn(1), turn(2), turn(3, NEIGHBOUR))
    async with keeping(redis, record, taker):
        await recorded(redis)
    assert tries.count("e1") == 3
    assert [one for one in taker.turns if one.conversation_id == "web:a"] == [turn(2)]
    assert turn(3, NEIGHBOUR) in taker.turns
    letters = RedisDeadLetters(redis, LAYOUT)
    (letter,) = await letters.list()
    assert letter.queue == "journal"
    assert letter.reason == "not recorded: ZeroDivisionError: nobody has thought of it"
    # Mended, it is handed in again.
    taker.during = lambda shown: None
    assert await letters.replay([letter.id]) == 1
    async with keeping(redis, record, taker):
        await recorded(redis)
    assert taker.turns[-1] == turn(1)


async def test_one_that_can_not_be_kept_does_not_keep_others_out_of_the_record(
    redis: Redis,
) -> None:
    record = Kept()
    taker = Taken(record)

    def during(entries: Sequence[JournalEntry]) -> None:
        if turn(2) in entries:
            raise ValueError("no such column")

    record.during = during
    await write(redis, turn(1), turn(2), turn(3), turn(4, NEIGHBOUR))
    async with keeping(redis, record, taker):
        await recorded(redis)
    assert {one.event_id for one in taker.turns} == {"e1", "e3", "e4"}
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.reason == "not recorded: ValueError: no such column"


async def test_what_can_not_be_read_is_buried(redis: Redis) -> None:
    record = Kept()
    for raw in (b"\xff", b"{}", b'{"kind": "turn"}'):
        await redis.xadd(LAYOUT.queue(HERE, "journal"), {"m": raw})
    await write(redis, turn(1))
    async with keeping(redis, record, Taken(record)):
        await recorded(redis)
    assert record.of("web:a") == [turn(1)]
    letters = await RedisDeadLetters(redis, LAYOUT).list()
    assert [letter.queue for letter in letters] == ["journal"] * 3
    assert all(letter.reason.startswith("journal entry: ") for letter in letters)


@pytest.mark.parametrize("moment", ["kept", "shown"])
async def test_a_keeper_that_is_killed_leaves_all_to_the_next(redis: Redis, moment: str) -> None:
    record, reached = Kept(), asyncio.Event()
    taker = Taken(record)

    async def hang() -> None:
        reached.set()
        await asyncio.sleep(3600)

    if moment == "kept":
        record.during = lambda entries: hang()
    else:
        taker.during = lambda shown: hang() if shown.event_id == "e2" else None
    entries = [turn(number) for number in range(1, 6)]
    await write(redis, *entries)
    async with keeping(redis, record, taker, holder="dying") as task:
        await asyncio.wait_for(reached.wait(), 5.0)
        await crash(task, redis, "dying")
    record.during = lambda entries: None
    taker.during = lambda shown: None
    async with keeping(redis, record, taker, holder="next"):
        await recorded(redis)
    # At least once, and in order; what was acknowledged does not come again.
    assert taker.turns == entries
    assert [one for one in record.of("web:a") if one not in entries] == []


async def test_two_keepers_share(redis: Redis) -> None:
    records = [Kept(), Kept()]
    takers = [Taken(record) for record in records]
    async with (
        keeping(redis, records[0], takers[0], holder="k1"),
        keeping(redis, records[1], takers[1], holder="k2"),
    ):
        await asyncio.sleep(LEASE_SECONDS)
        written = [turn(number, f"web:{number % 16}") for number in range(64)]
        await write(redis, *written)
        await recorded(redis)
    shown = [one for taker in takers for one in taker.turns]
    assert sorted(one.event_id for one in shown) == sorted(one.event_id for one in written)
    assert all(taker.turns for taker in takers)
