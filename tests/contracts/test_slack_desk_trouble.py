"""The staff's Slack channel where Slack fails, is slow, or somebody has changed what was there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from bot.errors import StorageUnavailable
from bot.model.content import Text
from bot.model.handoff import Agent
from bot.record.database import Database
from bot.record.desk_directory import SqlDeskDirectory
from bot.record.tables import desk_threads
from channels.slack.client import Client
from channels.slack.desk.colleagues import Colleagues
from tests.postbox import drained, until
from tests.recording.server import Fault, Received, serve
from tests.recording.slack import TOKEN, RecordingSlack
from tests.recording.slack_directory import User
from tests.slack_desk import (
    CUSTOMER,
    KARI,
    STAFF,
    SlackDeskBench,
    empty_record,
    in_thread,
    quickly,
    slack_desk,
)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> RecordingSlack:
    return quickly(monkeypatch)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with empty_record(tmp_path) as opened:
        yield opened


@pytest.fixture
async def bench(
    redis_url: str, database: Database, slack: RecordingSlack
) -> AsyncIterator[SlackDeskBench]:
    async with slack_desk(redis_url, database, slack) as running:
        yield running


def roots(bench: SlackDeskBench) -> list[str]:
    return [item["text"] for item in bench.slack.posted(STAFF) if "thread_ts" not in item]


class FaultsOf:
    """These for the first calls of one method, in order."""

    def __init__(self, method: str, *faults: Fault | None) -> None:
        self._method = method
        self._left = list(faults)

    def __call__(self, call: Received) -> Fault | None:
        return self._left.pop(0) if self._left and call.method == self._method else None


@pytest.mark.parametrize("kind", ["cut", "refused", "busy", "error"])
async def test_a_thread_is_begun_once(bench: SlackDeskBench, kind: str) -> None:
    fault = Fault(kind)  # type: ignore[arg-type]
    # The first message, the history, and the first line.
    bench.slack.faults = FaultsOf("chat.postMessage", fault, None, fault, None, fault)
    handoff, _ = await bench.waits()
    await bench.writes("Hello?")
    await bench.shows(handoff.id, "Hello?")
    await drained(bench.redis)
    assert len(roots(bench)) == 1
    before, *lines = await bench.thread(handoff.id)
    assert before.startswith("Before")
    assert lines == ["Customer: Hello?"]
    assert await bench.dead() == []


async def test_a_channel_that_the_app_is_not_in(bench: SlackDeskBench) -> None:
    bench.slack.not_member.add(STAFF)
    await bench.writes("a person")

    async def tried() -> bool:
        return any(call.method == "chat.postMessage" for call in bench.slack.received)

    await until(tried)
    await bench.writes("Hello?")
    assert bench.slack.posted(STAFF) == []
    # Somebody invites it.
    bench.slack.not_member.clear()
    handoff = await bench.desk.of_conversation(CUSTOMER)
    assert handoff is not None
    await until(lambda: _is_there(bench, handoff.id), 30.0)
    await bench.shows(handoff.id, "Hello?")
    assert len(roots(bench)) == 1
    assert await bench.dead() == []


async def _is_there(bench: SlackDeskBench, handoff_id: str) -> bool:
    return await bench.threads.place_of(handoff_id) is not None


async def test_a_thread_that_is_not_known_any_more_is_begun_anew(
    bench: SlackDeskBench, database: Database
) -> None:
    handoff, _ = await bench.waits()
    await drained(bench.redis)
    await database.write(lambda c: c.execute(delete(desk_threads)))
    await bench.writes("Hello?")
    await until(lambda: _is_there(bench, handoff.id))
    await bench.shows(handoff.id, "Hello?")
    assert len(roots(bench)) == 2
    # In another channel nobody's words are heard: a step is shown in this one.
    await bench.threads.keep(handoff.id, "C0OLD/1732441600.000300")
    await bench.desk.claim(handoff.id, Agent("slack:U0KARI", "Kari", "slack"))

    async def moved() -> bool:
        return (await bench.threads.place_of(handoff.id) or "").startswith(STAFF)

    await until(moved)
    await bench.shows(handoff.id, "Kari has taken it.")
    assert "💬 With Kari" in roots(bench)[-1]
    assert await bench.dead() == []


async def test_a_first_message_that_somebody_has_deleted(bench: SlackDeskBench) -> None:
    handoff, root = await bench.waits()
    await drained(bench.redis)
    bench.slack.errors["chat.update"] = "message_not_found"
    await bench.press(root, "Take")
    await bench.shows(handoff.id, "Kari has taken it.")
    assert await bench.dead() == []


async def test_who_somebody_is_can_not_be_asked(bench: SlackDeskBench) -> None:
    handoff, root = await bench.waits()
    bench.slack.faults = FaultsOf("users.info", Fault("error"), Fault("cut"))
    # Slack does not press again, so the presser is told.
    answer = await bench.press(root, "Take")
    assert answer.status_code == 503
    await bench.is_answered("Try again in a moment")
    assert "Prøv igjen" in bench.slack.changes["press"]["text"]
    words = in_thread(root, "Hello")
    # An event comes again by itself.
    assert (await bench.event(words)).status_code == 503
    assert (await bench.press(root, "Take")).status_code == 200
    await bench.state_is(handoff.id, "💬 With Kari")
    assert (await bench.event(words, retry=1)).status_code == 200
    said = [line for line in await bench.said() if line.name == "Kari"]
    assert [line.content for line in said] == [Text("Hello")]


async def test_what_was_refused_is_told_though_slack_is_busy(bench: SlackDeskBench) -> None:
    _, root = await bench.waits()
    bench.slack.faults = FaultsOf("chat.postEphemeral", Fault("busy"), Fault("error"))
    began = time.monotonic()
    assert (await bench.event(in_thread(root, "Hello"))).status_code == 200
    # Slack waits for three seconds.
    assert time.monotonic() - began < 3.0
    await bench.is_told("Press Take first")


async def test_at_slacks_own_pace(redis_url: str, database: Database) -> None:
    async with slack_desk(redis_url, database, RecordingSlack()) as bench:
        handoff, root = await bench.waits()
        await bench.press(root, "Take", KARI)
        await bench.shows(handoff.id, "Kari has taken it.")
        await drained(bench.redis)
        assert bench.slack.too_early == []
        assert await bench.dead() == []


async def test_who_somebody_is_is_remembered_for_a_while(
    database: Database, slack: RecordingSlack
) -> None:
    now = 0.0
    slack.users[KARI] = User("Kari Nordmann")
    async with serve(slack):
        client = Client(TOKEN, slack.api_url)
        colleagues = Colleagues(client, SqlDeskDirectory(database), clock=lambda: now)
        assert (await colleagues.find(KARI)).agent.name == "Kari Nordmann"
        slack.users[KARI] = User("Kari Ås")
        now = 599.0
        assert (await colleagues.find(KARI)).agent.name == "Kari Nordmann"
        now = 601.0
        assert (await colleagues.find(KARI)).agent.name == "Kari Ås"
        # Where Slack is away what was known will do, for a day.
        slack.errors["users.info"] = "internal_error"
        now = 5_000.0
        assert (await colleagues.find(KARI)).agent.name == "Kari Ås"
        assert await colleagues.locale("U0NEW") is None
        now = 100_000.0
        with pytest.raises(StorageUnavailable, match="internal_error"):
            await colleagues.find(KARI)
        await client.close()
