"""One suite for every channel: what comes in, once, before anybody is told that it did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.model.messages import Inbound
from tests.channels.all import CHANNELS, channel_named
from tests.channels.base import ChannelUnderTest, PlatformUnderTest, Refused
from tests.channels.line import Line, running_line
from tests.channels.payloads import stored_payloads
from tests.gateway import eventually
from tests.valkey import ValkeyServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Nobody answers here: a program that waits for its answer is told so soon.
QUICK = {"rest_reply_timeout": 0.05}


@pytest.fixture(scope="module", params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> ChannelUnderTest:
    return channel_named(request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(
    channel: ChannelUnderTest,
    valkey_server: ValkeyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Line]:
    """The gateway alone: no worker takes a message out of the inbox."""
    valkey_server.flush()
    folder = tmp_path_factory.mktemp(channel.name)
    async with running_line(valkey_server.url, folder, [channel], None, **QUICK) as running:
        yield running


@pytest.fixture
def platform(channel: ChannelUnderTest) -> PlatformUnderTest[Any]:
    if not isinstance(channel, PlatformUnderTest):
        pytest.skip("nobody posts to a webhook here")
    return channel


@pytest.fixture
def chat(request: pytest.FixtureRequest) -> str:
    """A customer of the test's own."""
    return str(request.node.name)


async def texts(line: Line, channel: ChannelUnderTest, chat: str) -> list[str]:
    """What waits in a chat's conversation."""
    return [message.text for message in await of_chat(line, channel, chat)]


async def of_chat(line: Line, channel: ChannelUnderTest, chat: str) -> Sequence[Inbound]:
    name = channel.conversation(chat)
    return [message for message in await line.inbox() if message.conversation_id == name]


async def test_accepted_means_stored(line: Line, channel: ChannelUnderTest, chat: str) -> None:
    for number in range(3):
        await channel.write(chat, f"hei {number}", f"e{number}")
        # No wait: it is there once the platform was told.
        assert len(await texts(line, channel, chat)) == number + 1
    await channel.write(f"{chat} 2", "hallo", "e0")
    assert await texts(line, channel, chat) == ["hei 0", "hei 1", "hei 2"]
    (message,) = await of_chat(line, channel, f"{chat} 2")
    assert message.channel == channel.name
    assert message.sender == channel.address(f"{chat} 2")
    assert message.payload is None


async def test_a_retry_is_no_second_message(
    line: Line, channel: ChannelUnderTest, chat: str
) -> None:
    for number in range(3):
        await channel.write(chat, f"hei {number}", f"e{number}")
    # At once, late, and in another order.
    for number in (2, 2, 0, 1, 2):
        await channel.write(chat, f"hei {number}", f"e{number}")
    await channel.write(chat, "hei 3", "e3")
    assert await texts(line, channel, chat) == ["hei 0", "hei 1", "hei 2", "hei 3"]


async def test_many_at_once_are_each_kept_once(
    line: Line, channel: ChannelUnderTest, chat: str
) -> None:
    await channel.write(chat, "first", "first")
    await asyncio.gather(*(channel.write(chat, f"hei {n // 3}", f"e{n // 3}") for n in range(30)))
    assert sorted(await texts(line, channel, chat)) == sorted(
        ["first", *(f"hei {number}" for number in range(10))]
    )


@pytest.mark.parametrize(
    "text", ["\u202b\u05d0\u05d9\u05e4\u05d4?", "👩‍👩‍👧‍👦 👍🏽", "*_`<b>&amp;", "a\nb"]
)
async def test_words_come_in_as_they_were_written(
    line: Line, channel: ChannelUnderTest, chat: str, text: str
) -> None:
    await channel.write(chat, text, "e1")
    assert await texts(line, channel, chat) == [text]


async def test_what_is_sent_along_comes_in(
    line: Line, channel: ChannelUnderTest, chat: str
) -> None:
    for kind in sorted(channel.shares):
        await channel.share(chat, kind, "", f"{kind} 1")
        await channel.share(chat, kind, "se her", f"{kind} 2")
    received = await of_chat(line, channel, chat) if channel.shares else []
    kinds = [message.attachments[0].kind for message in received if message.attachments]
    assert sorted(kinds) == sorted([*channel.shares, *channel.shares])


async def test_a_store_that_is_away_loses_nothing(
    channel: ChannelUnderTest, own_valkey: ValkeyServer, tmp_path: Path
) -> None:
    channel = channel_named(channel.name)
    async with running_line(own_valkey.url, tmp_path, [channel], None, **QUICK) as line:
        await channel.write("kari", "hei 0", "e0")
        own_valkey.kill()
        with pytest.raises(Refused) as refused:
            await channel.write("kari", "hei 1", "e1")
        # Come again: neither a message that is at fault, nor one that is lost.
        assert refused.value.status >= 500
        own_valkey.start()

        async def is_back() -> bool:
            try:
                await channel.write("kari", "hei 1", "e1")
            except Refused:
                return False
            return True

        await eventually(is_back)
        assert await texts(line, channel, "kari") == ["hei 0", "hei 1"]


async def test_a_batch_is_taken_whole(line: Line, platform: PlatformUnderTest[Any]) -> None:
    events = [platform.written(f"chat {n % 3}", f"hei {n}", f"e{n}") for n in range(9)]
    batch = platform.batched(events)
    if batch is None:
        pytest.skip("the platform delivers each event by itself")
    for _ in range(2):
        assert (await platform.deliver(batch)).status_code == 200
    for number in range(3):
        expected = [f"hei {n}" for n in range(number, 9, 3)]
        assert await texts(line, platform, f"chat {number}") == expected


async def test_nothing_bad_gets_in(line: Line, platform: PlatformUnderTest[Any]) -> None:
    before = await line.inbox()
    for bad in platform.bad():
        response = await platform.deliver(bad.event)
        assert response.status_code in bad.statuses, f"{bad.why}: {response.text}"
        assert await line.inbox() == before, bad.why
        if response.status_code >= 400:
            assert response.json()["error"]["message"], bad.why


async def test_a_body_over_the_limit_is_refused(
    line: Line, platform: PlatformUnderTest[Any]
) -> None:
    limit = 4_194_304
    before = await line.inbox()
    response = await platform.deliver(platform.signed(b" " * (limit + 1)))
    assert response.status_code == 413
    assert await line.inbox() == before


async def test_stored_payloads(line: Line, platform: PlatformUnderTest[Any]) -> None:
    """Each twice, in the order of their names, then all again in the other order."""
    payloads = stored_payloads(platform.name)
    assert len(payloads) >= 12 or platform.name == "sms"
    events = [(name, platform.signed(platform.fresh(body))) for name, body in payloads]
    before = len(await line.inbox())
    for name, event in events:
        for delivered in (event, platform.repeated(event)):
            response = await platform.deliver(delivered)
            assert response.status_code == 200, f"{name}: {response.text}"
    first = await line.inbox()
    assert len(first) > before
    for name, event in reversed(events):
        response = await platform.deliver(platform.repeated(event))
        assert response.status_code == 200, f"{name}: {response.text}"
    assert await line.inbox() == first
    keys = [(message.conversation_id, message.event_id) for message in first]
    assert len(set(keys)) == len(keys)
