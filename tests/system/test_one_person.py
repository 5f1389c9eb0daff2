"""One person in two channels: a form begun on the web is finished on Telegram, in real processes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.channels.base import Shown
from tests.channels.telegram import TelegramUnderTest
from tests.channels.web import Widget
from tests.running import Flerkanal, running_flerkanal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PATIENCE = 60.0


class Telegram:
    """A chat with the bot, and the way to write there."""

    def __init__(
        self, flerkanal: Flerkanal, channel: TelegramUnderTest, chat: str = "kari"
    ) -> None:
        self._url = f"{flerkanal.url}{channel.path}"
        self._channel = channel
        self._chat = chat
        self._count = 0

    async def says(self, text: str) -> None:
        """An update, as Telegram posts it."""
        self._count += 1
        event = self._channel.written(self._chat, text, f"update {self._count}")
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            # Delivered twice, as it happens.
            for _ in range(2):
                response = await client.post(
                    self._url, content=event.body, headers=dict(event.headers)
                )
                assert response.status_code == 200, response.text

    async def shown(self) -> list[Shown]:
        """What the bot sent."""
        return list(await self._channel.shown(self._chat))

    async def hears(self, pattern: str) -> None:
        """Returns once the newest message matches."""

        async def heard() -> bool:
            newest = (await self.shown() or [Shown("")])[-1]
            return re.search(pattern, newest.words) is not None

        await until(heard)


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramUnderTest]:
    channel = TelegramUnderTest()
    async with channel.platform_running():
        yield channel


@pytest.fixture
async def flerkanal(
    trained_model: Path, telegram: TelegramUnderTest, tmp_path: Path
) -> AsyncIterator[Flerkanal]:
    environ = {name.upper(): str(value) for name, value in telegram.settings.items()}
    # The recording server lives in this loop, which must not stand still while processes start.
    manager = running_flerkanal(tmp_path, **environ)
    running = await asyncio.to_thread(manager.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def widget(flerkanal: Flerkanal, token: str | None = None) -> AsyncIterator[Widget]:
    opened = Widget(f"{flerkanal.url.replace('http', 'ws')}/webhooks/web/ws")
    opened.token = token
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Returns once `check` says yes."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not await check():
        assert asyncio.get_running_loop().time() < deadline, "it did not come in time"
        await asyncio.sleep(0.05)


async def bot_says(chat: Widget, pattern: str) -> None:
    """The web chat's newest message, once it is the bot's and matches."""

    async def said() -> bool:
        newest = chat.messages[-1] if chat.messages else {"from": ""}
        return newest["from"] == "bot" and re.search(pattern, str(newest["content"])) is not None

    await until(said)


async def link(chat: Widget, username: str) -> str:
    """The code in the deep link that the widget is given."""
    before = len(chat.others)
    await chat.send(type="link", channel="telegram")

    async def offered() -> bool:
        return any(frame["type"] in {"link", "error"} for frame in chat.others[before:])

    await until(offered)
    frame = next(frame for frame in chat.others[before:] if frame["type"] in {"link", "error"})
    assert frame["type"] == "link", frame
    url = urlsplit(frame["url"])
    assert (url.scheme, url.netloc, url.path) == ("https", "t.me", f"/{username}")
    (code,) = parse_qs(url.query)["start"]
    return str(code)


def texts(chat: Widget, author: str) -> list[tuple[str | None, str]]:
    """What somebody said, with the channel where that was another one."""
    return [
        (frame.get("channel"), str(frame["content"].get("text", "")))
        for frame in chat.messages
        if frame["from"] == author
    ]


async def test_a_form_goes_on_in_another_channel(
    flerkanal: Flerkanal, telegram: TelegramUnderTest
) -> None:
    phone = Telegram(flerkanal, telegram)
    async with widget(flerkanal) as chat:
        await chat.say(str(uuid.uuid4()), text="Hvor er pakken min?")
        await bot_says(chat, "ordrenummer")
        await chat.say(str(uuid.uuid4()), text="10042")
        await bot_says(chat, "postnummer")
        code = await link(chat, telegram.platform.username)

        await phone.says(f"/start {code}")
        # The form goes on: its open question is asked again, and the answer ends it.
        await phone.hears("postnummer")
        await phone.says("0150")
        await phone.hears("10042")

        await bot_says(chat, "10042")
        linked = [frame for frame in chat.others if frame["type"] == "channels"]
        (state,) = linked[-1]["channels"]
        assert (state["name"], state["linked"]) == ("telegram", True)
        customer = texts(chat, "customer")
        assert [text for channel, text in customer if channel is None] == [
            "Hvor er pakken min?",
            "10042",
        ]
        # In words, without the code, and each once although Telegram delivered it twice.
        greeting, answer = (text for channel, text in customer if channel == "telegram")
        assert answer == "0150"
        assert code not in greeting
        assert any(channel == "telegram" for channel, _ in texts(chat, "bot"))

        # A reload shows the whole conversation again.
        async with widget(flerkanal, chat.token) as again:
            assert again.messages == chat.messages

        # The same link leads nobody else here.
        stranger = Telegram(flerkanal, telegram, "stranger")
        await stranger.says(f"/start {code}")
        await stranger.hears("already been used|allerede brukt")

        # What is asked on the web is answered there, and shown on the phone to nobody.
        shown = len(await phone.shown())
        await chat.say(str(uuid.uuid4()), text="når åpner dere?")
        await bot_says(chat, "Kundeservice")
        assert len(await phone.shown()) == shown

        # Unlinked, the phone is on its own again: nobody there is in a form, or in this transcript.
        await chat.send(type="unlink", channel="telegram")

        async def unlinked() -> bool:
            states = [frame for frame in chat.others if frame["type"] == "channels"]
            return not states[-1]["channels"][0]["linked"]

        await until(unlinked)
        known = len(chat.messages)
        await phone.says("hvor er pakken min?")
        await phone.hears("ordrenummer")
        await asyncio.sleep(0.5)
        assert len(chat.messages) == known
