"""What the desk's steps bring about outside of the database, whenever something fails on the way."""

from __future__ import annotations

from zlib import crc32

import pytest
from sqlalchemy import select, update

from bot.handoff.effect import LEASE
from bot.handoff.effects import Effects
from bot.model.content import Text
from bot.model.handoff import State
from bot.model.messages import Outbound
from bot.pipeline.redis_streams.client import Redis
from bot.record.database import Database
from bot.record.tables import desk_effects
from tests.desks import DeskBench
from tests.pipeline import LAYOUT

CHAT = "web:c1"
# The SQL behind it is tried on both databases elsewhere.
on_sqlite = pytest.mark.parametrize("dsn", ["sqlite"], indirect=True)


@pytest.fixture
def bench(database: Database, redis: Redis) -> DeskBench:
    return DeskBench(database, redis)


async def test_what_fails_is_done_later_once_and_in_order(bench: DeskBench) -> None:
    kari = await bench.agent("Kari", capacity=20)
    for fails in (1, 2, 3, 5):
        for after in (False, True):
            chat = f"web:{fails}-{after}"
            await bench.write(chat)
            # In the middle of a step's effects, before or after what it asks for was done.
            bench.floor.fails, bench.floor.after = fails, after
            taken = await bench.desk.take_over(chat, kari)
            assert taken.state is State.WITH_PERSON, (
                "the step is taken, whatever is left to be done"
            )
            for _ in range(6):
                bench.clock.advance(8)
                await bench.ticks.tick()
            assert bench.floor.fails == 0
            await bench.desk.close(taken.id, kari, resolved=True)
            await bench.take_turns()
            assert await bench.said(chat) == [
                "You are talking to Kari now.",
                (
                    "Thank you for the chat! Kari has closed the conversation, and I am here if "
                    "there is more."
                ),
                "How did you like the help that you got?",
            ]
            assert await bench.floor.holder(chat) is None
            assert await bench.due() == []
            assert (await bench.desk.find(taken.id)).state is State.BACK_TO_BOT
            await bench.beat(kari)


@on_sqlite
async def test_a_process_that_dies_before_its_effects_leaves_them_to_another(
    bench: DeskBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = await bench.agent("Kari")
    await bench.write(CHAT)

    async def dies(*_: object) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(Effects, "carry_out", dies)
        taken = await bench.desk.take_over(CHAT, kari)
    assert await bench.due() == ["announce", "take", "say"]
    await bench.ticks.tick()
    await bench.desk.effects.settle(CHAT)
    assert len(await bench.due()) == 3, "as long as they may still be under way"
    bench.clock.advance(LEASE.total_seconds() + 1)
    await bench.beat(kari)
    await bench.ticks.tick()
    assert await bench.due() == []
    assert await bench.floor.holder(CHAT) == taken.id
    assert await bench.said(CHAT) == ["You are talking to Kari now."]


async def test_one_that_stood_still_takes_nothing_of_what_is_another_ones_now(
    bench: DeskBench, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kari = await bench.agent("Kari")
    await bench.write(CHAT)
    stolen = []

    real = Effects.carry_out

    async def stands_still(self: Effects, batch: object) -> None:
        stolen.append(batch)

    with monkeypatch.context() as patch:
        patch.setattr(Effects, "carry_out", stands_still)
        taken = await bench.desk.take_over(CHAT, kari)
    bench.clock.advance(LEASE.total_seconds() + 1)
    await bench.beat(kari)
    await bench.ticks.tick()
    await bench.desk.return_to_bot(taken.id, kari, {})
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    said = await bench.said(CHAT)
    (batch,) = stolen
    await real(bench.desk.effects, batch)  # type: ignore[arg-type]
    assert await bench.floor.holder(CHAT) is None, "no floor for a handoff that gave it back"
    assert await bench.said(CHAT) == said


@on_sqlite
async def test_what_can_never_be_done_is_marked_and_holds_nothing_up(
    bench: DeskBench, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    # The floor is lost, as with a Redis that was restored from an older backup.
    await bench.redis.flushall()
    taken = await bench.desk.claim(asked.id, kari)
    assert taken.owner == kari
    failed = select(desk_effects.c.kind, desk_effects.c.failed)
    rows = await database.read(lambda connection: connection.execute(failed).all())
    assert [row.kind for row in rows] == ["say"]
    assert "no_contact" in rows[0].failed or "no_floor" in rows[0].failed
    assert "can't be carried out" in caplog.text
    await bench.write("web:c2")
    await bench.desk.take_over("web:c2", kari)
    assert await bench.said("web:c2") == ["You are talking to Kari now."]


@on_sqlite
async def test_a_faulty_effect_is_given_up_after_some_tries(
    bench: DeskBench, database: Database
) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    bench.floor.fails = 1
    await bench.desk.claim(asked.id, kari)
    damaged = update(desk_effects).where(desk_effects.c.kind == "say").values(payload="{}")
    await database.write(lambda connection: connection.execute(damaged))
    for _ in range(8):
        bench.clock.advance(31)
        await bench.beat(kari)
        await bench.ticks.tick()
    assert await bench.due() == ["say"]
    await bench.desk.return_to_bot(asked.id, kari, {})
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None


class Mirror:
    """Shows all of it, as the channel `elsewhere`."""

    def changed(self, before: object, after: object, note: str | None) -> list[Outbound]:
        version = after.version  # type: ignore[attr-defined]
        return [self._post(f"{after.id}-v{version}", f"{note}")]  # type: ignore[attr-defined]

    def said(self, handoff: object, utterance: object) -> list[Outbound]:
        return [self._post(utterance.id, "said")]  # type: ignore[attr-defined]

    def heard(self, handoff: object, turn: object, text: str) -> list[Outbound]:
        return [self._post(turn.turn_id, text)]  # type: ignore[attr-defined]

    def _post(self, name: str, text: str) -> Outbound:
        return Outbound("elsewhere", "h", CHAT, f"1-0-{crc32(name.encode())}", 0, Text(text), 0.0)


@on_sqlite
async def test_another_desk_is_shown_everything_once(database: Database, redis: Redis) -> None:
    bench = DeskBench(database, redis, mirrors=[Mirror()])  # type: ignore[list-item]
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT, note="urgent")
    await bench.write(CHAT, "Er det noen der?", intent="greet")
    await bench.desk.claim(asked.id, kari)
    bench.floor.fails = 1
    bench.floor.after = True
    await bench.desk.return_to_bot(asked.id, kari, {}, note="done")
    bench.clock.advance(40)
    await bench.ticks.tick()
    await bench.take_turns()
    shown = [
        Outbound.from_json(fields[b"m"])
        for partition in range(LAYOUT.partitions)
        for _, fields in await redis.xrange(LAYOUT.queue(partition, "outbox"))
    ]
    texts = [item.content.text for item in shown if isinstance(item.content, Text)]
    assert texts == ["urgent", "Er det noen der?", "None", "done"]


@on_sqlite
async def test_a_steps_effects_come_after_those_of_an_earlier_one(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    bench.floor.fails = 1
    await bench.desk.claim(asked.id, kari)
    await bench.desk.return_to_bot(asked.id, kari, {})
    kinds = await bench.due()
    assert kinds == ["announce", "say", "announce", "back"]
    bench.clock.advance(1)
    await bench.ticks.tick()
    assert await bench.due() == []
    assert (await bench.said(CHAT))[-1] == "Nå snakker du med Kari."
