"""The staff's Slack channel where things are not as they should be, and what must never happen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.handoff.store import utc_now
from bot.handoff.taker import DeskTaker
from bot.model.content import Text
from bot.model.handoff import Agent, Handoff, State
from bot.model.journal import TurnRecord
from bot.model.messages import Author
from bot.record.database import Database
from bot.record.tables import handoff_notes, people, staff
from tests.postbox import drained
from tests.recording.slack import SCOPES, RecordingSlack
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
from tests.slack_events import callback, command, mention, message, press, timestamp
from tests.slack_gateway import slack_gateway


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


async def customer_reads(bench: SlackDeskBench) -> str:
    return str([line.content for line in await bench.said() if line.author is not Author.CUSTOMER])


async def taken(bench: SlackDeskBench, user: str = KARI) -> tuple[Handoff, dict[str, Any]]:
    handoff, root = await bench.waits()
    await bench.press(root, "Take", user)
    handoff = await bench.desk.find(handoff.id)
    assert handoff.state is State.WITH_PERSON
    return handoff, await bench.state_is(handoff.id, "💬 With")


async def notes(database: Database) -> list[tuple[str, str]]:
    query = select(handoff_notes.c.author_name, handoff_notes.c.text)
    rows = await database.read(lambda c: c.execute(query).all())
    return [(row.author_name, row.text) for row in rows]


# ------------------------------------------------------------------- what must not reach anybody


async def test_who_has_not_taken_it_says_nothing_to_the_customer(bench: SlackDeskBench) -> None:
    handoff, root = await bench.waits()
    await bench.event(in_thread(root, "Anybody know her?"))
    await bench.is_told("nobody has taken this conversation. Press Take first")
    await bench.press(root, "Take", OLA)
    root = await bench.state_is(handoff.id, "💬 With Ola Nordmann")
    await bench.event(in_thread(root, "I do"))
    await bench.is_told("Not sent to the customer. Ola Nordmann has this conversation.")
    await bench.press(root, "Return to bot", KARI, "kari")
    await bench.is_answered("Nothing was changed. Ola Nordmann has this conversation.", "kari")
    assert (await bench.desk.find(handoff.id)).state is State.WITH_PERSON
    reads = await customer_reads(bench)
    assert "know her" not in reads
    assert "I do" not in reads


async def test_private_notes_stay_private(bench: SlackDeskBench, database: Database) -> None:
    _, root = await taken(bench)
    for text in ("note: rude last week", "*Notat:* vær snill", " // between us"):
        note = in_thread(root, text)
        await bench.event(note)
        await bench.event(note, retry=1)
    # Of a colleague who has not taken it, too.
    await bench.event(in_thread(root, "NOTE: I know her", OLA))
    assert await notes(database) == [
        ("Kari", "rude last week"),
        ("Kari", "vær snill"),
        ("Kari", "between us"),
        ("Ola Nordmann", "I know her"),
    ]
    await drained(bench.redis)
    reads = await customer_reads(bench)
    for words in ("rude", "vær snill", "between us", "I know her"):
        assert words not in reads
    assert bench.told() == []


async def test_notes_of_the_console_and_the_rating_show(bench: SlackDeskBench) -> None:
    handoff, _ = await taken(bench)
    by = Agent("slack:U0KARI", "Kari")
    await bench.desk.add_note(handoff.id, by, "Knows lamps")
    await bench.desk.add_note(handoff.id, by, "Knows tables")
    thread = await bench.shows(handoff.id, "Knows tables")
    assert [line for line in thread if "Note:" in line] == [
        "📌 Note: Kari: Knows lamps",
        "📌 Note: Kari: Knows tables",
    ]
    await bench.desk.close(handoff.id, by, resolved=True)
    await bench.state_is(handoff.id, "✅ Closed: resolved")
    for _ in range(2):
        await DeskTaker(bench.desk).on_turn(
            TurnRecord(
                CUSTOMER, "1-9-9", "e9", "web", "c1", time.time(), 2.0, "en", "rate", 1.0, rated=4
            )
        )
    thread = await bench.shows(handoff.id, "gave 4 of 5")
    await drained(bench.redis)
    assert len([line for line in thread if "of 5" in line]) == 1
    assert "Knows" not in await customer_reads(bench)


async def test_the_staffs_channel_is_no_customers(bench: SlackDeskBench) -> None:
    _, root = await taken(bench)
    ignored = [
        message("Lunch?", STAFF),
        message("In another thread", STAFF, thread_ts=timestamp()),
        mention("Where is my order?", STAFF),
        mention("And mine?", STAFF, thread_ts=root["ts"]),
        message("From an app", STAFF, thread_ts=root["ts"], bot_id="B0OTHER"),
        message("Joined", STAFF, thread_ts=root["ts"], subtype="channel_join"),
        callback(
            {
                "type": "reaction_added",
                "user": KARI,
                "reaction": "eyes",
                "item": {"type": "message", "channel": STAFF, "ts": root["ts"]},
            }
        ),
    ]
    for payload in ignored:
        assert (await bench.event(payload)).status_code == 200
    answer = await bench.command(command("Where is my order?", STAFF))
    assert answer.status_code == 200
    assert "This is the staff's channel" in answer.json()["text"]
    assert "kanalen til de ansatte" in answer.json()["text"]
    await drained(bench.redis)
    assert await bench.inbound() == []
    assert "Lunch" not in await customer_reads(bench)
    assert "mine" not in await customer_reads(bench)


async def test_a_button_of_a_handoff_is_no_customers_choice(
    bench: SlackDeskBench, redis_url: str, tmp_path: Path
) -> None:
    """Neither when the staff's channel is another one by now, nor when there is none."""
    _, root = await bench.waits()
    (tmp_path / "other").mkdir()
    async with slack_gateway(redis_url, tmp_path / "other") as without:
        without.slack.messages[STAFF].append(root)
        pressing = {**root, "blocks": root["blocks"]}
        await without.press(press(pressing, "Take", channel=STAFF, user=KARI))
    assert await bench.inbound() == []


# -------------------------------------------------------------------------------- what is told


async def test_edits_deletions_and_files_do_not_reach_the_customer(bench: SlackDeskBench) -> None:
    handoff, root = await taken(bench)
    words = in_thread(root, "Monday")
    await bench.event(words)
    before = words["event"]
    shared = {"channel": STAFF, "ts": timestamp(), "hidden": True}
    after = {**before, "text": "Tuesday", "edited": {"user": KARI, "ts": timestamp()}}
    change = {"subtype": "message_changed", "message": after, "previous_message": before}
    await bench.event(callback({"type": "message", **shared, **change}))
    await bench.is_told("edits do not reach them")
    gone = {"subtype": "message_deleted", "previous_message": before, "deleted_ts": before["ts"]}
    await bench.event(callback({"type": "message", **shared, **gone}))
    await bench.is_told("still sees what you have deleted")
    files = [{"id": "F1", "name": "price.pdf", "url_private": "https://files.slack.com/x"}]
    await bench.event(in_thread(root, "The price", subtype="file_share", files=files))
    await bench.is_told("The file was not sent to the customer")
    reads = await customer_reads(bench)
    assert "Monday" in reads
    assert "The price" in reads
    assert "Tuesday" not in reads
    assert "files.slack.com" not in reads
    assert len(bench.told()) == 3
    assert all(item["thread_ts"] == root["ts"] for item in bench.slack.private)
    assert bench.told(OLA) == []
    assert (await bench.desk.find(handoff.id)).version == 2


async def test_in_their_own_language(bench: SlackDeskBench) -> None:
    bench.slack.locales[KARI] = "nb-NO"
    handoff, root = await bench.waits()
    await bench.event(in_thread(root, "Hallo?"))
    await bench.is_told("ingen har tatt denne samtalen")
    await bench.press(root, "Take", OLA)
    await bench.press(root, "Take", KARI, "kari")
    await bench.is_answered("Ola Nordmann var raskere.", "kari")
    root = await bench.state_is(handoff.id, "💬 With Ola")
    long = "Ord " * 3_000
    await bench.event(in_thread(root, long, OLA))
    await bench.is_told("It is too long", OLA)


# ---------------------------------------------------------------------------------- who is who


async def test_an_account_with_the_same_address_is_the_same_person(
    bench: SlackDeskBench, database: Database
) -> None:
    await add_account(database, "a1", "ola@nordlys.example", "Ola from the console")
    handoff, root = await taken(bench, OLA)
    assert handoff.owner == Agent("a1", "Ola from the console", "slack")
    await bench.shows(handoff.id, "Ola from the console has taken it.")
    # By their address they are found again in Slack, so that they hear of the thread.
    assert '"user_id": "U0OLA"' in str(bench.slack.posted(STAFF)).replace("'", '"')
    by = Agent("a1", "Ola from the console")
    await bench.desk.say(handoff.id, by, Text("From the console"), "m1")
    await bench.event(in_thread(root, "From Slack", OLA))
    reads = await customer_reads(bench)
    assert "From the console" in reads
    assert "From Slack" in reads


async def test_without_the_right_to_read_names(bench: SlackDeskBench, database: Database) -> None:
    bench.slack.scopes = SCOPES - {"users:read", "users:read.email"}
    handoff, root = await taken(bench)
    assert handoff.owner == Agent("slack:U0KARI", "u0kari", "slack")
    await bench.event(in_thread(root, "Hello"))
    assert "Hello" in await customer_reads(bench)


async def test_the_customers_name_and_team_show(bench: SlackDeskBench, database: Database) -> None:
    row = {
        "id": CUSTOMER,
        "conversation_id": CUSTOMER,
        "name": "Anna *Ås* <!here>",
        "created_at": utc_now(),
        "seen_at": utc_now(),
    }
    await database.write(lambda c: c.execute(insert(people), row))
    _, root = await bench.waits()
    assert "Anna *Ås* &lt;!here&gt; · Web" in root["text"]


async def add_account(database: Database, name: str, login: str, shown: str) -> None:
    row = {
        "id": name,
        "login": login,
        "name": shown,
        "roles": "agent",
        "language": "en",
        "capacity": 5,
        "presence": "available",
        "sound": True,
        "created_at": utc_now(),
    }
    await database.write(lambda c: c.execute(insert(staff), row))
