"""A sender over real queues, Messenger's API over real HTTP, and echoes that come back to a gateway."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.model.content import Content, Image, Text
from bot.model.messages import Author, Outbound
from bot.pipeline.delivery import Waits
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.dead_letters import RedisDeadLetters
from bot.pipeline.redis_streams.monitor import RedisPipelineMonitor
from bot.ports import DeliveryCounts
from channels.messenger.delivery import MessengerDelivery
from tests.messenger_gateway import (
    KARI,
    OLA,
    SENT_AT,
    MessengerGateway,
    graph_api,
    messenger_gateway,
)
from tests.pipeline import LAYOUT, LEASE_SECONDS
from tests.postbox import QUICK, drained, sender, sending
from tests.recording.messenger import RecordingMessenger
from tests.recording.server import Fault, in_turn, serve, share_of_calls

# Long enough for an echo that comes at once.
WAITS = replace(QUICK, unsure=0.4)

_turns = itertools.count(1)


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[MessengerGateway]:
    platform = RecordingMessenger()
    async with serve(platform), messenger_gateway(platform, redis_url, tmp_path) as running:
        for psid in (KARI, OLA):
            platform.says(psid, "Hei", at=SENT_AT)
        yield running


@contextlib.asynccontextmanager
async def sending_to(
    gateway: MessengerGateway, redis_url: str, waits: Waits = WAITS, names: Sequence[str] = ("s1",)
) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for name in names:
            channel = MessengerDelivery(
                graph_api(gateway.platform), contacts=gateway.contacts, clock=gateway.clock
            )
            stack.push_async_callback(channel.close)

            def build(
                redis: Redis, channel: MessengerDelivery = channel, name: str = name
            ) -> object:
                return sender(redis, channel, name, waits)

            await stack.enter_async_context(sending(redis_url, build))  # type: ignore[arg-type]
        yield


async def post(
    redis: Redis, to: str, *contents: Content | str, author: Author = Author.BOT
) -> None:
    """Put a turn's answers into the outbox, as a commit does."""
    conversation = f"messenger:{to}"
    partition = LAYOUT.partition_of(conversation)
    turn = f"{partition}-{1_764_000_000_000 + next(_turns)}-0"
    for position, content in enumerate(contents):
        shown = Text(content) if isinstance(content, str) else content
        message = Outbound(
            "messenger", to, conversation, turn, position, shown, SENT_AT, "en", author
        )
        await redis.xadd(LAYOUT.queue(partition, "outbox"), {"m": message.to_json()})


async def counts(redis: Redis) -> DeliveryCounts:
    state = await RedisPipelineMonitor(redis, LAYOUT, LEASE_SECONDS).state()
    return state.deliveries["messenger"]


async def test_answers_go_out_in_their_order(gateway: MessengerGateway, redis_url: str) -> None:
    await post(gateway.redis, KARI, "1", "2")
    await post(gateway.redis, KARI, "3")
    await post(gateway.redis, OLA, "4")
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["1", "2", "3"]
    assert gateway.platform.texts(OLA) == ["4"]
    assert (await counts(gateway.redis)).outcomes == {"delivered": 4}


async def test_an_echo_tells_of_a_call_that_was_cut_off(
    gateway: MessengerGateway, redis_url: str
) -> None:
    gateway.platform.webhook = gateway.url
    gateway.platform.may_read = False
    gateway.platform.faults = in_turn(Fault("cut"), Fault("cut"))
    picture = Image("https://nordlys.example/lampe.png")
    await post(gateway.redis, KARI, "Her er den", picture, "Var det den?")
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["Her er den", "", "Var det den?"]
    assert (await counts(gateway.redis)).possibly_twice == 0
    # The echo was enough: the platform was asked nothing.
    assert [call.method for call in gateway.platform.received] == ["message"] * 3


async def test_without_echoes_the_thread_tells(gateway: MessengerGateway, redis_url: str) -> None:
    gateway.platform.faults = in_turn(Fault("cut"))
    await post(gateway.redis, KARI, "Her er den")
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["Her er den"]
    assert [call.method for call in gateway.platform.received] == ["message", "conversations"]
    assert (await counts(gateway.redis)).possibly_twice == 0


async def test_what_never_arrived_is_sent_again_and_known_to_be_sent_once(
    gateway: MessengerGateway, redis_url: str
) -> None:
    gateway.platform.faults = in_turn(Fault("refused"))
    await post(gateway.redis, KARI, "Her er den")
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["Her er den"]
    assert (await counts(gateway.redis)).possibly_twice == 0


async def test_where_nothing_tells_it_is_sent_again_and_counted(
    gateway: MessengerGateway, redis_url: str
) -> None:
    gateway.platform.may_read = False
    gateway.platform.faults = in_turn(Fault("cut"))
    await post(gateway.redis, KARI, "Her er den")
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["Her er den"] * 2
    assert (await counts(gateway.redis)).possibly_twice == 1


async def test_after_the_time_for_answering_only_a_person_still_answers(
    gateway: MessengerGateway, redis_url: str
) -> None:
    gateway.clock.now = SENT_AT + 30 * 3_600
    await post(gateway.redis, KARI, "Fra boten")
    await post(gateway.redis, KARI, "Fra Ola", author=Author.STAFF)
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["Fra Ola"]
    (letter,) = await RedisDeadLetters(gateway.redis, LAYOUT).list()
    assert letter.reason.startswith("WindowClosed: the customer's last word in Messenger is 30")
    assert (await counts(gateway.redis)).outcomes == {"window_closed": 1, "delivered": 1}
    # Once the customer has written again, what was kept can be handed in again.
    await gateway.events(gateway.platform.says(KARI, "Hallo?"))
    assert await RedisDeadLetters(gateway.redis, LAYOUT).replay([letter.id]) == 1
    async with sending_to(gateway, redis_url):
        await drained(gateway.redis)
    assert gateway.platform.texts(KARI) == ["Fra Ola", "Fra boten"]


async def test_two_senders_and_a_failing_platform_keep_order_and_rates(
    gateway: MessengerGateway, redis_url: str
) -> None:
    platform = gateway.platform
    platform.webhook = gateway.url
    faults = (Fault("busy", 1), Fault("error"), Fault("cut"), Fault("refused"))
    platform.faults = share_of_calls(0.2, faults, seed=7)
    chats = [str(7_000 + number) for number in range(12)]
    for psid in chats:
        platform.says(psid, "Hei", at=SENT_AT)
        await post(gateway.redis, psid, "1", "2", "3")
    async with sending_to(gateway, redis_url, names=("s1", "s2")):
        await drained(gateway.redis, 60.0)
    for psid in chats:
        assert platform.texts(psid) == ["1", "2", "3"]
    assert platform.broken_rates == []
    assert (await counts(gateway.redis)).outcomes == {"delivered": 36}
