"""How messages come in: over a real Valkey and a real record, with retries at the worst moments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bot.errors import StorageUnavailable
from bot.identity.code_records import MOST_WRONG
from bot.identity.store import SqlIdentities
from bot.model.content import Attachment, Shared, Text
from bot.model.messages import Inbound, Utterance
from bot.model.people import ChannelIdentity
from bot.observability.metrics import MessageMetrics, exposition
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.ports import Accepted, Inbox
from bot.record.database import Database, open_engine
from channels.reception import Arrival, Reception
from tests.pipeline import LAYOUT
from tests.records import new_record

WEB = ChannelIdentity("web", "0a" * 16)
TELEGRAM = ChannelIdentity("telegram", "42")


class CutOff(Inbox):
    """An inbox that goes away before it has taken anything in, as often as told."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.times = 0

    async def accept(self, message: Inbound) -> Accepted:
        if self.times:
            self.times -= 1
            raise StorageUnavailable("cut off")
        return await self._inbox.accept(message)

    async def find(self, message: Inbound) -> Accepted | None:
        return await self._inbox.find(message)


@dataclasses.dataclass
class Edge:
    """What a platform's adapter works with, and what to look at afterwards."""

    reception: Reception
    identities: SqlIdentities
    inbox: CutOff
    transcripts: RedisTranscripts
    registry: CollectorRegistry

    async def lines(self, identity: ChannelIdentity) -> list[Utterance]:
        participant = await self.identities.resolve(identity)
        return [*await self.transcripts.read(participant.conversation_id)]

    async def texts(self, conversation_id: str) -> list[str]:
        lines = await self.transcripts.read(conversation_id)
        return [line.content.text for line in lines if isinstance(line.content, (Text, Shared))]


@pytest.fixture
async def edge(redis: Redis, inbox: RedisInbox, tmp_path: Path) -> AsyncIterator[Edge]:
    database = Database(open_engine(new_record(tmp_path / "record.sqlite3")))
    registry = CollectorRegistry()
    identities = SqlIdentities(database)
    cut_off = CutOff(inbox)
    reception = Reception(cut_off, identities, MessageMetrics(registry))
    yield Edge(reception, identities, cut_off, RedisTranscripts(redis, LAYOUT), registry)
    database.close()


def arrival(event_id: str, text: str = "Hei", locale: str | None = "nb") -> Arrival:
    metadata = {"locale": locale} if locale else {}
    return Arrival(TELEGRAM, event_id, text, 1_000.0, metadata=metadata)


async def queued(redis: Redis) -> list[Inbound]:
    """All that waits for a turn, in each partition's order."""
    found = []
    for partition in range(LAYOUT.partitions):
        entries = await redis.xrange(LAYOUT.queue(partition, "inbox"))
        found += [Inbound.from_json(fields[b"m"]) for _, fields in entries]
    return found


async def test_a_message_lands_in_its_senders_own_conversation(edge: Edge, redis: Redis) -> None:
    place = Attachment("location", latitude=59.9, longitude=10.7)
    sent = dataclasses.replace(arrival("e1"), payload="/p", attachments=(place,))
    accepted = await edge.reception.take(sent)
    assert not accepted.duplicate
    (message,) = await queued(redis)
    assert message == Inbound(
        channel="telegram",
        sender="42",
        conversation_id="telegram:42",
        event_id="e1",
        text="Hei",
        received_at=1_000.0,
        payload="/p",
        metadata={"locale": "nb"},
        attachments=(place,),
    )


async def test_the_inbox_finds_what_it_has_taken_in_and_nothing_else(
    inbox: RedisInbox, edge: Edge, redis: Redis
) -> None:
    accepted = await edge.reception.take(arrival("e1"))
    (message,) = await queued(redis)
    assert await inbox.find(message) == dataclasses.replace(accepted, duplicate=True)
    assert await inbox.accept(message) == await inbox.find(message)
    for other in (
        dataclasses.replace(message, event_id="e2"),
        dataclasses.replace(message, channel="slack"),
        dataclasses.replace(message, conversation_id="telegram:43"),
    ):
        assert await inbox.find(other) is None


async def test_after_a_link_the_conversation_goes_on_there(edge: Edge, redis: Redis) -> None:
    await edge.reception.take(arrival("before"))
    code = (await edge.identities.issue_code(WEB, "telegram")).grouped
    assert not (await edge.reception.link(arrival("link", f"/start {code}"), code)).duplicate
    await edge.reception.take(arrival("after"))
    assert await edge.texts(WEB.name) == ["Fortsetter på Telegram", "Hei"]
    assert await edge.texts(TELEGRAM.name) == ["Hei"]
    (linked,) = [m for m in await queued(redis) if m.event_id == "link"]
    assert (linked.payload, linked.sender) == ("/channel_linked", "42")
    # The code is nobody's business any more.
    assert all(code not in m.to_json() for m in await queued(redis))


async def test_a_retry_from_before_the_link_is_no_second_message(edge: Edge, redis: Redis) -> None:
    first = await edge.reception.take(arrival("before"))
    code = (await edge.identities.issue_code(WEB, "telegram")).code
    await edge.reception.link(arrival("link"), code)
    again = await edge.reception.take(arrival("before"))
    assert again == dataclasses.replace(first, duplicate=True)
    await edge.reception.unlink(arrival("unlink"))
    assert await edge.reception.take(arrival("before")) == again
    assert len(await queued(redis)) == 3


async def test_a_link_that_was_cut_off_is_finished_by_the_retry(edge: Edge) -> None:
    code = (await edge.identities.issue_code(WEB, "telegram")).code
    edge.inbox.times = 1
    with pytest.raises(StorageUnavailable):
        await edge.reception.link(arrival("link"), code)
    assert await edge.texts(WEB.name) == []
    accepted = await edge.reception.link(arrival("link"), code)
    assert not accepted.duplicate
    assert (await edge.reception.link(arrival("link"), code)).duplicate
    assert await edge.texts(WEB.name) == ["Fortsetter på Telegram"]


async def test_a_late_retry_of_a_link_does_not_undo_the_unlinking(edge: Edge) -> None:
    code = (await edge.identities.issue_code(WEB, "telegram")).code
    await edge.reception.link(arrival("link"), code)
    await edge.reception.unlink(arrival("unlink"))
    assert (await edge.reception.link(arrival("link"), code)).duplicate
    assert (await edge.reception.unlink(arrival("unlink"))).duplicate
    assert await edge.identities.linked(WEB) == []
    assert await edge.texts(TELEGRAM.name) == ["Kobler fra Telegram"]


async def test_an_unlinking_that_was_cut_off_is_finished_by_the_retry(edge: Edge) -> None:
    code = (await edge.identities.issue_code(WEB, "telegram")).code
    await edge.reception.link(arrival("link"), code)
    edge.inbox.times = 1
    with pytest.raises(StorageUnavailable):
        await edge.reception.unlink(arrival("unlink"))
    assert not (await edge.reception.unlink(arrival("unlink"))).duplicate
    assert await edge.texts(TELEGRAM.name) == ["Kobler fra Telegram"]


async def test_a_wrong_code_that_the_platform_delivers_again_and_again_is_one_wrong_try(
    edge: Edge,
) -> None:
    for _ in range(MOST_WRONG + 1):
        await edge.reception.link(arrival("mistyped"), "CCCCC-CCCCC-CCCCC")
    code = (await edge.identities.issue_code(WEB, "telegram")).code
    await edge.reception.link(arrival("right"), code)
    assert await edge.identities.linked(WEB) == [TELEGRAM]


async def test_a_refused_link_is_told_where_the_customer_is(edge: Edge, redis: Redis) -> None:
    used = (await edge.identities.issue_code(WEB, "telegram")).code
    await edge.identities.redeem(used, ChannelIdentity("telegram", "43"))
    for event, code in enumerate([used, *["CCCCC-CCCCC-CCCCC"] * (MOST_WRONG + 1)]):
        await edge.reception.link(arrival(str(event), locale="en-GB"), code)
    messages = sorted(await queued(redis), key=lambda message: message.event_id)
    assert {message.conversation_id for message in messages} == {TELEGRAM.name}
    assert {message.text for message in messages} == {"Trying to continue on Telegram"}
    payloads = [str(message.payload) for message in messages]
    assert all(payload.startswith("/link_refused{") for payload in payloads)
    reasons = [
        json.loads(payload.removeprefix("/link_refused"))["link_problem"] for payload in payloads
    ]
    assert reasons == ["used", *["unknown"] * MOST_WRONG, "too_many"]
    shown = exposition(edge.registry).decode()
    assert 'messages_refused_total{channel="telegram",code="link_used"} 1.0' in shown


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("nb", "Fortsetter på Telegram"),
        ("nn-NO", "Fortsetter på Telegram"),
        ("no_NO", "Fortsetter på Telegram"),
        ("en", "Continuing on Telegram"),
        ("de-DE", "Continuing on Telegram"),
        (None, "Continuing on Telegram"),
    ],
)
async def test_the_transcripts_words_are_the_customers_language(
    edge: Edge, locale: str | None, words: str
) -> None:
    code = (await edge.identities.issue_code(WEB, "telegram")).code
    await edge.reception.link(arrival("link", locale=locale), code)
    assert await edge.texts(WEB.name) == [words]


async def test_without_the_record_nothing_is_taken_in(inbox: RedisInbox, redis: Redis) -> None:
    away = Database(open_engine("postgresql://nobody@127.0.0.1:1/none"))
    reception = Reception(inbox, SqlIdentities(away), MessageMetrics(CollectorRegistry()))
    try:
        for taking in (
            reception.take(arrival("e1")),
            reception.link(arrival("e2"), "CODE"),
            reception.unlink(arrival("e3")),
        ):
            with pytest.raises(StorageUnavailable):
                await taking
    finally:
        away.close()
    assert await queued(redis) == []
