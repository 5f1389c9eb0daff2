"""What a person at the desk and a customer see of each other on the web, over the real floor."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.pipeline.followers import NoticeFollowers
from bot.ports import Notice
from channels.web.connection import Limits
from tests.desk_floor import DeskByHand
from tests.fakes import answering
from tests.web_gateway import LAYOUT, Client, WebGateway, client, web_gateway


@pytest.fixture
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[WebGateway]:
    limits = Limits(writing_burst=2, writing_per_second=0.01)
    async with web_gateway(redis_url, tmp_path, limits=limits) as it:
        yield it


async def begin(gateway: WebGateway, mine: Client) -> DeskByHand:
    """A conversation that the desk has taken."""
    token = (await mine.hello())["token"]
    await mine.say("A person, please")
    await mine.until("answered")
    return await take(gateway, token)


async def take(gateway: WebGateway, token: str) -> DeskByHand:
    """The desk takes the conversation of a session."""
    identity = await gateway.sessions.find(token)
    assert identity is not None
    desk = DeskByHand(gateway.redis, LAYOUT, identity.name)
    await desk.take()
    return desk


@contextlib.asynccontextmanager
async def overheard(gateway: WebGateway) -> AsyncIterator[list[Notice]]:
    """The notices of all conversations while the block lasts."""
    followers = NoticeFollowers(gateway.transcripts)
    listening = asyncio.create_task(followers.run())
    heard: list[Notice] = []

    async def hear(notices: AsyncIterator[Notice | None]) -> None:
        async for notice in notices:
            if notice is None:
                ready.set()
            else:
                heard.append(notice)

    ready = asyncio.Event()
    async with followers.follow_all() as notices:
        hearing = asyncio.create_task(hear(notices))
        await asyncio.wait_for(ready.wait(), 5)
        try:
            yield heard
        finally:
            for task in (hearing, listening):
                task.cancel()
            await asyncio.gather(hearing, listening, return_exceptions=True)


async def test_a_persons_words_come_with_their_name_and_the_desks_own_without(
    gateway: WebGateway,
) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        desk = await begin(gateway, mine)
        await desk.say("You are talking to Kari now.")
        await desk.say("Hi!", "Kari Nordmann")
        neutral, person = await mine.until("message"), await mine.until("message")
        assert (neutral["from"], "name" in neutral) == ("bot", False)
        assert (person["from"], person["name"]) == ("staff", "Kari Nordmann")
        assert person["content"]["text"] == "Hi!"
        # And so they stand in the history.
        async with client(gateway) as later:
            welcome = await later.hello(token=mine.welcome["token"])
        assert welcome["messages"][-2:] == [neutral, person]


async def test_a_person_who_writes_is_told_apart_from_the_bot(gateway: WebGateway) -> None:
    async with answering(gateway.turns, seconds=0.1), client(gateway) as mine:
        await mine.hello()
        await mine.say("Hi")
        assert (await mine.until("typing"))["from"] == "bot"
    async with answering(gateway.turns), client(gateway) as mine:
        desk = await begin(gateway, mine)
        await desk.write()
        while (frame := await mine.until("typing"))["from"] == "bot":
            pass
        assert frame == {"type": "typing", "from": "staff"}


async def test_the_desk_hears_that_the_customer_writes_but_not_endlessly(
    gateway: WebGateway,
) -> None:
    async with answering(gateway.turns), client(gateway) as mine:
        desk = await begin(gateway, mine)
        async with overheard(gateway) as heard:
            for _ in range(5):
                await mine.send(type="writing")
            await mine.send(type="ping")
            # One too many is passed over and not refused: the next frame is the answer to the ping.
            assert (await mine.frame())["type"] == "pong"
            await mine.say("Hello?")
            await mine.until("answered")
        signs = [notice for notice in heard if notice.kind == "writing"]
        assert [sign.conversation_id for sign in signs] == [desk.conversation_id] * 2


async def test_who_has_not_greeted_is_not_heard_writing(gateway: WebGateway) -> None:
    async with overheard(gateway) as heard, client(gateway) as mine:
        await mine.send(type="writing")
        assert (await mine.frame())["code"] == "hello_first"
        await mine.hello()
    assert not any(notice.kind == "writing" for notice in heard)


async def test_a_page_that_comes_back_knows_whether_an_answer_is_on_its_way(
    gateway: WebGateway,
) -> None:
    async with client(gateway) as mine:
        welcome = await mine.hello()
        assert welcome["typing"] is False
        await mine.say("Hi")
        await mine.until("accepted")
        async with client(gateway) as later:
            assert (await later.hello(token=welcome["token"]))["typing"] is True
        async with answering(gateway.turns):
            await mine.until("answered")
            await take(gateway, welcome["token"])
            # Kept in silence: it is with a person now, and no answer comes by itself.
            await mine.say("Are you there?")
            await mine.until("answered")
        async with client(gateway) as later:
            again = await later.hello(token=welcome["token"])
        assert again["messages"][-1]["content"]["text"] == "Are you there?"
        assert again["typing"] is False
