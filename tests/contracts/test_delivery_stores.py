"""What the sender and the channels remember: contacts, offers and the journal of deliveries."""

from __future__ import annotations

import time

import pytest

from bot.model.content import Button, Text
from bot.model.messages import Outbound
from bot.model.people import Contact
from bot.model.turns import Entry, Lease
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.deliveries import RedisDeliveries
from bot.pipeline.redis_streams.inbox import RedisInbox
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.pipeline.redis_streams.offers import RedisOffers
from bot.ports import DELIVERY_SECONDS, DeliveryCounts, Progress, delivery_key
from tests.pipeline import LAYOUT, inbound


@pytest.fixture
def contacts(redis: Redis) -> RedisContacts:
    return RedisContacts(redis, LAYOUT)


@pytest.fixture
def offers(redis: Redis) -> RedisOffers:
    return RedisOffers(redis, LAYOUT)


@pytest.fixture
def deliveries(redis: Redis) -> RedisDeliveries:
    return RedisDeliveries(redis, LAYOUT, keep_seconds=3600.0)


def outbound(turn_id: str = "1-1763983022000-0", position: int = 0) -> Outbound:
    return Outbound("telegram", "4711", "web:c1", turn_id, position, Text("hei"), 0.0)


async def leased(redis: Redis, message: Outbound, entry_id: str | None = None) -> Entry:
    """An entry of a lease that is held."""
    partition = LAYOUT.partition_of_outbound(message)
    await redis.set(LAYOUT.lease(partition, "outbox"), "s1 7")
    entry_id = entry_id or f"{int(time.time() * 1000)}-0"
    return Entry(Lease(partition, "s1", 7), entry_id, message.to_json().encode())


# Contacts


async def test_where_somebody_was_heard_last(inbox: RedisInbox, contacts: RedisContacts) -> None:
    assert await contacts.last("web:c1") is None
    await inbox.accept(inbound("a", channel="web", sender="c1", received_at=10.25))
    await inbox.accept(inbound("b", channel="telegram", sender="4711/3", received_at=11.0))
    await inbox.accept(inbound("c", "web:other", channel="slack", sender="D1", received_at=12.0))
    telegram = Contact("telegram", "4711/3", 11.0)
    assert await contacts.last("web:c1") == telegram
    assert await contacts.on("web:c1", "telegram") == telegram
    assert await contacts.on("web:c1", "web") == Contact("web", "c1", 10.25)
    assert await contacts.on("web:c1", "slack") is None


async def test_what_comes_late_or_again_changes_nothing(
    inbox: RedisInbox, contacts: RedisContacts
) -> None:
    first = inbound("a", channel="web", sender="c1", received_at=10.0)
    await inbox.accept(first)
    await inbox.accept(inbound("b", channel="telegram", sender="4711", received_at=20.0))
    await inbox.accept(inbound("late", channel="telegram", sender="4712", received_at=15.0))
    await inbox.accept(inbound("late too", channel="web", sender="c1", received_at=12.0))
    assert (await inbox.accept(first)).duplicate
    assert await contacts.last("web:c1") == Contact("telegram", "4711", 20.0)
    assert await contacts.on("web:c1", "web") == Contact("web", "c1", 12.0)


async def test_receipts_only_go_forward(inbox: RedisInbox, contacts: RedisContacts) -> None:
    await contacts.record_receipt("web:c1", "messenger", "read", 5.0)
    assert await contacts.on("web:c1", "messenger") is None
    await inbox.accept(inbound("a", channel="messenger", sender="psid", received_at=1.0))
    await contacts.record_receipt("web:c1", "messenger", "delivered", 9.5)
    await contacts.record_receipt("web:c1", "messenger", "delivered", 3.0)
    await contacts.record_receipt("web:c1", "messenger", "read", 4.0)
    expected = Contact("messenger", "psid", 1.0, delivered_until=9.5, read_until=4.0)
    assert await contacts.last("web:c1") == expected


# Offers


async def test_an_offer_comes_back_to_its_recipient_alone(
    redis: Redis, offers: RedisOffers
) -> None:
    choices = [
        Button("Ja", '/affirm{"order": "10042"}'),
        Button("Nettsiden", url="https://shop.example/å"),
    ]
    message = outbound("3-1763983022000-12", 4)
    references = await offers.keep(message, choices)
    assert list(references) == ["3-1763983022000-12/4/0", "3-1763983022000-12/4/1"]
    assert await offers.keep(message, choices) == references
    for reference, choice in zip(references, choices, strict=True):
        assert reference.isascii()
        assert len(reference) <= 48
        assert await offers.find(reference, "4711") == choice
        assert await offers.find(reference, "4712") is None
    (key,) = [key async for key in redis.scan_iter("fk:*offer*")]
    assert 29 * 86_400 < await redis.ttl(key) <= 30 * 86_400


async def test_the_longest_reference_still_fits(offers: RedisOffers) -> None:
    choices = [Button(str(number), "/x") for number in range(1_000)]
    references = await offers.keep(outbound("3-9999999999999-9999999999", 99_999_999), choices)
    assert max(map(len, references)) <= 48
    assert await offers.find(references[999], "4711") == choices[999]


@pytest.mark.parametrize(
    "reference",
    ["", "x", "1-1-0/0", "1-1-0/0/0", "9999-1-0/0/0", "1-1-0/0/recipient", "1-1-0/0/٣", "/" * 50],
)
async def test_what_was_never_offered(offers: RedisOffers, reference: str) -> None:
    assert await offers.find(reference, "4711") is None


async def test_choices_of_what_is_no_turn_are_not_kept(offers: RedisOffers) -> None:
    assert await offers.keep(outbound("x"), []) == []
    with pytest.raises(ValueError, match="not a turn's id"):
        await offers.keep(outbound("x"), [Button("Ja", "/affirm")])


# Deliveries


async def test_the_journal_of_a_message(redis: Redis, deliveries: RedisDeliveries) -> None:
    message = outbound()
    entry = await leased(redis, message)
    assert await deliveries.progress(message, entry) == Progress({}, None, 0.0)
    assert await deliveries.begin(message, 0, entry)
    assert (await deliveries.progress(message, entry)).begun == 0
    await deliveries.finish(message, 0, "m-1")
    assert await deliveries.begin(message, 1, entry)
    await deliveries.refused(message, 1)
    assert (await deliveries.progress(message, entry)).begun is None
    assert await deliveries.begin(message, 1, entry)
    await deliveries.finish(message, 1, None)
    found = await deliveries.progress(message, entry)
    assert (found.sent, found.begun) == ({0: "m-1", 1: None}, None)
    assert not await deliveries.begin(message, 1, entry), "it has been taken"
    (key,) = [key async for key in redis.scan_iter("fk:*delivery*")]
    assert 3_500 < await redis.ttl(key) <= 3_600


async def test_the_time_of_an_entry_and_of_one_handed_in_again(
    redis: Redis, deliveries: RedisDeliveries
) -> None:
    message = outbound()
    entry = await leased(redis, message, "1-0")
    await deliveries.progress(message, entry)
    key = LAYOUT.delivery(1, message.id)
    await redis.hset(key, "since", int((time.time() - 50) * 1000))
    assert 49 < (await deliveries.progress(message, entry)).seconds < 52
    again = await leased(redis, message, "2-0")
    assert (await deliveries.progress(message, again)).seconds < 2


async def test_a_confirmation_from_outside(redis: Redis, deliveries: RedisDeliveries) -> None:
    message = outbound()
    entry = await leased(redis, message)
    await deliveries.confirm(delivery_key(message, 0), "early")
    assert [key async for key in redis.scan_iter("fk:*delivery*")] == []
    await deliveries.progress(message, entry)
    await deliveries.confirm(delivery_key(message, 0), "not begun")
    await deliveries.begin(message, 0, entry)
    await deliveries.confirm(delivery_key(message, 0), "m-1")
    await deliveries.confirm(delivery_key(message, 0), "m-2")
    found = await deliveries.progress(message, entry)
    assert (found.sent, found.begun) == ({0: "m-1"}, None)


@pytest.mark.parametrize(
    "key", ["", "#", "x#0", "1-1-0/0", "1-1-0/0#x", "77-1-0/0#0", "1-1-0/0#0\n", "1-1-0/-1#0"]
)
async def test_a_confirmation_of_nothing_is_left_at_that(
    redis: Redis, deliveries: RedisDeliveries, key: str
) -> None:
    await deliveries.confirm(key, "m-1")
    assert [name async for name in redis.scan_iter("fk:*")] == []


async def test_what_is_counted(redis: Redis, deliveries: RedisDeliveries) -> None:
    for partition in (1, 2):
        message = outbound(f"{partition}-1763983022000-0")
        entry = await leased(redis, message)
        await deliveries.progress(message, entry)
        await deliveries.begin(message, 0, entry)
        await deliveries.begin(message, 0, entry)
        await deliveries.refused(message, 0)
        await deliveries.begin(message, 0, entry)
        await deliveries.finish(message, 0, None)
        for _ in range(2):
            await deliveries.close(message, entry, "delivered")
    late = outbound("3-1763983022000-0")
    await deliveries.close(late, await leased(redis, late, "1763983022000-0"), "delivered")
    state = await RedisPipelineMonitor(redis, LAYOUT, 1.0).state()
    telegram = state.deliveries["telegram"]
    assert telegram == DeliveryCounts({"delivered": 3}, 4, 2, telegram.within, telegram.seconds)
    assert len(telegram.within) == len(DELIVERY_SECONDS) + 1
    assert (sum(telegram.within), telegram.within[-1]) == (3, 1)
    assert telegram.seconds > 86_400


async def test_a_try_whose_beginning_is_written_twice_is_one_try(
    redis: Redis, deliveries: RedisDeliveries
) -> None:
    message = outbound()
    entry = await leased(redis, message)
    # The answer to the first was lost, as when Redis is restarted.
    for attempt in ("a", "a", "b"):
        assert await deliveries.begin(message, 0, entry, attempt)
    await deliveries.close(message, entry, "delivered")
    found = (await RedisPipelineMonitor(redis, LAYOUT, 1.0).state()).deliveries[message.channel]
    assert (found.retries, found.possibly_twice) == (1, 1)


async def test_what_is_known_of_a_dead_letter_is_kept_with_it(
    redis: Redis, deliveries: RedisDeliveries
) -> None:
    message = outbound()
    entry = await leased(redis, message, "1-0")
    await deliveries.progress(message, entry)
    await deliveries.begin(message, 0, entry)
    await deliveries.finish(message, 0, "m-1")
    key = LAYOUT.delivery(1, message.id)
    for _ in range(2):
        # The second time by another sender: the first was killed before the entry was buried.
        await deliveries.progress(message, entry)
        await deliveries.close(message, entry, "refused")
        assert await redis.ttl(key) == -1
    again = await leased(redis, message, "2-0")
    assert (await deliveries.progress(message, again)).sent == {0: "m-1"}
    assert await redis.ttl(key) > 0
