"""What the inbox promises to the worker: once, in order, all of a turn or nothing of it."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.errors import LeaseLost
from bot.model.content import Button, Buttons, Text
from bot.model.messages import Author, Inbound
from bot.model.turns import Entry, Lease, TrackerWindow, TurnCommit, TurnResult
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.leases import release_holder
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.redis_streams.turns import PastMoved, RedisTurnQueue
from tests.pipeline import LAYOUT, LEASE_SECONDS, inbound, turn_queue

EVENTS = ({"event": "user", "text": "hei"}, {"event": "bot", "text": "Hei på deg – æøå"})


async def begin(queue: RedisTurnQueue, holder: str = "w1") -> list[Lease]:
    """Take all partitions, as a worker does at its start."""
    leases = list(await queue.balance(holder, []))
    for lease in leases:
        await queue.unfinished(lease)
    return leases


def commit_of(entry: Entry, **changes: object) -> TurnCommit:
    """A turn on an empty past that says one thing."""
    fields: dict[str, object] = {
        "entry": entry,
        "message": Inbound.from_json(entry.raw),
        "result": TurnResult(EVENTS, [Text("Hei!")], TrackerWindow(tail=EVENTS)),
        "past_length": 0,
    }
    return TurnCommit(**{**fields, **changes})  # type: ignore[arg-type]


async def test_a_message_comes_out_as_it_went_in(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("Hvor er pakken min? 📦", metadata={"page": "/kontakt"})
    accepted = await inbox.accept(message)
    queue = turn_queue(redis)
    (entry,) = await queue.next_entries(await begin(queue), 10, 0.1)
    assert commit_of(entry).message == message
    assert entry.turn_id == accepted.turn_id
    assert entry.deliveries == 1


async def test_the_same_event_is_accepted_once(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("hei", event_id="e1")
    first = await inbox.accept(message)
    again = await inbox.accept(message)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.turn_id, again.cursor) == (first.turn_id, first.cursor)
    queue = turn_queue(redis)
    assert len(await queue.next_entries(await begin(queue), 10, 0.1)) == 1
    assert len(await RedisTranscripts(redis, LAYOUT).read(message.conversation_id)) == 1


async def test_the_same_event_id_elsewhere_is_another_message(inbox: RedisInbox) -> None:
    for message in (
        inbound("hei", conversation="web:a", event_id="1"),
        inbound("hei", conversation="web:b", event_id="1"),
        inbound("hei", conversation="web:a", event_id="1", channel="telegram"),
    ):
        assert not (await inbox.accept(message)).duplicate


async def test_many_at_once_with_one_event_id_are_one_message(inbox: RedisInbox) -> None:
    message = inbound("hei", event_id="e1")
    accepted = await asyncio.gather(*(inbox.accept(message) for _ in range(20)))
    assert sum(not one.duplicate for one in accepted) == 1
    assert len({one.turn_id for one in accepted}) == 1


async def test_a_turn_is_saved_whole(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    queue, transcripts = turn_queue(redis), RedisTranscripts(redis, LAYOUT)
    (entry,) = await queue.next_entries(await begin(queue), 10, 0.1)
    assert not await transcripts.is_answered(message)
    choice = Buttons("Hva gjelder det?", (Button("Pakken min", "/order_status"),))
    result = TurnResult(EVENTS, [Text("Hei!"), choice], TrackerWindow(tail=EVENTS))
    await queue.commit(commit_of(entry, result=result))

    said = await transcripts.read(message.conversation_id)
    assert [(line.author, line.content) for line in said] == [
        (Author.CUSTOMER, Text("hei")),
        (Author.BOT, Text("Hei!")),
        (Author.BOT, choice),
    ]
    assert [line.turn_id for line in said] == [entry.turn_id] * 3
    assert [line.id for line in said[1:]] == [f"{entry.turn_id}/0", f"{entry.turn_id}/1"]
    assert await transcripts.is_answered(message)
    assert (await queue.window(message.conversation_id)).tail == EVENTS
    assert await redis.xlen(LAYOUT.queue(entry.lease.partition, "inbox")) == 0
    assert await redis.xlen(LAYOUT.queue(entry.lease.partition, "outbox")) == 0


async def test_answers_to_be_pushed_are_in_the_outbox(redis: Redis, inbox: RedisInbox) -> None:
    await inbox.accept(inbound("hei", channel="telegram", sender="4711"))
    queue = turn_queue(redis)
    (entry,) = await queue.next_entries(await begin(queue), 10, 0.1)
    await queue.commit(commit_of(entry, push=True))
    ((_, fields),) = await redis.xrange(LAYOUT.queue(entry.lease.partition, "outbox"))
    pushed = json.loads(fields[b"m"])
    assert (pushed["channel"], pushed["recipient"], pushed["content"]["text"]) == (
        "telegram",
        "4711",
        "Hei!",
    )


async def test_a_commit_repeated_after_a_lost_answer_changes_nothing(
    redis: Redis, inbox: RedisInbox
) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    queue = turn_queue(redis)
    (entry,) = await queue.next_entries(await begin(queue), 10, 0.1)
    assert await queue.commit(commit_of(entry))
    assert not await queue.commit(commit_of(entry))
    assert (await queue.window(message.conversation_id)).length == len(EVENTS)
    assert len(await RedisTranscripts(redis, LAYOUT).read(message.conversation_id)) == 2


async def test_whoever_lost_the_lease_can_not_commit(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    old, new = turn_queue(redis), turn_queue(redis)
    (stale,) = await old.next_entries(await begin(old, "old"), 10, 0.1)
    await release_holder(redis, LAYOUT, "old")
    leases = list(await new.balance("new", []))
    left = [entry for lease in leases for entry in await new.unfinished(lease)]
    with pytest.raises(LeaseLost):
        await old.commit(commit_of(stale))
    with pytest.raises(LeaseLost):
        await old.bury(stale, "not mine any more")
    assert (await new.window(message.conversation_id)).length == 0
    await new.commit(commit_of(left[0]))
    assert (await new.window(message.conversation_id)).length == len(EVENTS)


async def test_whoever_lost_the_lease_gets_no_entries(redis: Redis, inbox: RedisInbox) -> None:
    old, new = turn_queue(redis), turn_queue(redis)
    old_leases = await begin(old, "old")
    await release_holder(redis, LAYOUT, "old")
    new_leases = await begin(new, "new")
    await inbox.accept(inbound("hei"))
    assert await old.next_entries(old_leases, 10, 0.1) == []
    assert len(await new.next_entries(new_leases, 10, 0.1)) == 1


async def test_a_lease_runs_out(redis: Redis) -> None:
    old, new = turn_queue(redis), turn_queue(redis)
    held = list(await old.balance("old", []))
    assert len(held) == LAYOUT.partitions
    assert list(await new.balance("new", [])) == []
    await asyncio.sleep(LEASE_SECONDS * 1.2)
    taken = await new.balance("new", [])
    assert {lease.partition for lease in taken} == {lease.partition for lease in held}
    assert all(lease.epoch == 2 for lease in taken)
    assert list(await old.balance("old", held)) == []


async def test_a_new_process_gets_its_share(redis: Redis) -> None:
    first, second = turn_queue(redis), turn_queue(redis)
    held = list(await first.balance("first", []))
    assert list(await second.balance("second", [])) == []
    kept = list(await first.balance("first", held))
    assert len(kept) == LAYOUT.partitions // 2
    await first.release([lease for lease in held if lease not in kept])
    theirs = list(await second.balance("second", []))
    assert len(theirs) == LAYOUT.partitions // 2
    assert not {lease.partition for lease in kept} & {lease.partition for lease in theirs}


async def test_unfinished_entries_come_in_order_and_only_begun_ones_are_counted(
    redis: Redis, inbox: RedisInbox
) -> None:
    for number in range(5):
        await inbox.accept(inbound(f"message {number}"))
    dying, next_one = turn_queue(redis), turn_queue(redis)
    read = await dying.next_entries(await begin(dying, "dying"), 10, 0.1)
    await release_holder(redis, LAYOUT, "dying")
    lease = next(
        lease
        for lease in await next_one.balance("next", [])
        if lease.partition == read[0].lease.partition
    )
    left = await next_one.unfinished(lease)
    assert [entry.id for entry in left] == [entry.id for entry in read]
    assert [entry.deliveries for entry in left] == [1] * 5
    again = await next_one.begin_again(left[0])
    assert again.deliveries == 2
    assert [entry.deliveries for entry in await next_one.unfinished(lease)] == [2, 1, 1, 1, 1]


async def test_a_commit_on_another_past_is_refused(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    queue = turn_queue(redis)
    (entry,) = await queue.next_entries(await begin(queue), 10, 0.1)
    with pytest.raises(PastMoved):
        await queue.commit(commit_of(entry, past_length=7))
    await queue.commit(commit_of(entry))


async def test_a_window_starts_where_it_was_cut(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    queue = turn_queue(redis)
    (entry,) = await queue.next_entries(await begin(queue), 10, 0.1)
    base = ({"event": "slot", "name": "language", "value": "nb"},)
    result = TurnResult(EVENTS, [], TrackerWindow(base, start=1, tail=EVENTS[1:]), rebased=True)
    await queue.commit(commit_of(entry, result=result))
    window = await queue.window(message.conversation_id)
    assert (window.base, window.start, window.tail) == (base, 1, EVENTS[1:])
    assert window.length == 2


async def test_a_failed_turn_is_answered_and_kept_as_a_dead_letter(
    redis: Redis, inbox: RedisInbox
) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    queue, letters = turn_queue(redis), RedisDeadLetters(redis, LAYOUT)
    leases = await begin(queue)
    (entry,) = await queue.next_entries(leases, 10, 0.1)
    await queue.commit(commit_of(entry, failure="the model broke"))
    (letter,) = await letters.list()
    assert (letter.queue, letter.reason, letter.raw) == ("inbox", "the model broke", entry.raw)
    assert await letters.replay([letter.id]) == 1
    assert await letters.replay([letter.id]) == 0
    (replayed,) = await queue.next_entries(leases, 10, 0.1)
    assert replayed.raw == entry.raw
    assert await letters.count() == 0


async def test_what_can_not_be_read_is_buried(redis: Redis) -> None:
    queue = turn_queue(redis)
    leases = await begin(queue)
    await redis.xadd(LAYOUT.queue(2, "inbox"), {"m": b"\xff not json"})
    (entry,) = await queue.next_entries(leases, 10, 0.1)
    await queue.bury(entry, "not JSON")
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.raw == b"\xff not json"
    assert await redis.xlen(LAYOUT.queue(2, "inbox")) == 0
    await queue.bury(entry, "again")
    assert await RedisDeadLetters(redis, LAYOUT).count() == 1


async def test_a_waiting_read_wakes_at_a_message(redis: Redis, inbox: RedisInbox) -> None:
    queue = turn_queue(redis)
    reading = asyncio.create_task(queue.next_entries(await begin(queue), 10, 5.0))
    await asyncio.sleep(0.1)
    assert not reading.done()
    await inbox.accept(inbound("hei"))
    assert len(await asyncio.wait_for(reading, 2.0)) == 1


async def test_a_batch_is_shared_by_the_partitions(redis: Redis, inbox: RedisInbox) -> None:
    for number in range(40):
        await inbox.accept(inbound("hei", conversation=f"web:{number % 13}"))
    queue = turn_queue(redis)
    leases = await begin(queue)
    read: list[Entry] = []
    while entries := await queue.next_entries(leases, 7, 0.05):
        assert len(entries) <= 7
        read.extend(entries)
    assert len(read) == 40
    for partition in range(LAYOUT.partitions):
        ids = [entry.id for entry in read if entry.lease.partition == partition]
        assert ids == sorted(ids, key=lambda one: [int(part) for part in one.split("-")])
