"""Whatever is done at once, a conversation has one owner, and nobody has more than they can."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.errors import HandoffRefused, StorageUnavailable
from bot.handoff import store
from bot.handoff.desk import SqlDesk
from bot.model.content import Text
from bot.model.handoff import Agent, Handoff, State, Step
from bot.pipeline.redis_streams.client import Redis
from bot.record.database import Database, open_engine
from bot.record.tables import handoffs
from tests.desks import DeskBench

CHAT = "web:c1"


@pytest.fixture
async def others(dsn: str) -> AsyncIterator[Database]:
    """A second process's connections to the same database."""
    database = Database(open_engine(dsn))
    yield database
    database.close()


@pytest.fixture
def bench(database: Database, redis: Redis) -> DeskBench:
    return DeskBench(database, redis)


@pytest.fixture
def second(bench: DeskBench, others: Database) -> SqlDesk:
    """Another process's desk."""
    first, bench.database = bench.database, others
    desk = bench.another_process()
    bench.database = first
    return desk


async def outcomes(*steps: Awaitable[Any]) -> list[Any]:
    """What each came to: a handoff, None or a refusal's reason. Any other error is one."""
    found = []
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, HandoffRefused):
            found.append(result.reason)
        elif isinstance(result, BaseException):
            raise result
        else:
            found.append(result)
    return found


async def busy(bench: DeskBench) -> Counter[str]:
    """How many conversations each has."""
    query = (
        select(handoffs.c.owner_id, func.count())
        .where(handoffs.c.state == State.WITH_PERSON.value)
        .group_by(handoffs.c.owner_id)
    )
    rows = await bench.database.read(lambda connection: connection.execute(query).all())
    return Counter({row[0]: row[1] for row in rows})


async def test_of_all_who_take_one_at_once_one_gets_it(bench: DeskBench, second: SqlDesk) -> None:
    agents = [await bench.agent(f"Agent{number}") for number in range(6)]
    asked = await bench.ask(CHAT)
    found = await outcomes(
        *((bench.desk, second)[at % 2].claim(asked.id, by) for at, by in enumerate(agents))
    )
    (got,) = [one for one in found if isinstance(one, Handoff)]
    assert [one for one in found if not isinstance(one, Handoff)] == ["taken"] * 5
    assert (await bench.desk.find(asked.id)).owner == got.owner
    assert await bench.steps(asked.id) == ["request", "claim"]


async def test_nobody_gets_more_than_they_can_have(bench: DeskBench, second: SqlDesk) -> None:
    kari = await bench.agent("Kari", capacity=3)
    asked = [await bench.ask(f"web:c{number}") for number in range(8)]
    found = await outcomes(
        *((bench.desk, second)[at % 2].claim(one.id, kari) for at, one in enumerate(asked)),
        bench.desk.claim_next(kari),
        second.claim_next(kari),
    )
    # Who claims what they were just given has it: that is no refusal, and no conversation more.
    assert {one for one in found if not isinstance(one, Handoff)} == {"full"}
    assert await busy(bench) == {"kari": 3}


async def test_the_longest_waiting_are_given_out_each_once(
    bench: DeskBench, second: SqlDesk
) -> None:
    agents = [await bench.agent(f"Agent{number}", capacity=2) for number in range(3)]
    asked = []
    for number in range(9):
        bench.clock.advance(1)
        asked.append(await bench.ask(f"web:c{number}"))
    found = await outcomes(
        *(
            (bench.desk, second)[at % 2].claim_next(by)
            for at, by in enumerate([*agents, *agents, *agents])
        )
    )
    given = sorted(one.id for one in found if isinstance(one, Handoff))
    assert given == sorted(one.id for one in asked[:6])
    assert found.count("full") == 3
    assert await busy(bench) == {agent.id: 2 for agent in agents}


async def test_two_take_over_from_the_bot_at_once(bench: DeskBench, second: SqlDesk) -> None:
    kari, ola = await bench.agent("Kari"), await bench.agent("Ola")
    await bench.write(CHAT)
    found = await outcomes(bench.desk.take_over(CHAT, kari), second.take_over(CHAT, ola))
    (got,) = [one for one in found if isinstance(one, Handoff)]
    assert "taken" in found
    assert await bench.floor.holder(CHAT) == got.id
    assert len(await bench.handoffs_of(CHAT)) == 1


class Crowd:
    """Staff who do what comes into their heads."""

    def __init__(self, bench: DeskBench, desks: list[SqlDesk], agents: list[Agent]) -> None:
        self.bench = bench
        self.desks = desks
        self.agents = agents
        self.chats = [f"web:c{number}" for number in range(4)]
        self.dice = random.Random(11)

    async def rush(self) -> None:
        """Six of them at once, then customers, workers and the clock."""
        dice = self.dice
        await outcomes(*(self._step(dice.choice(self.chats)) for _ in range(6)))
        for chat in dice.sample(self.chats, 2):
            await self._customer(chat)
        await self.settle()

    async def settle(self) -> None:
        """A minute later."""
        self.bench.clock.advance(61)
        await self.bench.beat(*self.agents)
        await self.bench.ticks.tick()
        await self.bench.take_turns()

    async def _customer(self, chat: str) -> None:
        bench = self.bench
        free = await bench.floor.holder(chat) is None
        if free and await bench.desk.of_conversation(chat) is None:
            await bench.ask(chat)
        else:
            await bench.write(chat, intent="greet")

    async def _step(self, chat: str) -> object:
        dice = self.dice
        desk, by, other = (
            dice.choice(self.desks),
            dice.choice(self.agents),
            dice.choice(self.agents),
        )
        handoff = await desk.of_conversation(chat)
        if handoff is None:
            return await (desk.take_over(chat, by) if dice.random() < 0.8 else desk.claim_next(by))
        if handoff.owner is not None and dice.random() < 0.6:
            by = handoff.owner
        known = handoff.id
        choices: list[Callable[[], Awaitable[object]]] = [
            lambda: desk.claim(known, by),
            lambda: desk.claim_next(by),
            lambda: desk.transfer(known, by, to=other.id, team=None, note="n"),
            lambda: desk.transfer(known, by, to=None, team="default", note=None),
            lambda: desk.assign(known, by, other.id),
            lambda: desk.say(known, by, Text("hei"), f"m{dice.random()}"),
            lambda: desk.return_to_bot(known, by, {"order_number": "1"}),
            lambda: desk.close(known, by, resolved=True),
            lambda: desk.take_over(chat, by),
        ]
        return await dice.choice(choices)()


async def test_whatever_is_done_in_whatever_order(bench: DeskBench, second: SqlDesk) -> None:
    """One owner, versions without a gap, and a floor that agrees."""
    agents = [await bench.agent(f"Agent{number}", capacity=3) for number in range(4)]
    crowd = Crowd(bench, [bench.desk, second], agents)
    for chat in crowd.chats:
        await bench.write(chat)
    for _ in range(8):
        await crowd.rush()
    for _ in range(3):
        await crowd.settle()

    assert await bench.due() == []
    taken = 0
    for chat in crowd.chats:
        open_one = await bench.desk.of_conversation(chat)
        assert await bench.floor.holder(chat) == (open_one.id if open_one else None)
        for handoff_id in await bench.handoffs_of(chat):
            handoff = await bench.desk.find(handoff_id)
            taken += len(await bench.steps(handoff_id))
            assert len(await bench.steps(handoff_id)) == handoff.version
            assert handoff.owner is not None or handoff.state is not State.WITH_PERSON
            assert handoff.is_open == (handoff == open_one)
            assert handoff.is_open or handoff.state is State.BACK_TO_BOT
    assert taken >= 12, "the crowd must have done something"


async def test_a_step_on_what_somebody_saw_before_it_changed(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    seen = await bench.database.read(lambda connection: store.find(connection, asked.id))
    await bench.desk.claim(asked.id, kari)
    with pytest.raises(HandoffRefused, match="Somebody else has just changed"):
        await bench.desk.work.run(lambda work: work.move(seen, Step.ESCALATE))
    assert await bench.steps(asked.id) == ["request", "claim"]
    assert await bench.due() == [], "nothing of a step that was not taken"


@pytest.mark.parametrize("dsn", ["sqlite"], indirect=True)
async def test_a_database_that_is_away_takes_no_step(database: Database, redis: Redis) -> None:
    bench = DeskBench(database, redis)
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    broken = Database(open_engine("postgresql://nobody@/nothing?host=/nonexistent"))
    first, bench.database = bench.database, broken
    away = bench.another_process()
    bench.database = first
    with pytest.raises(StorageUnavailable):
        await away.claim(asked.id, kari)
    broken.close()
    assert (await bench.desk.find(asked.id)).state is State.WAITING
