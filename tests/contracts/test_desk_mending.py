"""A customer is never left in silence: what was lost on one side is made good from the other one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from bot.errors import HandoffRefused
from bot.handoff import effect, effects
from bot.handoff.clock import DeskClock
from bot.handoff.queue import Queue
from bot.handoff.taker import DeskTaker
from bot.model.content import Text
from bot.model.handoff import Cause, HandoffRequest, State
from bot.model.journal import TurnRecord
from bot.model.turns import turn_id
from bot.pipeline.redis_streams.client import Redis
from bot.record.database import Database, open_engine
from bot.record.tables import desk_effects, handoff_events, handoffs
from tests.desks import DeskBench
from tests.pipeline import LAYOUT

CHAT = "web:c1"
# The SQL behind it is tried on both databases elsewhere.
on_sqlite = pytest.mark.parametrize("dsn", ["sqlite"], indirect=True)


@pytest.fixture
def bench(database: Database, redis: Redis) -> DeskBench:
    return DeskBench(database, redis)


def floor_key(conversation: str) -> str:
    return LAYOUT.floor(conversation)


async def restored(bench: DeskBench, conversation: str, floor: str | None) -> None:
    """Redis is as it was at another time: with that floor, and without what came after."""
    partition = LAYOUT.partition_of(conversation)
    for name in ("once", "ended"):
        async for key in bench.redis.scan_iter(f"fk:{{{partition}}}:{name}:*"):
            await bench.redis.delete(key)
    if floor is None:
        await bench.redis.delete(floor_key(conversation))
    else:
        await bench.redis.set(floor_key(conversation), floor)


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "ended", "offered"),
    [
        ("Back to the chatbot", True, False),
        ("  tilbake til  CHATBOTEN. ", True, False),
        ("Opprett en sak", True, True),
        ("open a case!", True, True),
        ("I went back to the chatbot and it said to open a case", False, False),
        (".", False, False),
    ],
)
async def test_who_waits_may_type_what_they_could_press(
    bench: DeskBench, typed: str, ended: bool, offered: bool
) -> None:
    """`offered` is the case, once they have left the queue for it."""
    await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.write(CHAT, typed, intent="nlu_fallback", confidence=0.3)
    await bench.take_turns()
    now_as = await bench.desk.find(asked.id)
    assert (now_as.ended == "left") == ended
    assert (await bench.floor.holder(CHAT) is None) == ended
    of_case = "Du er ute av køen. Jeg kan opprette saken med det samme. [Opprett en sak]"
    assert (of_case in await bench.said(CHAT)) == offered


@on_sqlite
async def test_words_to_a_person_are_no_choice(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.desk.claim(asked.id, kari)
    await bench.write(CHAT, "Tilbake til chatboten")
    assert (await bench.desk.find(asked.id)).owner == kari


async def test_who_has_the_floor_and_is_not_in_the_record_comes_into_the_queue(
    bench: DeskBench, caplog: pytest.LogCaptureFixture
) -> None:
    kari = await bench.agent("Kari")
    for floor, cause in (
        ("t0-77-0", Cause.CUSTOMER_ASKED),
        ("s0123456789abcdef", Cause.STAFF_TOOK_OVER),
    ):
        chat = f"web:{floor}"
        await bench.write(chat)
        await restored(bench, chat, floor)
        await bench.write(chat, "Er det noen der?", language="nb")
        found = await bench.desk.find(floor)
        assert (found.state, found.cause, found.conversation_id) == (State.WAITING, cause, chat)
        assert f"{floor} is not in the record" in caplog.text
        assert "Du er nestemann i køen." in (await bench.said(chat))[0]
        await bench.desk.claim(floor, kari)
        await bench.desk.say(floor, kari, Text("Her er jeg"), "m1")
        await bench.desk.return_to_bot(floor, kari, {})
        await bench.take_turns()
        assert await bench.floor.holder(chat) is None
        assert await bench.steps(floor) == ["request", "claim", "return"]


@on_sqlite
async def test_the_floor_of_one_that_is_not_in_the_record_is_the_open_ones(
    bench: DeskBench, database: Database
) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await restored(bench, CHAT, "t0-77-0")
    await bench.write(CHAT, "Er det noen der?")
    assert await bench.handoffs_of(CHAT) == [asked.id]
    await bench.desk.claim(asked.id, kari)
    await bench.desk.return_to_bot(asked.id, kari, {})
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None


@on_sqlite
async def test_the_floor_of_one_that_has_ended_comes_back_to_the_bot(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.desk.claim(asked.id, kari)
    await bench.desk.close(asked.id, kari, resolved=True)
    await bench.take_turns()
    await restored(bench, CHAT, asked.id)
    await bench.write(CHAT, "Hallo?")
    assert await bench.floor.holder(CHAT) == asked.id, "it comes back in a turn of its own"
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    assert await bench.steps(asked.id) == ["request", "claim", "close", "resumed"]


@on_sqlite
async def test_words_between_the_end_and_the_bots_return_bring_it_back_once(
    bench: DeskBench, database: Database
) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.desk.claim(asked.id, kari)
    bench.floor.fails = 1
    await bench.desk.close(asked.id, kari, resolved=True)
    # Its effects still wait: the customer is to read the closing words before the bot is back.
    await bench.write(CHAT, "Takk")
    assert await bench.floor.holder(CHAT) == asked.id
    bench.clock.advance(2)
    await bench.ticks.tick()
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    back = select(func.count()).select_from(handoff_events)
    rows = await database.read(lambda c: c.execute(back).scalar_one())
    assert rows == len(["request", "claim", "close", "resumed"])
    assert (await bench.said(CHAT))[-1] == "Hvor fornøyd er du med hjelpen du fikk?"


@on_sqlite
async def test_a_floor_that_was_lost_is_taken_again(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await restored(bench, CHAT, None)
    await bench.desk.claim(asked.id, kari)
    assert await bench.floor.holder(CHAT) == asked.id
    assert (await bench.said(CHAT))[-1] == "Nå snakker du med Kari."
    await restored(bench, CHAT, None)
    await bench.desk.say(asked.id, kari, Text("Hei"), "m1")
    assert await bench.floor.holder(CHAT) == asked.id
    await bench.ticks.tick()
    await restored(bench, CHAT, None)
    bench.clock.advance(61)
    await bench.beat(kari)
    await bench.ticks.tick()
    assert await bench.floor.holder(CHAT) == asked.id
    await bench.desk.return_to_bot(asked.id, kari, {})
    await bench.take_turns()
    bench.clock.advance(61)
    await bench.ticks.tick()
    assert await bench.floor.holder(CHAT) is None


@on_sqlite
async def test_one_that_the_bot_has_again_can_be_closed(
    bench: DeskBench, database: Database
) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.desk.claim(asked.id, kari)
    await bench.desk.return_to_bot(asked.id, kari, {})
    await bench.take_turns()
    # The record is restored from a backup of before.
    before = {"state": "with_person", "version": 2, "ended": None, "ended_at": None}
    undone = update(handoffs).values(**before)
    events = delete(handoff_events).where(handoff_events.c.version == 3)
    await database.write(lambda c: (c.execute(undone), c.execute(events)))
    bench.clock.advance(61)
    await bench.beat(kari)
    await bench.ticks.tick()
    assert await bench.floor.holder(CHAT) is None, "the customer and the bot have gone on"
    with pytest.raises(HandoffRefused, match="close it here, and take it over anew"):
        await bench.desk.say(asked.id, kari, Text("Hei"), "m1")
    await bench.desk.close(asked.id, kari, resolved=False)
    taken = await bench.desk.take_over(CHAT, kari)
    await bench.desk.say(taken.id, kari, Text("Hei"), "m2")


@on_sqlite
async def test_after_a_start_nobody_counts_as_gone_who_could_not_be_seen(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.desk.claim(asked.id, kari)
    # All was down for the night.
    bench.clock.advance(9 * 3600)
    clock = DeskClock(bench.desk)
    await clock.tick()
    bench.clock.advance(119)
    await clock.tick()
    assert (await bench.desk.find(asked.id)).owner == kari
    bench.clock.advance(2)
    await clock.tick()
    assert (await bench.desk.find(asked.id)).state is State.WAITING


@on_sqlite
async def test_a_fault_with_one_holds_up_no_other(
    bench: DeskBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kari = await bench.agent("Kari")
    asked = [await bench.ask(f"web:c{number}") for number in range(2)]
    for one in asked:
        await bench.desk.claim(one.id, kari)
    real = Queue.requeue

    def fails(self: Queue, work: Any, kept: Any, *args: Any, **named: Any) -> Any:
        if kept.handoff.id == asked[0].id:
            raise RuntimeError("the test says so")
        return real(self, work, kept, *args, **named)

    monkeypatch.setattr(Queue, "requeue", fails)
    bench.clock.advance(121)
    await bench.ticks.tick()
    states = [(await bench.desk.find(one.id)).state for one in asked]
    assert states == [State.WITH_PERSON, State.WAITING]
    assert "the test says so" in caplog.text


async def test_conversations_that_must_wait_keep_no_other_one_from_its_effects(
    bench: DeskBench, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = await bench.agent("Kari")
    asked = [await bench.ask(f"web:c{number}") for number in range(2)]
    for one in asked:
        bench.floor.fails = 1
        await bench.desk.claim(one.id, kari)
    # Of the first only what is behind its first effect is due.
    ids = select(func.min(desk_effects.c.id)).where(desk_effects.c.handoff_id == asked[0].id)
    first = update(desk_effects).where(desk_effects.c.id == ids.scalar_subquery())
    due = update(desk_effects).values(due_at=bench.clock())
    far = first.values(due_at=bench.clock() + (2 * effect.LEASE))
    await database.write(lambda c: (c.execute(due), c.execute(far)))
    monkeypatch.setattr(effects, "_CONVERSATIONS", 1)
    await bench.desk.effects.sweep()
    said = [(await bench.said(one.conversation_id))[-1] for one in asked]
    assert said[1] == "Nå snakker du med Kari."
    assert said[0] != said[1]


async def test_nobody_is_given_more_than_they_can_have_by_those_who_come_at_once(
    bench: DeskBench, dsn: str
) -> None:
    agents = [await bench.agent(f"Agent{number}", capacity=2) for number in range(2)]
    (team,) = await bench.teams.list()
    await bench.teams.save(replace(team, assignment="auto"))
    other = Database(open_engine(dsn))
    first, bench.database = bench.database, other
    takers = [bench.taker, DeskTaker(bench.another_process())]
    bench.database = first
    asked: Sequence[TurnRecord] = [await request(bench, f"web:c{at}") for at in range(8)]
    try:
        await asyncio.gather(*(takers[at % 2].on_turn(turn) for at, turn in enumerate(asked)))
    finally:
        other.close()
    for _ in range(4):
        await bench.ticks.tick()
    found = [await bench.desk.find(turn.handoff_id) for turn in asked]
    assert Counter(one.owner.id for one in found if one.owner) == {one.id: 2 for one in agents}
    assert sum(one.state is State.WAITING for one in found) == 4


async def request(bench: DeskBench, conversation: str) -> TurnRecord:
    """A turn that asks for a person, with the floor taken as its commit does."""
    await bench.write(conversation)
    turn = TurnRecord(
        conversation_id=conversation,
        turn_id=turn_id(LAYOUT.partition_of(conversation), "7-7"),
        event_id="e",
        channel="web",
        recipient="c",
        received_at=bench.clock().timestamp(),
        committed_at=bench.clock().timestamp(),
        language="nb",
        intent="talk_to_human",
        confidence=1.0,
        request=HandoffRequest(Cause.CUSTOMER_ASKED),
    )
    # Of several in a partition each has a name of its own.
    turn = replace(turn, turn_id=f"{turn.turn_id}{conversation[-1]}")
    assert await bench.floor.take(conversation, turn.handoff_id)
    return turn
