"""Handoffs in the staff's Slack channel, from the customer's question to the bot's return."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.model.content import Text
from bot.model.handoff import Agent, State
from bot.model.messages import Author
from tests.postbox import drained, until
from tests.slack_desk import (
    CUSTOMER,
    KARI,
    OLA,
    STAFF,
    SlackDeskBench,
    empty_record,
    in_thread,
    quickly,
    slack_desk,
)
from tests.slack_events import choices


@pytest.fixture
async def bench(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SlackDeskBench]:
    async with (
        empty_record(tmp_path) as database,
        slack_desk(redis_url, database, quickly(monkeypatch)) as running,
    ):
        yield running


def titles(root: dict[str, Any]) -> list[str]:
    return [title for title, _ in choices(root["blocks"])]


async def customer_reads(bench: SlackDeskBench, conversation: str = CUSTOMER) -> list[str]:
    """What staff have said to a customer."""
    return [
        f"{line.name}: {line.content.text}"
        for line in await bench.said(conversation)
        if line.author is Author.STAFF and isinstance(line.content, Text)
    ]


async def test_a_whole_story(bench: SlackDeskBench) -> None:
    await bench.writes("My lamp is *broken* <!channel>")
    handoff, root = await bench.waits()

    # The thread says who, why and what can be done, and holds what was said before.
    assert "⏳ Waiting" in root["text"]
    assert "asked for a person" in root["text"]
    assert titles(root) == ["Take", "Open in the console"]
    link = next(action for title, action in choices(root["blocks"]) if "console" in title)
    assert "https://chat.example/console/conversations?c=web%3Ac1" in json.dumps(root["blocks"])
    assert link["action_id"] == "desk_open"
    (history,) = await bench.shows(handoff.id, "Before")
    assert "Customer: My lamp is *broken* &lt;!channel&gt;" in history
    assert "Bot: 1: My lamp" in history

    # Two take it at once: one has it, and the other is told who.
    first, second = await asyncio.gather(
        bench.press(root, "Take", KARI, "kari"), bench.press(root, "Take", OLA, "ola")
    )
    assert (first.status_code, second.status_code) == (200, 200)
    taken = await bench.desk.find(handoff.id)
    assert taken.state is State.WITH_PERSON
    assert taken.owner is not None
    assert taken.owner.id in ("slack:U0KARI", "slack:U0OLA")
    winner = KARI if taken.owner.id == "slack:U0KARI" else OLA
    name, loser = ("Kari", OLA) if winner == KARI else ("Ola Nordmann", KARI)
    assert taken.owner.name == name
    await bench.is_answered(f"{name} was faster.", loser.removeprefix("U0").lower())
    assert winner.removeprefix("U0").lower() not in bench.slack.changes
    root = await bench.state_is(handoff.id, f"💬 With {name}")
    assert titles(root) == ["Return to bot", "Close", "Open in the console"]
    await bench.shows(handoff.id, f"{name} has taken it.")
    # Named in the thread they follow it.
    assert f'"user_id": "{winner}"' in json.dumps(bench.slack.posted(STAFF))

    # Both ways, in order, each once, though Slack and the customer's channel repeat themselves.
    words = in_thread(root, "Hello! Which lamp is it?", winner)
    for retry in (None, 1, 2):
        assert (await bench.event(words, retry=retry)).status_code == 200
    await bench.event(in_thread(root, "And since when?", winner))
    assert await customer_reads(bench) == [
        f"{name}: Hello! Which lamp is it?",
        f"{name}: And since when?",
    ]
    for number in range(3):
        await bench.writes(f"Answer {number}", event_id=f"e{number}")
        await bench.writes(f"Answer {number}", event_id=f"e{number}")
    thread = await bench.shows(handoff.id, "Answer 2")
    assert [line for line in thread if "Answer" in line] == [
        f"Customer: Answer {number}" for number in range(3)
    ]
    # What stands in the thread is not repeated there.
    assert not any("Which lamp" in line for line in thread)

    # The console's part shows.
    by = Agent(taken.owner.id, name, "console")
    await bench.desk.say(handoff.id, by, Text("From the **console**"), "m1")
    await bench.shows(handoff.id, f"{name}: From the console")
    await bench.desk.transfer(handoff.id, by, to=None, team=await team(bench), note="Knows lamps")
    root = await bench.state_is(handoff.id, "⏳ Waiting")
    assert titles(root)[0] == "Take"
    thread = await bench.shows(handoff.id, "It is waiting")
    assert any("Note: Knows lamps" in line for line in thread)
    assert not any("Knows lamps" in str(line.content) for line in await bench.said())

    # And back to the bot.
    await bench.press(root, "Take", KARI)
    root = await bench.state_is(handoff.id, "💬 With Kari")
    await bench.press(root, "Return to bot", KARI)
    root = await bench.state_is(handoff.id, "Returned to the bot")
    assert titles(root) == ["Open in the console"]

    async def bot_is_back() -> bool:
        return await bench.desk.floor.holder(CUSTOMER) is None

    await until(bot_is_back)
    await bench.event(in_thread(root, "Too late", KARI))
    await bench.is_told("Not sent to the customer: this conversation has ended.")
    await drained(bench.redis)
    before = len(await bench.thread(handoff.id))
    await bench.writes("Only for the bot")
    await drained(bench.redis)
    assert len(await bench.thread(handoff.id)) == before
    assert "Too late" not in str(await bench.said())
    assert await bench.dead() == []
    assert bench.slack.too_early == []


async def team(bench: SlackDeskBench) -> str:
    handoff = await bench.desk.of_conversation(CUSTOMER)
    assert handoff is not None
    assert handoff.team_id is not None
    return handoff.team_id
