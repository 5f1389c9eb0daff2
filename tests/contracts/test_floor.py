"""What the desk may do in a conversation: one has the floor, and what it says is said once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from bot.errors import HandoffRefused
from bot.model.content import Button, Text, Typing
from bot.model.handoff import HandBack
from bot.model.journal import DeskSpoke, entry_from_json
from bot.model.messages import Author, Inbound, Outbound
from bot.model.turns import is_turn_id
from bot.pipeline.redis_streams.client import Redis, connect
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.floor import RedisFloor
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.layout import Role
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.ports import DeskUtterance, Notice
from tests.pipeline import LAYOUT, inbound
from tests.valkey import ValkeyServer

CHAT = "telegram:4711"


def floor_over(redis: Redis, dedupe_seconds: int = 3600) -> RedisFloor:
    """The desk's side; Telegram is a channel that must be called."""
    return RedisFloor(
        redis,
        LAYOUT,
        contacts=RedisContacts(redis, LAYOUT),
        push_channels={"telegram"},
        dedupe_seconds=dedupe_seconds,
    )


@pytest.fixture
def floor(redis: Redis) -> RedisFloor:
    """The desk's side."""
    return floor_over(redis)


def words(text: str = "Hei, dette er Kari", utterance_id: str = "u1") -> DeskUtterance:
    """What a person says."""
    return DeskUtterance(utterance_id, CHAT, Text(text), Author.STAFF, "Kari", "nb")


def from_telegram(text: str = "hei", **fields: object) -> Inbound:
    """A customer's message in the conversation of these tests."""
    return inbound(text, CHAT, channel="telegram", sender="4711", **fields)


async def queued(redis: Redis, role: Role, conversation: str = CHAT) -> list[bytes]:
    """What waits in the conversation's partition."""
    key = LAYOUT.queue(LAYOUT.partition_of(conversation), role)
    return [fields[b"m"] for _, fields in await redis.xrange(key)]


@contextlib.asynccontextmanager
async def heard(redis: Redis) -> AsyncIterator[AsyncIterator[Notice | None]]:
    """Notices from now on."""
    notices = RedisTranscripts(redis, LAYOUT).notices()
    assert await anext(notices) is None
    yield notices
    await notices.aclose()  # type: ignore[attr-defined]


async def test_the_floor_is_the_bots_until_one_takes_it(floor: RedisFloor) -> None:
    assert await floor.holder(CHAT) is None
    assert await floor.take(CHAT, "h1")
    assert await floor.take(CHAT, "h1")
    assert not await floor.take(CHAT, "h2")
    assert await floor.holder(CHAT) == "h1"
    assert await floor.holder("web:other") is None


async def test_of_many_who_take_it_at_once_one_gets_it(floor: RedisFloor) -> None:
    got = await asyncio.gather(*(floor.take(CHAT, f"h{number}") for number in range(20)))
    assert sum(got) == 1
    assert await floor.holder(CHAT) == f"h{got.index(True)}"


async def test_what_the_desk_says_goes_where_the_customer_was_heard_last(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(inbound("hei", CHAT, channel="web", sender="s1", received_at=1_000.0))
    await inbox.accept(from_telegram(received_at=2_000.5))
    await floor.take(CHAT, "h1")
    cursor = await floor.say(words(), "h1")

    line = (await RedisTranscripts(redis, LAYOUT).read(CHAT))[-1]
    assert (line.cursor, line.author, line.name) == (cursor, Author.STAFF, "Kari")
    assert (line.content, line.channel) == (Text("Hei, dette er Kari"), "telegram")
    (raw,) = await queued(redis, "outbox")
    assert Outbound.from_json(raw) == Outbound(
        "telegram",
        "4711",
        CHAT,
        line.turn_id,
        0,
        Text("Hei, dette er Kari"),
        asked_at=2_000.5,
        language="nb",
        author=Author.STAFF,
        name="Kari",
    )
    assert Outbound.from_json(raw).id == line.id
    (noted,) = await queued(redis, "journal")
    assert entry_from_json(noted) == DeskSpoke(CHAT)


async def test_what_is_kept_of_a_desks_message_is_in_its_conversations_partition(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    for number in range(12):
        conversation = f"telegram:{number}"
        await inbox.accept(inbound("hei", conversation, channel="telegram", sender=str(number)))
        await floor.take(conversation, "h1")
        said = DeskUtterance("u", conversation, Text("hei"), Author.BOT)
        await floor.say(said, "h1")
        message = Outbound.from_json((await queued(redis, "outbox", conversation))[-1])
        assert is_turn_id(message.turn_id)
        assert LAYOUT.partition_of_outbound(message) == LAYOUT.partition_of(conversation)
    # A button of the desk's has a reference like any other, short enough for Telegram.
    offers, choice = RedisOffers(redis, LAYOUT), Button("Tilbake", "/back_to_bot")
    (reference,) = await offers.keep(message, [choice])
    assert len(reference) <= 48
    assert await offers.find(reference, "11") == choice


async def test_no_two_messages_of_the_desk_and_no_turn_have_one_name(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    accepted = [await inbox.accept(from_telegram()) for _ in range(5)]
    await floor.take(CHAT, "h1")
    for number in range(5):
        await floor.say(words(utterance_id=f"u{number}"), "h1")
    lines = await RedisTranscripts(redis, LAYOUT).read(CHAT)
    assert len({line.turn_id for line in lines}) == 10
    assert {one.turn_id for one in accepted} < {line.turn_id for line in lines}


async def test_where_nothing_has_to_be_called_nothing_is_pushed(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(inbound("hei", CHAT, channel="web", sender="s1"))
    await floor.take(CHAT, "h1")
    await floor.say(words(), "h1")
    assert await queued(redis, "outbox") == []
    assert len(await RedisTranscripts(redis, LAYOUT).read(CHAT)) == 2


async def test_the_same_words_with_the_same_id_are_said_once(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(from_telegram())
    await floor.take(CHAT, "h1")
    cursors = await asyncio.gather(*(floor.say(words(), "h1") for _ in range(10)))
    assert len(set(cursors)) == 1
    assert len(await queued(redis, "outbox")) == len(await queued(redis, "journal")) == 1
    # Even once the floor is somebody else's: they were said.
    await redis.delete(LAYOUT.floor(CHAT))
    assert await floor.say(words(), "h1") == cursors[0]
    assert await floor.holder(CHAT) is None


async def test_who_has_not_the_floor_is_told_and_says_nothing(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(from_telegram())
    for _ in range(2):
        with pytest.raises(HandoffRefused) as refused:
            await floor.say(words(), "h1")
        assert refused.value.reason == "no_floor"
        await floor.take(CHAT, "h2")
    assert len(await RedisTranscripts(redis, LAYOUT).read(CHAT)) == 1
    assert await queued(redis, "outbox") == await queued(redis, "journal") == []
    # Nothing is remembered of it either: with the floor it can be said.
    await redis.set(LAYOUT.floor(CHAT), "h1")
    assert await floor.say(words(), "h1")


async def test_where_nobody_has_written_there_is_nobody_to_reach(floor: RedisFloor) -> None:
    await floor.take(CHAT, "h1")
    for reaching in (floor.say(words(), "h1"), floor.hand_back(CHAT, HandBack("h1"))):
        with pytest.raises(HandoffRefused) as refused:
            await reaching
        assert refused.value.reason == "no_contact"


@pytest.mark.parametrize("bad", ["", "two words", "x" * 201, "line\nbreak"])
async def test_an_id_that_can_not_be_one_is_refused(floor: RedisFloor, bad: str) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        await floor.say(words(utterance_id=bad), "h1")


async def test_the_floor_is_handed_back_by_one_entry_of_the_inbox(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(from_telegram(received_at=2_000.5))
    await floor.take(CHAT, "h1")
    hand_back = HandBack("h1", {"order_number": "10042"}, quiet=True)
    await asyncio.gather(*(floor.hand_back(CHAT, hand_back) for _ in range(5)))
    _, raw = await queued(redis, "inbox")
    message = Inbound.from_json(raw)
    assert message.hand_back == hand_back
    assert (message.channel, message.sender, message.received_at) == ("telegram", "4711", 2_000.5)
    assert len(await RedisTranscripts(redis, LAYOUT).read(CHAT)) == 1
    # It has the floor until its turn has come.
    assert await floor.holder(CHAT) == "h1"


async def test_a_message_for_another_desk_is_posted_once(redis: Redis, floor: RedisFloor) -> None:
    post = Outbound("slack_desk", "h1", CHAT, "h1-v3", 0, Text("Kari has it"), asked_at=1.0)
    for _ in range(3):
        await floor.post(post)
    assert [Outbound.from_json(raw) for raw in await queued(redis, "outbox")] == [post]


async def test_typing_is_shown_by_who_has_the_floor(
    redis: Redis, inbox: RedisInbox, floor: RedisFloor
) -> None:
    await inbox.accept(from_telegram(received_at=1.0))
    await floor.take(CHAT, "h1")
    async with heard(redis) as notices:
        await floor.show_typing(CHAT, "h2")
        await floor.show_typing(CHAT, "h1")
        await floor.announce(CHAT, "h1")
        await RedisTranscripts(redis, LAYOUT).announce_writing(CHAT)
        await floor.say(words(), "h1")
        said = [await anext(notices) for _ in range(4)]
    assert said[:3] == [
        Notice("typing", CHAT, "h1"),
        Notice("desk", CHAT, "h1"),
        Notice("writing", CHAT, ""),
    ]
    assert said[3] is not None
    assert said[3].kind == "said"
    sign, message = [Outbound.from_json(raw) for raw in await queued(redis, "outbox")]
    assert sign.content == Typing()
    assert sign.asked_at > message.asked_at
    assert sign.id != message.id


async def test_a_line_of_before_there_were_names_is_read(redis: Redis) -> None:
    line = {
        "id": "1-1-1/0",
        "author": "bot",
        "channel": "web",
        "content": {"kind": "text", "text": "Hei"},
    }
    await redis.xadd(LAYOUT.chat(CHAT), {"u": json.dumps(line), "t": "1-1-1"})
    (read,) = await RedisTranscripts(redis, LAYOUT).read(CHAT)
    assert (read.author, read.content, read.name) == (Author.BOT, Text("Hei"), None)


async def test_what_was_said_survives_a_crash_and_is_not_said_again(
    own_valkey: ValkeyServer,
) -> None:
    redis = connect(own_valkey.url, retry_once=True)
    floor = floor_over(redis)
    await RedisInbox(redis, LAYOUT, dedupe_seconds=3600).accept(from_telegram())
    await floor.take(CHAT, "h1")
    cursor = await floor.say(words(), "h1")
    own_valkey.kill()
    own_valkey.start()
    assert await floor.holder(CHAT) == "h1"
    assert await floor.say(words(), "h1") == cursor
    assert len(await queued(redis, "outbox")) == 1
    await redis.close(close_connection_pool=True)
