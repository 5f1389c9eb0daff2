"""The queue as time passes: who gets what, and what customers who wait are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from bot.errors import HandoffRefused
from bot.handoff.team import Team
from bot.model.content import QuickReplies
from bot.model.handoff import Cause, State
from bot.pipeline.redis_streams.client import Redis
from bot.record.database import Database
from tests.desks import DeskBench

CHAT = "web:c1"
# The SQL behind it is tried on both databases elsewhere.
on_sqlite = pytest.mark.parametrize("dsn", ["sqlite"], indirect=True)
OFFICE = {day: [("08:00", "16:00")] for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def bench(database: Database, redis: Redis) -> DeskBench:
    return DeskBench(database, redis)


async def default(bench: DeskBench, **changes: object) -> Team:
    """Change the default team."""
    (team,) = [team for team in await bench.teams.list() if team.is_default]
    return await bench.teams.save(replace(team, **changes))  # type: ignore[arg-type]


async def test_the_team_that_fits(bench: DeskBench) -> None:
    await bench.agent("Kari")
    norsk = await bench.teams.save(Team("Norsk", languages=("nb",)))
    orders = await bench.teams.save(Team("Orders", topics=("order_status", "invoice_copy")))
    bestilling = await bench.teams.save(
        Team(
            "Bestillinger",
            languages=("nb",),
            topics=("order_status",),
            hours={"sun": [("10:00", "11:00")]},
        )
    )
    default_id = (await default(bench)).id
    for number, (request, language, expected) in enumerate(
        (
            ({"topic": "order_status"}, "nb", orders.id),  # the other one is closed
            ({"topic": "invoice_copy"}, "en", orders.id),
            ({"topic": "opening_hours"}, "nb", norsk.id),
            ({"topic": "opening_hours"}, "en", default_id),
            ({}, "nb-NO", norsk.id),
            ({"team": "NORSK", "topic": "order_status"}, "en", norsk.id),
            ({"team": "no such team"}, "en", default_id),
        )
    ):
        asked = await bench.ask(f"web:{number}", language=language, **request)
        assert (asked.team_id, asked.state) == (expected, State.WAITING), (request, language)
    bench.clock.now = datetime(2026, 3, 8, 9, 30, tzinfo=timezone.utc)
    asked = await bench.ask("web:sunday", topic="order_status", language="nb")
    assert asked.team_id in {bestilling.id, orders.id}
    board = {line.name: line for line in await bench.views.teams_board()}
    assert board["Norsk"].waiting == 3
    assert not board["Norsk"].with_person


@on_sqlite
async def test_outside_of_the_hours_the_customer_is_told_when_and_what(bench: DeskBench) -> None:
    await default(bench, hours=OFFICE, holidays="NO")
    bench.clock.now = datetime(2026, 5, 15, 15, 0, tzinfo=timezone.utc)  # a Friday, 17:00 in Oslo
    asked = await bench.ask(CHAT)
    assert (asked.state, asked.ended) == (State.BACK_TO_BOT, "turned_away")
    assert await bench.said(CHAT) == [
        (
            "Kollegene mine er ikke på jobb nå. De er tilbake mandag klokken 08:00. Jeg kan "
            "opprette en sak for deg, så svarer vi så snart vi er tilbake. [Opprett en sak]"
        )
    ]
    content = (await bench.lines(CHAT))[-1].content
    assert isinstance(content, QuickReplies)
    assert content.replies[0].payload == "/open_case"
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    assert await bench.steps(asked.id) == ["request", "turn_away"]

    await default(bench, when_closed="email", email="help@nordlys.example")
    await bench.ask("web:c2", language="en")
    assert (await bench.said("web:c2"))[-1] == (
        "My colleagues are not at work now. They are back on Monday at 08:00. You can write to "
        "help@nordlys.example, and we answer as soon as we are back."
    )
    await default(bench, when_closed="callback")
    await bench.ask("web:c3", language="en")
    assert (await bench.said("web:c3"))[-1].endswith("[Ask for a call]")
    bench.clock.now = datetime(2026, 5, 18, 4, 0, tzinfo=timezone.utc)
    await bench.ask("web:c4", language="en")
    assert "They are back today at 08:00." in (await bench.said("web:c4"))[-1]


@on_sqlite
async def test_nobody_is_there(bench: DeskBench) -> None:
    kari = await bench.agent("Kari", there=False)
    asked = await bench.ask(CHAT, language="en")
    assert asked.state is State.WAITING
    (said,) = await bench.said(CHAT)
    assert said.startswith("None of my colleagues is at the desk right now.")
    assert said.endswith("[Back to the chatbot] [Open a case]")
    bench.clock.advance(61)
    await bench.beat(kari)
    await bench.ticks.tick()
    await bench.ticks.tick()
    assert (await bench.said(CHAT))[1:] == ["You are next in the queue now. [Back to the chatbot]"]


async def test_places_are_told_when_they_are_better_by_a_step(bench: DeskBench) -> None:
    kari = await bench.agent("Kari", capacity=50)
    asked = []
    for number in range(8):
        bench.clock.advance(1)
        asked.append(await bench.ask(f"web:{number}", language="en"))
    assert "You are number 8 in the queue." in (await bench.said("web:7"))[0]

    async def places() -> list[str]:
        bench.clock.advance(61)
        await bench.beat(kari)
        await bench.ticks.tick()
        await bench.ticks.tick()
        return [line.split(" [")[0] for line in (await bench.said("web:7"))[1:]]

    await bench.desk.claim(asked[0].id, kari)
    assert await places() == [], "one place is no news"
    for one in asked[1:4]:
        await bench.desk.claim(one.id, kari)
    (news,) = await places()
    assert news.startswith("You are number 4 in the queue now.")
    assert "The wait is about" in news, "four have just waited"
    for one in asked[4:7]:
        await bench.desk.claim(one.id, kari)
    assert (await places())[1].startswith("You are next in the queue now.")
    assert len(await places()) == 2


async def test_what_is_assigned_goes_to_who_has_fewest(bench: DeskBench) -> None:
    team = await default(bench, assignment="auto")
    kari, ola = await bench.agent("Kari", capacity=2), await bench.agent("Ola", capacity=2)
    await bench.agent("Per", there=False)
    away = await bench.agent("Siv")
    await bench.set(away, presence="away")
    owners = []
    for number in range(4):
        asked = await bench.ask(f"web:{number}")
        assert asked.owner is not None
        owners.append(asked.owner.name)
    assert owners == ["Kari", "Ola", "Kari", "Ola"]
    waiting = await bench.ask("web:4")
    assert waiting.state is State.WAITING
    bench.clock.advance(1)
    last = await bench.ask("web:5")
    await bench.ticks.tick()
    assert (await bench.desk.find(waiting.id)).state is State.WAITING
    (line,) = await bench.views.teams_board()
    assert (line.team_id, line.waiting, line.with_person, line.present, line.room) == (
        team.id,
        2,
        4,
        2,
        0,
    )
    mine = await bench.views.mine(ola.id)
    await bench.desk.close(mine[0].handoff.id, ola, resolved=True)
    await bench.ticks.tick()
    assert (await bench.desk.find(waiting.id)).owner == ola
    assert (await bench.desk.find(last.id)).state is State.WAITING
    # Members alone work for a team that has some.
    await bench.teams.set_members(team.id or "", [kari.id])
    (line,) = await bench.views.teams_board()
    assert line.present == 1
    assert await bench.teams.of_member(ola.id) == []
    await bench.set(ola, capacity=9)
    assert await bench.desk.claim_next(ola) is None


async def test_who_has_waited_too_long_goes_to_the_other_team(bench: DeskBench) -> None:
    await bench.agent("Kari")
    second = await bench.teams.save(Team("Second line", topics=("none",)))
    await default(bench, waiting_limit=300, escalation_team_id=second.id)
    asked = await bench.ask(CHAT, language="en")
    bench.clock.advance(290)
    await bench.ticks.tick()
    assert await bench.steps(asked.id) == ["request"]
    bench.clock.advance(20)
    await bench.ticks.tick()
    bench.clock.advance(3000)
    await bench.ticks.tick()
    assert await bench.steps(asked.id) == ["request", "escalate"]
    escalated = await bench.desk.find(asked.id)
    assert (escalated.team_id, escalated.state) == (second.id, State.WAITING)
    assert escalated.note == "Waited for more than 5 min for Customer service"
    assert "I'm sorry that it takes so long." in (await bench.said(CHAT))[-1]
    assert (await bench.said(CHAT))[-1].endswith("[Open a case]")
    row = await bench.views.row(asked.id)
    assert row is not None
    assert row.escalated


async def test_an_agents_connection_is_gone(bench: DeskBench) -> None:
    kari, ola = await bench.agent("Kari"), await bench.agent("Ola")
    first = await bench.ask(CHAT, language="en")
    bench.clock.advance(30)
    await bench.ask("web:c2")
    await bench.desk.claim(first.id, kari)
    bench.clock.advance(100)
    await bench.beat(ola)
    await bench.ticks.tick()
    assert (await bench.desk.find(first.id)).owner == kari
    bench.clock.advance(60)
    await bench.beat(ola)
    await bench.ticks.tick()
    back = await bench.desk.find(first.id)
    assert (back.state, back.owner, back.waiting_since) == (
        State.WAITING,
        None,
        first.waiting_since,
    )
    said = (await bench.said(CHAT))[-1]
    assert said.startswith("I'm sorry, my colleague has lost the connection.")
    assert "You are next in the queue." in said
    assert (await bench.desk.claim_next(ola)) == await bench.desk.find(first.id)
    assert await bench.steps(first.id) == ["request", "claim", "agent_gone", "claim"]
    with pytest.raises(HandoffRefused, match="Ola has"):
        await bench.desk.close(first.id, kari, resolved=True)


@on_sqlite
async def test_the_day_is_over_and_nobody_is_left(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    await default(bench, hours={"tue": [("08:00", "16:00")]})
    asked = await bench.ask(CHAT, language="en")
    bench.clock.advance(6 * 3600 + 60)
    await bench.beat(kari)
    await bench.ticks.tick()
    assert (await bench.desk.find(asked.id)).state is State.WAITING, "Kari works on"
    bench.clock.advance(600)
    await bench.ticks.tick()
    assert (await bench.desk.find(asked.id)).ended == "turned_away"
    assert (await bench.said(CHAT))[-1].startswith(
        "I'm sorry, my colleagues have left for today before it was your turn."
    )


@on_sqlite
async def test_who_waits_may_go_back_to_the_bot(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    await bench.write(CHAT, "Opprett en sak om dette", intent="open_case", confidence=0.97)
    assert (await bench.desk.find(asked.id)).state is State.WAITING
    await bench.write(CHAT, "Tilbake", intent="back_to_bot", confidence=1.0)
    assert (await bench.desk.find(asked.id)).ended == "left"
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    assert await bench.steps(asked.id) == ["request", "leave"]
    rather = await bench.ask("web:c2")
    await bench.write("web:c2", "Opprett en sak", intent="open_case", confidence=1.0)
    assert (await bench.desk.find(rather.id)).ended == "left"
    assert (await bench.said("web:c2"))[-1].endswith("[Opprett en sak]")
    # An old button does not throw somebody out of a conversation.
    talking = await bench.ask("web:c3")
    await bench.desk.claim(talking.id, kari)
    await bench.write("web:c3", "Tilbake", intent="back_to_bot", confidence=1.0)
    assert (await bench.desk.find(talking.id)).owner == kari


@on_sqlite
async def test_the_desk_follows_the_customers_language_and_channel(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT, language="nb")
    await bench.write(CHAT, "Sorry, in English please", language="en", intent="x")
    await bench.desk.claim(asked.id, kari)
    assert (await bench.said(CHAT))[-1] == "You are talking to Kari now."
    assert (await bench.desk.find(asked.id)).language == "en"


@on_sqlite
async def test_points_count_for_a_day(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT, cause=Cause.FORM_FAILED)
    await bench.desk.claim(asked.id, kari)
    await bench.desk.close(asked.id, kari, resolved=False)
    await bench.take_turns()
    bench.clock.advance(25 * 3600)
    await bench.write(CHAT, "5", rated=5)
    assert (await bench.desk.find(asked.id)).rating is None
