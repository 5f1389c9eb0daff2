"""What staff do with a conversation, over both databases and the real floor."""

from __future__ import annotations

import pytest

from bot.errors import HandoffRefused
from bot.model.content import Text
from bot.model.handoff import Agent, Cause, State
from bot.model.messages import Author
from bot.pipeline.redis_streams.client import Redis
from bot.record.database import Database
from tests.desks import DeskBench

CHAT = "web:c1"
# The SQL behind it is tried on both databases elsewhere.
on_sqlite = pytest.mark.parametrize("dsn", ["sqlite"], indirect=True)


@pytest.fixture
def bench(database: Database, redis: Redis) -> DeskBench:
    return DeskBench(database, redis)


async def test_a_customer_asks_talks_and_is_back_with_the_bot(bench: DeskBench) -> None:
    kari = await bench.agent("Kari", capacity=1)
    asked = await bench.ask(CHAT, topic="order_status", note="Angry about a parcel")
    assert (asked.state, asked.version, asked.cause) == (
        State.WAITING,
        1,
        Cause.CUSTOMER_ASKED,
    )
    assert (asked.topic, asked.note, asked.language) == (
        "order_status",
        "Angry about a parcel",
        "nb",
    )
    assert await bench.floor.holder(CHAT) == asked.id
    assert await bench.said(CHAT) == [
        (
            "Du er nestemann i køen. Skriv gjerne mer om saken mens du venter, så kan vi sette i "
            "gang med det samme. [Tilbake til chatboten]"
        )
    ]

    bench.clock.advance(90)
    taken = await bench.desk.claim(asked.id, kari)
    assert (taken.state, taken.owner, taken.version) == (State.WITH_PERSON, kari, 2)
    assert taken.claimed_at == bench.clock.now.timestamp()
    assert await bench.desk.of_conversation(CHAT) == taken
    assert await bench.desk.claim(asked.id, kari) == taken, "a second click changes nothing"
    await bench.desk.say(asked.id, kari, Text("Hei, jeg ser på det."), "m1")
    await bench.desk.say(asked.id, kari, Text("Hei, jeg ser på det."), "m1")
    (_, talking, line) = await bench.lines(CHAT)
    assert talking.content == Text("Nå snakker du med Kari.")
    assert (line.author, line.name, line.content) == (
        Author.STAFF,
        "Kari",
        Text("Hei, jeg ser på det."),
    )

    closed = await bench.desk.close(asked.id, kari, resolved=True, note="Sent a new one")
    assert (closed.state, closed.ended, closed.owner) == (State.WRAPPED_UP, "resolved", kari)
    assert await bench.floor.holder(CHAT) == asked.id, "until the bot has taken its turn"
    assert (await bench.said(CHAT))[-2:] == [
        "Takk for praten! Kari har avsluttet samtalen, og jeg er her hvis det er noe mer.",
        "Hvor fornøyd er du med hjelpen du fikk?",
    ]
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    assert (await bench.desk.find(asked.id)).state is State.BACK_TO_BOT
    assert await bench.steps(asked.id) == ["request", "claim", "close", "resumed"]
    await bench.write(CHAT, "4", rated=4)
    assert (await bench.desk.find(asked.id)).rating == 4
    await bench.write(CHAT, "1", rated=1)
    assert (await bench.desk.find(asked.id)).rating == 4, "the first one stands"
    assert await bench.due() == []
    history = await bench.views.history(CHAT)
    assert [(e.step, e.actor, e.owner) for e in history.events] == [
        ("request", None, None),
        ("claim", "Kari", "Kari"),
        ("close", "Kari", "Kari"),
        ("resumed", None, "Kari"),
    ]


@on_sqlite
async def test_who_is_faster_is_named(bench: DeskBench) -> None:
    kari, ola = await bench.agent("Kari"), await bench.agent("Ola")
    asked = await bench.ask(CHAT)
    await bench.desk.claim(asked.id, kari)
    for refused, reason, sentence in (
        (bench.desk.claim(asked.id, ola), "taken", "Kari has taken this conversation already"),
        (bench.desk.take_over(CHAT, ola), "taken", "Kari has taken this conversation already"),
        (bench.desk.say(asked.id, ola, Text("hei"), "m"), "not_yours", "Kari has this"),
        (bench.desk.close(asked.id, ola, resolved=True), "not_yours", "Kari has this"),
        (bench.desk.return_to_bot(asked.id, ola, {}), "not_yours", "Kari has this"),
        (bench.desk.show_typing(asked.id, ola), "not_yours", "Kari has this"),
        (
            bench.desk.transfer(asked.id, ola, to="ola", team=None, note=None),
            "not_yours",
            "Kari has this",
        ),
    ):
        with pytest.raises(HandoffRefused, match=sentence) as told:
            await refused
        assert told.value.reason == reason
    assert await bench.steps(asked.id) == ["request", "claim"]
    assert await bench.desk.claim_next(ola) is None


@on_sqlite
async def test_what_can_not_be_said(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    with pytest.raises(HandoffRefused, match="Take the conversation first"):
        await bench.desk.say(asked.id, kari, Text("hei"), "m1")
    await bench.desk.claim(asked.id, kari)
    for content, message_id, reason in (
        (Text("  \n"), "m1", "empty"),
        (Text("x" * 10_001), "m1", "too_long"),
        (Text("hei"), "a b", "not_possible"),
        (Text("hei"), "", "not_possible"),
    ):
        with pytest.raises(HandoffRefused) as refused:
            await bench.desk.say(asked.id, kari, content, message_id)
        assert refused.value.reason == reason
    for unknown in (bench.desk.find("nix"), bench.desk.claim("nix", kari)):
        with pytest.raises(HandoffRefused) as refused:
            await unknown
        assert refused.value.reason == "unknown"
    await bench.desk.return_to_bot(asked.id, kari, {})
    with pytest.raises(HandoffRefused, match="has ended"):
        await bench.desk.say(asked.id, kari, Text("hei"), "m2")
    with pytest.raises(HandoffRefused, match="not in the queue"):
        await bench.desk.claim(asked.id, kari)


async def test_passing_on_to_a_person_and_to_a_team(bench: DeskBench) -> None:
    kari, ola = await bench.agent("Kari"), await bench.agent("Ola", capacity=1)
    gone = await bench.agent("Per", there=False)
    asked = await bench.ask(CHAT, language="en")
    await bench.desk.claim(asked.id, kari)
    for to, reason in ((gone.id, "not_possible"), ("nix", "unknown"), (kari.id, "not_possible")):
        with pytest.raises(HandoffRefused) as refused:
            await bench.desk.transfer(asked.id, kari, to=to, team=None, note=None)
        assert refused.value.reason == reason
    passed = await bench.desk.transfer(asked.id, kari, to=ola.id, team=None, note="Knows returns")
    assert (passed.owner, passed.note) == (ola, "Knows returns")
    assert (await bench.said(CHAT))[-1] == "Ola takes over from here. You are talking to Ola now."
    other = await bench.ask("web:c2")
    await bench.desk.claim(other.id, kari)
    with pytest.raises(HandoffRefused, match=r"Ola has as many .*\(1\)") as refused:
        await bench.desk.transfer(other.id, kari, to=ola.id, team=None, note=None)
    assert refused.value.reason == "full"
    # A supervisor may, whoever has it.
    boss = await bench.agent("Siri", roles="supervisor")
    assert (await bench.desk.assign(other.id, boss, ola.id)).owner == ola
    with pytest.raises(HandoffRefused, match="either a person or a team"):
        await bench.desk.transfer(asked.id, ola, to=None, team=None, note=None)

    bench.clock.advance(600)
    team = (await bench.teams.list())[0]
    queued = await bench.desk.transfer(asked.id, ola, to=None, team=team.id, note="Too hard")
    assert (queued.state, queued.owner) == (State.WAITING, None)
    assert queued.waiting_since == asked.waiting_since, "in the old place"
    assert "I am passing you on" in (await bench.said(CHAT))[-1]
    assert "Too hard" not in " ".join(await bench.said(CHAT))
    assert await bench.steps(asked.id) == ["request", "claim", "transfer", "requeue"]


async def test_taking_over_unasked(bench: DeskBench) -> None:
    kari = await bench.agent("Kari", capacity=0)
    with pytest.raises(HandoffRefused) as refused:
        await bench.desk.take_over(CHAT, kari)
    assert refused.value.reason == "unknown"
    await bench.write(CHAT, "hei")
    taken = await bench.desk.take_over(CHAT, kari)
    assert (taken.cause, taken.state, taken.owner) == (
        Cause.STAFF_TOOK_OVER,
        State.WITH_PERSON,
        kari,
    )
    assert await bench.floor.holder(CHAT) == taken.id
    assert await bench.desk.take_over(CHAT, kari) == taken
    await bench.desk.say(taken.id, kari, Text("Hello"), "m1")
    await bench.desk.return_to_bot(taken.id, kari, {"order_number": "10042"})
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    again = await bench.desk.take_over(CHAT, kari)
    assert again.id != taken.id
    # Out of the queue as well.
    asked = await bench.ask("web:c2")
    assert (await bench.desk.take_over("web:c2", kari)).id == asked.id
    assert await bench.steps(asked.id) == ["request", "take_over"]


@on_sqlite
async def test_taking_over_while_the_bot_takes_the_floor_back(bench: DeskBench) -> None:
    kari, ola = await bench.agent("Kari"), await bench.agent("Ola")
    await bench.write(CHAT, "hei")
    first = await bench.desk.take_over(CHAT, kari)
    await bench.desk.return_to_bot(first.id, kari, {})
    # The turn in which the bot takes it is still in the inbox.
    second = await bench.desk.take_over(CHAT, ola)
    assert await bench.floor.holder(CHAT) == first.id
    with pytest.raises(HandoffRefused, match="try again in a moment"):
        await bench.desk.say(second.id, ola, Text("hei"), "m1")
    await bench.take_turns()
    bench.clock.advance(2)
    await bench.desk.say(second.id, ola, Text("hei"), "m1")
    assert await bench.floor.holder(CHAT) == second.id
    assert (await bench.said(CHAT))[-2:] == ["You are talking to Ola now.", "hei"]


async def test_taking_over_in_the_moment_in_which_the_bot_hands_over(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    await bench.write(CHAT, "hei")
    # The bot's commit has given the floor to a request of which the desk does not know yet.
    await bench.floor.take(CHAT, "t0-77-0")
    taken = await bench.desk.take_over(CHAT, kari)
    await bench.desk.say(taken.id, kari, Text("Hei"), "m1")
    await bench.desk.close(taken.id, kari, resolved=False)
    await bench.take_turns()
    assert await bench.floor.holder(CHAT) is None
    assert await bench.steps(taken.id) == ["take_over", "close", "resumed"]


@on_sqlite
async def test_a_note_never_reaches_the_customer(bench: DeskBench) -> None:
    kari = await bench.agent("Kari")
    asked = await bench.ask(CHAT)
    before = await bench.transcripts.read(CHAT)
    await bench.desk.add_note(asked.id, kari, "  Has called before ")
    with pytest.raises(HandoffRefused):
        await bench.desk.add_note(asked.id, kari, " ")
    assert await bench.transcripts.read(CHAT) == before
    (note,) = (await bench.views.history(CHAT)).notes
    assert (note.author, note.text) == ("Kari", "Has called before")


@on_sqlite
async def test_somebody_at_the_slack_desk_has_no_account_and_no_limit(bench: DeskBench) -> None:
    asked = await bench.ask(CHAT)
    slack = Agent("slack:U1", "Lise", "slack")
    assert (await bench.desk.claim(asked.id, slack)).owner == slack
    bench.clock.advance(3600)
    await bench.ticks.tick()
    assert (await bench.desk.find(asked.id)).owner == slack
    (line,) = [line for line in await bench.views.agents_board() if line.desk == "slack"]
    assert (line.status, line.capacity, len(line.conversations)) == ("there", None, 1)
    with pytest.raises(HandoffRefused, match="no such account"):
        await bench.desk.claim(asked.id, Agent("ghost", "Ghost"))
