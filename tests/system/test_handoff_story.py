"""Two agents at the console and three customers on three channels, from the first question to the
rating: real processes, the trained model, a real browser.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from bot.record.database import open_engine
from bot.record.tables import handoff_events, handoffs
from tests.browser import Chat, chat_page, chromium
from tests.channels.messenger import MessengerUnderTest
from tests.channels.telegram import TelegramUnderTest
from tests.desk_people import AgentAtConsole, PlatformCustomer, add_staff, agent_at, until
from tests.running import Flerkanal, running_flerkanal

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

NOTE = "PRIVATE-ASIDE she has called twice"
TRANSFER_NOTE = "PRIVATE-ASIDE this one is yours"
RETURN_NOTE = "PRIVATE-ASIDE the bot can do that"
GONE_SECONDS = 15


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramUnderTest]:
    channel = TelegramUnderTest()
    async with channel.platform_running():
        yield channel


@pytest.fixture
async def messenger() -> AsyncIterator[MessengerUnderTest]:
    channel = MessengerUnderTest()
    async with channel.platform_running():
        yield channel


@pytest.fixture
async def flerkanal(
    trained_model: Path,
    telegram: TelegramUnderTest,
    messenger: MessengerUnderTest,
    tmp_path: Path,
) -> AsyncIterator[Flerkanal]:
    settings = {**telegram.settings, **messenger.settings, "agent_gone_seconds": GONE_SECONDS}
    environ = {name.upper(): str(value) for name, value in settings.items()}
    # The recording servers live in this loop, which must not stand still while processes start.
    manager = running_flerkanal(tmp_path, **environ)
    running = await asyncio.to_thread(manager.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def dsn(flerkanal: Flerkanal) -> str:
    return f"sqlite:///{flerkanal.var / 'flerkanal.sqlite3'}"


def frames_of(page: Page) -> list[str]:
    """Everything that the page's sockets are sent from now on."""
    frames: list[str] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))),
    )
    return frames


def read(flerkanal: Flerkanal, query: Any) -> list[Any]:
    engine = open_engine(dsn(flerkanal))
    try:
        with engine.connect() as connection:
            return list(connection.execute(query))
    finally:
        engine.dispose()


async def test_two_agents_and_three_customers(
    flerkanal: Flerkanal,
    telegram: TelegramUnderTest,
    messenger: MessengerUnderTest,
    tmp_path: Path,
) -> None:
    await add_staff(dsn(flerkanal), kari="Kari Nordmann", ola="Ola Hansen")
    url = flerkanal.url
    async with (
        chromium() as browser,
        agent_at(browser, url, "Kari Nordmann", "kari", tmp_path) as kari,
        agent_at(browser, url, "Ola Hansen", "ola", tmp_path) as ola,
        chat_page(browser, f"{url}/?lang=en", locale="en-GB") as web,
    ):
        frames = frames_of(web.page)
        await web.page.reload()
        thor = PlatformCustomer(url, telegram, "thor")
        mia = PlatformCustomer(url, messenger, "mia")

        await everybody_asks(web, thor, mia)
        first, second = await both_take_the_same(kari, ola)
        await first_talks(first, web)
        await handed_on(first, second, web)
        await second_talks_to_two(second, web, thor)
        await second_is_gone(first, second, web, thor)
        await the_bot_is_back(first, thor)
        await closed_and_rated(first, web)
        await closed_and_rated_elsewhere(first, mia)

        told = {
            "web": frames,
            "telegram": [json.dumps(call.arguments) for call in telegram.platform.received],
            "messenger": [json.dumps(call.arguments) for call in messenger.platform.received],
        }
    for channel, sent in told.items():
        assert len(sent) > 5, channel
        assert not [line for line in sent if "PRIVATE-ASIDE" in line], channel
    await the_record_has_it(flerkanal, first, second)


async def everybody_asks(web: Chat, thor: PlatformCustomer, mia: PlatformCustomer) -> None:
    await web.open()
    await web.say("I want to speak to a person")
    await expect(web.log).to_contain_text("You are next in the queue.")
    await thor.says("I want to speak to a person")
    await thor.hears("You are number 2 in the queue")
    await mia.says("I want to speak to a person")
    await mia.hears("You are number 3 in the queue")


async def both_take_the_same(
    kari: AgentAtConsole, ola: AgentAtConsole
) -> tuple[AgentAtConsole, AgentAtConsole]:
    """Who got it, and who was told."""
    for agent in (kari, ola):
        await expect(agent.waiting("Web")).to_have_count(1)
        await expect(agent.waiting("Telegram")).to_have_count(1)
        await expect(agent.waiting("Messenger")).to_have_count(1)
    await asyncio.gather(kari.take("Web"), ola.take("Web"))

    async def settled() -> bool:
        return all([await taken_by(agent) is not None for agent in (kari, ola)])

    async def taken_by(agent: AgentAtConsole) -> bool | None:
        if await agent.page.locator("#standing", has_text="With you").count():
            return True
        refused = agent.page.locator("#flashes", has_text="has taken this conversation already")
        return False if await refused.count() else None

    await until(settled, "one takes it and the other is told")
    got = [await taken_by(agent) for agent in (kari, ola)]
    assert sorted(map(bool, got)) == [False, True]
    first, second = (kari, ola) if got[0] else (ola, kari)
    await expect(second.page.locator("#flashes")).to_contain_text(
        f"{first.name} has taken this conversation already"
    )
    return first, second


async def first_talks(first: AgentAtConsole, web: Chat) -> None:
    await first.has_open("Web")
    await expect(web.log).to_contain_text(f"You are talking to {first.name} now.")
    box = first.page.get_by_label("Reply to the customer", exact=True).last
    await box.press_sequentially("Hello!")
    await expect(web.root.locator(".typing")).to_contain_text("is writing")
    await first.say("Hello! What can I do for you?")
    await expect(web.line("Hello! What can I do for you?")).to_be_visible()
    await expect(web.log.locator(".by", has_text=first.name).first).to_be_visible()
    await web.input.press_sequentially("My parcel")
    await expect(first.page.locator("#writing")).to_contain_text("The customer is writing")
    await web.say("My parcel is broken")
    await expect(first.line("My parcel is broken")).to_be_visible()
    await first.note(NOTE)


async def handed_on(first: AgentAtConsole, second: AgentAtConsole, web: Chat) -> None:
    dialog = await first.step("Transfer", "transfer")
    await dialog.get_by_label("To", exact=True).select_option(label=second.name)
    await dialog.get_by_label("Note for them").fill(TRANSFER_NOTE)
    await dialog.get_by_role("button", name="Transfer", exact=True).click()
    await expect(web.log).to_contain_text(f"{second.name} takes over from here.")
    await second.open_mine("Web")
    await expect(second.page.locator(".line-note", has_text=NOTE)).to_be_visible()
    await expect(second.page.locator("#lines", has_text=TRANSFER_NOTE)).to_be_visible()


async def second_talks_to_two(second: AgentAtConsole, web: Chat, thor: PlatformCustomer) -> None:
    await second.say("I have read it all.")
    await expect(web.log.locator(".by", has_text=second.name)).to_be_visible()
    await second.open_queue()
    await second.take("Telegram")
    await second.has_open("Telegram")
    await second.say("Hello Thor")
    await thor.hears(f"{second.name}:\nHello Thor$")
    await thor.says("Hello you")
    await expect(second.line("Hello you")).to_be_visible()


async def second_is_gone(
    first: AgentAtConsole, second: AgentAtConsole, web: Chat, thor: PlatformCustomer
) -> None:
    """As if the machine was switched off: nobody signs out."""
    await second.context.close()
    await first.open_queue()
    await thor.hears("my colleague has lost the connection")
    await expect(web.log).to_contain_text("my colleague has lost the connection")
    await web.say("Are you there?")
    for channel in ("Web", "Telegram"):
        await expect(first.waiting(channel)).to_have_count(1)
        await first.take(channel)
        await first.has_open(channel)
        if channel == "Web":
            await expect(first.line("Are you there?")).to_be_visible()
            await first.say("I am here again.")
        await first.open_queue()
    await expect(web.line("I am here again.")).to_be_visible()
    await thor.hears(f"You are talking to {first.name} now")


async def the_bot_is_back(first: AgentAtConsole, thor: PlatformCustomer) -> None:
    await first.open_mine("Telegram")
    dialog = await first.step("Return to the bot", "return")
    await dialog.get_by_label("order_number").fill("10042")
    await dialog.get_by_label("Note").fill(RETURN_NOTE)
    await dialog.get_by_role("button", name="Return to the bot", exact=True).click()
    await thor.hears("It's me again, the chatbot")
    await thor.says("Where is my order?")
    # The number is known: it asks for the postcode alone.
    await thor.hears("(?i)post ?code")
    await thor.says("0150")
    await thor.hears("10042")


async def closed_and_rated(first: AgentAtConsole, web: Chat) -> None:
    await first.open_mine("Web")
    dialog = await first.step("Close", "close-dialog")
    await dialog.get_by_label("Note").fill(NOTE)
    await dialog.get_by_role("button", name="Resolved", exact=True).click()
    await expect(web.log).to_contain_text(f"{first.name} has closed the conversation")
    stars = web.log.get_by_role("group", name="Your rating")
    await stars.get_by_role("radio", name="5 of 5").check(force=True)
    await web.log.locator("form.rating").get_by_role("button", name="Send").click()
    await expect(web.log).to_contain_text("Your rating helps us do better")


async def closed_and_rated_elsewhere(first: AgentAtConsole, mia: PlatformCustomer) -> None:
    await first.open_queue()
    await first.take("Messenger")
    await first.has_open("Messenger")
    await first.say("Hello Mia")
    await mia.hears(f"{first.name}:\nHello Mia")
    dialog = await first.step("Close", "close-dialog")
    await dialog.get_by_role("button", name="Not resolved").click()
    question = await mia.hears("How did you like the help")
    (two,) = [choice for choice in question.choices if choice.title.startswith("2")]
    await mia.presses(two)
    await mia.hears("sorry it didn.t go better")


async def the_record_has_it(
    flerkanal: Flerkanal, first: AgentAtConsole, second: AgentAtConsole
) -> None:
    kept: dict[str, Any] = {}

    async def whole() -> bool:
        kept.update({row.channel: row for row in read(flerkanal, select(handoffs))})
        return len(kept) == 3 and all(row.state == "back_to_bot" for row in kept.values())

    await until(whole, "three handoffs that have ended")
    ended = {channel: (row.ended, row.rating) for channel, row in kept.items()}
    assert ended == {
        "web": ("resolved", 5),
        "telegram": ("returned", None),
        "messenger": ("unresolved", 2),
    }
    events = read(flerkanal, select(handoff_events).order_by(handoff_events.c.version))
    steps = [(row.step, row.actor_name) for row in events if row.handoff_id == kept["web"].id]
    assert [step for step, _ in steps] == [
        "request",
        "claim",
        "transfer",
        "agent_gone",
        "claim",
        "close",
        "resumed",
    ]
    names = {step: name for step, name in steps if step in {"claim", "transfer", "close"}}
    assert set(names.values()) == {first.name}
    assert second.name not in names.values()
