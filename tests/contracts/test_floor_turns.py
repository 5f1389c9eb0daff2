"""Turns and who has the floor: the bot never talks over a person, and hears all that is said."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from bot.errors import FloorMoved, TurnFailed
from bot.model.content import Content, Text
from bot.model.handoff import Cause, HandBack, HandoffRequest
from bot.model.journal import DeskSpoke, JournalEntry, TurnRecord, entry_from_json
from bot.model.messages import Author, Inbound
from bot.model.turns import Entry, TrackerWindow, TurnCommit, TurnResult
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.floor import RedisFloor
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.pipeline.redis_streams.turns import RedisTurnQueue
from bot.ports import DeskUtterance
from tests.pipeline import LAYOUT, inbound, turn_queue
from tests.workers import BACK, CountingEngine, answers, crash, until, working

CHAT = "web:c1"
HELD = Text("1: hei")


@pytest.fixture
def floor(redis: Redis) -> RedisFloor:
    """The desk's side."""
    return RedisFloor(
        redis,
        LAYOUT,
        contacts=RedisContacts(redis, LAYOUT),
        push_channels={"telegram"},
        dedupe_seconds=3600,
    )


async def journal(redis: Redis, conversation: str = CHAT) -> list[JournalEntry]:
    """What the conversation's turns have left for the record."""
    key = LAYOUT.queue(LAYOUT.partition_of(conversation), "journal")
    entries = [entry_from_json(fields[b"m"]) for _, fields in await redis.xrange(key)]
    return [entry for entry in entries if entry.conversation_id == conversation]


async def turns_of(redis: Redis, conversation: str = CHAT) -> list[TurnRecord]:
    """The turns among it."""
    return [turn for turn in await journal(redis, conversation) if isinstance(turn, TurnRecord)]


async def heard(redis: Redis, conversation: str = CHAT) -> list[str]:
    """What the tracker holds of the customer's."""
    window = await turn_queue(redis).window(conversation)
    return [event["text"] for event in window.tail]


async def bot_said(redis: Redis, conversation: str = CHAT) -> list[Content]:
    """What the customer has heard from the bot."""
    lines = await RedisTranscripts(redis, LAYOUT).read(conversation)
    return [line.content for line in lines if line.author is Author.BOT]


async def taken(
    redis: Redis, count: int, conversation: str = CHAT, *, at_least: bool = False
) -> Sequence[TurnRecord]:
    """The records of the conversation's turns, once so many were taken."""

    async def number() -> int:
        turns = len(await turns_of(redis, conversation))
        return min(turns, count) if at_least else turns

    await until(number, count)
    return await turns_of(redis, conversation)


async def test_a_turn_is_recorded(redis: Redis, inbox: RedisInbox) -> None:
    message = inbound("hei")
    accepted = await inbox.accept(message)
    queue = turn_queue(redis)
    entry = await first_entry(queue)
    result = TurnResult(
        [], [HELD], TrackerWindow(), language="nb", intent="greet", confidence=0.93, rated=4
    )
    assert await queue.commit(TurnCommit(entry, message, result, 0, failure="it broke"))
    (turn,) = await turns_of(redis)
    assert turn == TurnRecord(
        conversation_id=CHAT,
        turn_id=accepted.turn_id,
        event_id=message.event_id,
        channel="web",
        recipient=CHAT,
        received_at=message.received_at,
        committed_at=turn.committed_at,
        language="nb",
        intent="greet",
        confidence=0.93,
        failed=True,
        rated=4,
    )
    assert message.received_at < turn.committed_at < message.received_at + 10
    # Committed again after a lost answer, it is not recorded again.
    assert not await queue.commit(TurnCommit(entry, message, result, 0))
    assert len(await turns_of(redis)) == 1


async def first_entry(queue: RedisTurnQueue, holder: str = "w1") -> Entry:
    """The first entry of an inbox, by a worker that begins."""
    leases = list(await queue.balance(holder, []))
    for lease in leases:
        await queue.unfinished(lease)
    return (await queue.next_entries(leases, 10, 0.1))[0]


async def test_a_turn_is_refused_as_a_whole_when_the_floor_has_moved(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    message = inbound("hei")
    await inbox.accept(message)
    queue = turn_queue(redis)
    entry = await first_entry(queue)
    assert await queue.floor(CHAT) is None
    request = HandoffRequest(Cause.CUSTOMER_ASKED)
    result = TurnResult(
        [{"event": "user", "text": "hei"}], [HELD], TrackerWindow(), rebased=True, request=request
    )
    await floor.take(CHAT, "h1")
    before = await everything(redis)
    with pytest.raises(FloorMoved):
        await queue.commit(TurnCommit(entry, message, result, 0, push=True, failure="why"))
    with pytest.raises(FloorMoved):
        await queue.commit(TurnCommit(entry, message, TurnResult([], [], TrackerWindow()), 0))
    assert await everything(redis) == before
    with pytest.raises(ValueError, match="speaks while h1"):
        await queue.commit(TurnCommit(entry, message, result, 0, floor="h1"))
    assert await everything(redis) == before


async def everything(redis: Redis) -> dict[bytes, Any]:
    """All that is stored, but for what runs out by itself."""
    keys = [key async for key in redis.scan_iter("*") if b":lease:" not in key]
    return {key: await redis.dump(key) for key in keys}


async def test_a_turn_that_asks_for_a_person_gives_the_floor_in_the_same_step(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    accepted = await inbox.accept(inbound("a person"))
    await inbox.accept(inbound("hello?"))
    engine = CountingEngine()
    async with working(redis, engine):
        asked, waited = await taken(redis, 2)
    assert asked.request == HandoffRequest(Cause.CUSTOMER_ASKED)
    assert asked.handoff_id == f"t{accepted.turn_id}" == await floor.holder(CHAT)
    assert (asked.floor, waited.floor, waited.request) == (None, asked.handoff_id, None)
    assert await bot_said(redis) == [Text("1: a person")]
    assert await heard(redis) == ["a person", "hello?"]


async def test_while_a_person_has_the_floor_the_bot_listens_and_says_nothing(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.pipeline.turn._TYPING_SECONDS", 0.01)
    conversation = "telegram:4711"
    await floor.take(conversation, "h1")
    engine = CountingEngine()
    engine.while_listening = lambda message: asyncio.sleep(0.1)
    messages = [
        inbound(text, conversation, channel="telegram", sender="4711")
        for text in ("a person", "hvor er pakken?")
    ]
    for message in messages:
        await inbox.accept(message)
    async with working(redis, engine):
        records = await taken(redis, 2, conversation)
    assert await bot_said(redis, conversation) == []
    assert await redis.xlen(LAYOUT.queue(LAYOUT.partition_of(conversation), "outbox")) == 0
    assert engine.listened == [(message.text, {"text": message.text}) for message in messages]
    assert await heard(redis, conversation) == ["a person", "hvor er pakken?"]
    assert [(turn.floor, turn.request, turn.failed) for turn in records] == [
        ("h1", None, False)
    ] * 2
    assert await RedisTranscripts(redis, LAYOUT).is_answered(messages[1])
    assert await floor.holder(conversation) == "h1"


async def test_an_engine_that_speaks_in_silence_is_not_heard(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    class Chatty(CountingEngine):
        async def listen(
            self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
        ) -> TurnResult:
            return await self.answer(message, turn_id, parse, window)

    await floor.take(CHAT, "h1")
    await inbox.accept(inbound("a person"))
    async with working(redis, Chatty()):
        (turn,) = await taken(redis, 1)
    assert (turn.floor, turn.request) == ("h1", None)
    assert await bot_said(redis) == []
    assert await heard(redis) == ["a person"]


async def test_who_takes_over_in_the_middle_of_a_turn_is_not_talked_over(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    engine, begun, over = CountingEngine(), asyncio.Event(), asyncio.Event()

    async def during() -> None:
        begun.set()
        await over.wait()

    engine.during = lambda message: during() if message.text == "slow" else None
    await inbox.accept(inbound("hei"))
    await inbox.accept(inbound("slow"))
    await inbox.accept(inbound("after it"))
    async with working(redis, engine):
        await asyncio.wait_for(begun.wait(), 5.0)
        assert await floor.take(CHAT, "h1")
        over.set()
        records = await taken(redis, 3)
    assert [turn.floor for turn in records] == [None, "h1", "h1"]
    assert await bot_said(redis) == [HELD]
    assert await heard(redis) == ["hei", "slow", "after it"]


async def test_who_takes_over_while_a_failed_turn_is_apologised_for_hears_no_apology(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    engine = CountingEngine()

    async def during() -> None:
        await floor.take(CHAT, "h1")
        raise TurnFailed("broken")

    engine.during = lambda message: during()
    await inbox.accept(inbound("hei"))
    async with working(redis, engine):
        (turn,) = await taken(redis, 1)
    assert (turn.floor, turn.failed) == ("h1", False)
    assert await bot_said(redis) == []
    assert await heard(redis) == ["hei"]


async def _fail() -> None:
    raise TurnFailed("broken")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("fails", "broken"),
        ("takes too long", "not answered within 0.2 s"),
        ("breaks the NLU", "the NLU pipeline failed on it"),
    ],
)
async def test_a_silent_turn_that_fails_keeps_the_message_and_says_nothing(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor, text: str, reason: str
) -> None:
    engine, tried = CountingEngine(), list[str]()

    def while_listening(message: Inbound) -> Any:
        tried.append(message.text)
        if tried.count(message.text) > 1:
            return None
        return {"fails": _fail, "takes too long": lambda: asyncio.sleep(60)}.get(
            message.text, lambda: None
        )()

    engine.while_listening = while_listening
    await floor.take(CHAT, "h1")
    await inbox.accept(inbound(text))
    await inbox.accept(inbound("goes on"))
    async with working(redis, engine, turn_seconds=0.2):
        failed, after = await taken(redis, 2)
    assert (failed.failed, failed.understood, failed.floor) == (True, False, "h1")
    assert (after.failed, after.understood) == (False, True)
    assert await bot_said(redis) == []
    assert await heard(redis) == [text, "goes on"]
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert (letter.queue, letter.reason) == ("inbox", reason)


async def test_a_silent_turn_that_can_not_even_be_kept_does_not_hold_up_those_behind_it(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    engine = CountingEngine()
    engine.while_listening = lambda message: _fail() if message.text == "fails" else None
    await floor.take(CHAT, "h1")
    await inbox.accept(inbound("fails"))
    await inbox.accept(inbound("goes on"))
    async with working(redis, engine):
        failed, after = await taken(redis, 2)
    assert (failed.failed, after.failed) == (True, False)
    assert await bot_said(redis) == []
    assert await heard(redis) == ["goes on"]
    assert await RedisDeadLetters(redis, LAYOUT).count() == 1


async def test_a_message_that_kills_its_worker_in_silence_is_kept_and_not_tried_for_ever(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await floor.take(CHAT, "h1")
    await inbox.accept(inbound("poison"))
    for number in range(3):
        engine, begun = CountingEngine(), asyncio.Event()

        async def hang(begun: asyncio.Event = begun) -> None:
            begun.set()
            await asyncio.sleep(3600)

        engine.while_listening = lambda message, hang=hang: hang()  # type: ignore[misc]
        async with working(redis, engine, f"w{number}") as task:
            await asyncio.wait_for(begun.wait(), 5.0)
            await crash(task, redis, f"w{number}")
    async with working(redis, CountingEngine(), "last"):
        (turn,) = await taken(redis, 1)
    assert turn.failed
    assert await heard(redis) == ["poison"]
    assert await bot_said(redis) == []


async def test_back_to_the_bot_is_in_order_with_what_the_customer_writes(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await floor.take(CHAT, "h1")
    await inbox.accept(inbound("to the person"))
    hand_back = HandBack("h1", {"order_number": "10042"})
    await floor.hand_back(CHAT, hand_back)
    await inbox.accept(inbound("to the bot"))
    engine = CountingEngine()
    async with working(redis, engine):
        assert await answers(redis, CHAT, 2) == [BACK, Text("3: to the bot")]
        records = await taken(redis, 3)
    assert [(turn.floor, turn.handed_back) for turn in records] == [
        ("h1", None),
        ("h1", "h1"),
        (None, None),
    ]
    # What hands the floor back is no words to be understood.
    assert [text for text, _ in engine.listened] == ["to the person"]
    assert sum(engine.batches) == 2
    assert await floor.holder(CHAT) is None


async def test_back_to_the_bot_in_silence_and_to_a_customer_that_has_to_be_called(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    outboxes = []
    for conversation, quiet in (("telegram:1", True), ("telegram:2", False)):
        await inbox.accept(inbound("hei", conversation, channel="telegram", sender="1"))
        await floor.take(conversation, "h1")
        await floor.hand_back(conversation, HandBack("h1", quiet=quiet))
    async with working(redis, CountingEngine()):
        for conversation in ("telegram:1", "telegram:2"):
            await taken(redis, 2, conversation)
            outboxes.append(await bot_said(redis, conversation))
    assert outboxes == [[], [BACK]]
    lengths = [await redis.xlen(LAYOUT.queue(p, "outbox")) for p in range(LAYOUT.partitions)]
    assert sum(lengths) == 1


async def test_a_handoff_that_has_not_the_floor_gives_nothing_back(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(inbound("hei"))
    await floor.take(CHAT, "h2")
    await floor.hand_back(CHAT, HandBack("h1"))
    await inbox.accept(inbound("still to a person"))
    async with working(redis, CountingEngine()):
        records = await taken(redis, 3)
    assert [(turn.floor, turn.handed_back) for turn in records] == [
        ("h2", None),
        ("h2", "h1"),
        ("h2", None),
    ]
    assert await bot_said(redis) == []
    assert await floor.holder(CHAT) == "h2"
    assert await RedisDeadLetters(redis, LAYOUT).count() == 0


async def test_a_handoff_that_gave_the_floor_back_gets_it_no_more(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(inbound("hei"))
    await floor.take(CHAT, "h1")
    await floor.hand_back(CHAT, HandBack("h1"))
    async with working(redis, CountingEngine()):
        await taken(redis, 2)
    assert not await floor.take(CHAT, "h1")
    assert await floor.holder(CHAT) is None
    assert await floor.take(CHAT, "h2")


async def test_the_floor_goes_back_even_where_the_bot_fails_to_take_it(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    engine = CountingEngine()
    engine.during = lambda message: _fail() if message.hand_back else None
    await inbox.accept(inbound("to the person"))
    await floor.take(CHAT, "h1")
    await floor.hand_back(CHAT, HandBack("h1"))
    await inbox.accept(inbound("to the bot"))
    async with working(redis, engine):
        assert await answers(redis, CHAT, 1) == [Text("2: to the bot")]
        _, back, _ = await taken(redis, 3)
    assert (back.handed_back, back.failed) == ("h1", True)
    (letter,) = await RedisDeadLetters(redis, LAYOUT).list()
    assert letter.reason == "broken"


async def test_a_worker_killed_between_its_answer_and_the_commit_leaves_the_person_in_peace(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    engine, begun = CountingEngine(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.sleep(3600)

    engine.during = lambda _: hang()
    await inbox.accept(inbound("hei"))
    async with working(redis, engine, "dying") as task:
        await asyncio.wait_for(begun.wait(), 5.0)
        await crash(task, redis, "dying")
    assert await floor.take(CHAT, "h1")
    async with working(redis, CountingEngine(), "next"):
        (turn,) = await taken(redis, 1)
    assert turn.floor == "h1"
    assert await bot_said(redis) == []
    assert await heard(redis) == ["hei"]


async def test_the_bot_says_nothing_after_a_person_has_taken_the_floor_whatever_the_moment(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    engine = CountingEngine()
    engine.during = lambda _: asyncio.sleep(dice.random() * 0.01)
    conversations = [f"telegram:{number}" for number in range(40)]
    turns = 8
    said_before: dict[str, int] = {}

    async def write(conversation: str) -> None:
        for turn in range(turns):
            message = inbound(f"turn {turn}", conversation, channel="telegram", sender="1")
            await inbox.accept(message)
            await asyncio.sleep(dice.random() * 0.02)

    async def take_over(conversation: str) -> None:
        # At some moment of the turn that follows the first few ones, however busy the machine is.
        await taken(redis, dice.randrange(turns), conversation, at_least=True)
        await asyncio.sleep(dice.random() * 0.01)
        # Two at once: one of them gets it.
        got = await asyncio.gather(*(floor.take(conversation, name) for name in ("h1", "h2")))
        assert sum(got) == 1, f"seed {seed}"
        said_before[conversation] = len(await bot_said(redis, conversation))
        utterance = DeskUtterance("u1", conversation, Text("Kari her"), Author.STAFF, "Kari")
        await floor.say(utterance, "h1" if got[0] else "h2")
        await inbox.accept(inbound("last", conversation, channel="telegram", sender="1"))

    await asyncio.gather(
        *(
            inbox.accept(inbound("first", name, channel="telegram", sender="1"))
            for name in conversations
        )
    )
    async with working(redis, engine, "w1"), working(redis, engine, "w2"):
        jobs = [job(name) for name in conversations for job in (write, take_over)]
        await asyncio.gather(*jobs)
        for conversation in conversations:
            await taken(redis, turns + 2, conversation)
    for conversation in conversations:
        assert len(await bot_said(redis, conversation)) == said_before[conversation], f"seed {seed}"
        texts = ["first", *(f"turn {turn}" for turn in range(turns)), "last"]
        assert sorted(await heard(redis, conversation)) == sorted(texts), f"seed {seed}"
        spoken = [e for e in await journal(redis, conversation) if isinstance(e, DeskSpoke)]
        assert len(spoken) == 1
    # Both kinds of turn were there, or the test has shown nothing.
    silent = [
        turn.floor is not None for name in conversations for turn in await turns_of(redis, name)
    ]
    assert any(silent)
    assert not all(silent)


async def test_an_entry_of_before_there_was_a_desk_is_still_answered(redis: Redis) -> None:
    message = inbound("hei")
    stored = json.loads(message.to_json())
    del stored["hand_back"]
    key = LAYOUT.queue(LAYOUT.partition_of(CHAT), "inbox")
    await redis.xadd(key, {"m": json.dumps(stored)})
    async with working(redis, CountingEngine()):
        assert await answers(redis, CHAT, 1) == [HELD]
