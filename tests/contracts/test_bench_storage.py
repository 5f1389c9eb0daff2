"""The trial's audit over a real store: what it calls sound, and what it finds."""

from __future__ import annotations

import dataclasses
from typing import Any

from bench.answers import Step, Verdict
from bench.audit import Asked
from bench.customers import Held
from bench.load import Conversation
from bench.storage import Storage
from bot.model.content import Button, Buttons, Content, Text
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnCommit, TurnResult
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.journal import RedisJournal
from tests.pipeline import LAYOUT, LEASE_SECONDS, inbound, turn_queue

SENDER = "s1"
CONVERSATION = f"rest:{SENDER}"
SCRIPT = Conversation("short", "en", (Step("hi", ("utter_greet",)), Step("bye", ("utter_bye",))))
ANSWERS = ("Hello", "Goodbye")


async def say(inbox: RedisInbox, text: str, key: str) -> None:
    await inbox.accept(
        inbound(text, CONVERSATION, channel="rest", sender=SENDER, event_id=f"{SENDER}-{key}")
    )


async def take_turns(redis: Redis, *texts: str, failure: str | None = None) -> None:
    """Be a worker: answer what waits."""
    queue = turn_queue(redis)
    leases = list(await queue.balance("w1", []))
    for lease in leases:
        await queue.unfinished(lease)
    for entry, text in zip(await queue.next_entries(leases, 10, 1.0), texts, strict=True):
        message = Inbound.from_json(entry.raw)
        past = await queue.window(CONVERSATION)
        events: list[dict[str, Any]] = [{"event": "user", "text": message.text}]
        events.append({"event": "bot", "text": text})
        window = TrackerWindow(past.base, past.start, (*past.tail, *events))
        answers: list[Content] = [Text(text), Buttons("More?", (Button("Yes", "/affirm"),))]
        result = TurnResult(events, answers, window)
        await queue.commit(TurnCommit(entry, message, result, past.length, failure=failure))
    await queue.stop("w1", leases)
    await _keep_journal(redis)


async def _keep_journal(redis: Redis) -> None:
    """Be a keeper: record what the turns left."""
    journal = RedisJournal(redis, LAYOUT, LEASE_SECONDS)
    leases = list(await journal.balance("k1", []))
    for lease in leases:
        await journal.unfinished(lease)
    for entry in await journal.next_entries(leases, 10, 1.0):
        await journal.recorded(entry)
    await journal.stop("k1", leases)


def shown(text: str) -> list[dict[str, Any]]:
    more = {"text": "More?", "buttons": [{"title": "Yes", "payload": "/affirm"}]}
    return [{"recipient_id": SENDER, "text": text}, {"recipient_id": SENDER, **more}]


def held() -> Held:
    asked = [
        Asked(step.say, f"{SENDER}-{number}", Verdict.RIGHT, shown(ANSWERS[number]), tries=1)
        for number, step in enumerate(SCRIPT.steps)
    ]
    return Held(SENDER, SCRIPT, asked)


async def test_a_conversation_that_was_held_is_sound(redis: Redis, inbox: RedisInbox) -> None:
    for number, step in enumerate(SCRIPT.steps):
        await say(inbox, step.say, str(number))
        await say(inbox, step.say, str(number))
        await take_turns(redis, ANSWERS[number])
    storage = Storage(redis, LAYOUT)
    assert await storage.audit(held()) == []
    assert await storage.left_over() == {"unfinished entries": 0, "dead letters": 0}


async def test_a_message_sent_again_under_another_key_is_found(
    redis: Redis, inbox: RedisInbox
) -> None:
    for key, step, answer in (
        ("0", SCRIPT.steps[0], ANSWERS[0]),
        ("0-again", SCRIPT.steps[0], ANSWERS[0]),
        ("1", SCRIPT.steps[1], ANSWERS[1]),
    ):
        await say(inbox, step.say, key)
        await take_turns(redis, answer)
    kinds = {fault.kind for fault in await Storage(redis, LAYOUT).audit(held())}
    assert {"duplicate", "tracker"} <= kinds


async def test_a_message_without_its_turn_is_found(redis: Redis, inbox: RedisInbox) -> None:
    await say(inbox, SCRIPT.steps[0].say, "0")
    await take_turns(redis, ANSWERS[0])
    await say(inbox, SCRIPT.steps[1].say, "1")
    storage = Storage(redis, LAYOUT)
    assert {fault.kind for fault in await storage.audit(held())} >= {"lost", "tracker"}
    assert await storage.left_over() == {"unfinished entries": 1, "dead letters": 0}


async def test_an_entry_that_was_begun_and_not_finished_is_left_over(
    redis: Redis, inbox: RedisInbox
) -> None:
    await say(inbox, "hi", "0")
    queue = turn_queue(redis)
    leases = list(await queue.balance("w1", []))
    for lease in leases:
        await queue.unfinished(lease)
    assert len(await queue.next_entries(leases, 10, 1.0)) == 1
    assert (await Storage(redis, LAYOUT).left_over())["unfinished entries"] == 1


async def test_a_dead_letter_is_left_over(redis: Redis, inbox: RedisInbox) -> None:
    await say(inbox, "hi", "0")
    await take_turns(redis, "Sorry", failure="the engine failed")
    assert await Storage(redis, LAYOUT).left_over() == {
        "unfinished entries": 0,
        "dead letters": 1,
    }


async def test_another_answer_than_the_client_got_is_found(redis: Redis, inbox: RedisInbox) -> None:
    for number, step in enumerate(SCRIPT.steps):
        await say(inbox, step.say, str(number))
        await take_turns(redis, ANSWERS[number])
    was = held()
    was.asked[1] = dataclasses.replace(was.asked[1], messages=shown("See you"))
    faults = await Storage(redis, LAYOUT).audit(was)
    assert [fault.kind for fault in faults] == ["answer"]
