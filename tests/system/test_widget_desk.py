"""A person answers in the widget: who they are, that they write, and that nobody misses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.model.content import Button, Content, QuickReplies, Rating, Text
from bot.model.messages import Author
from tests.browser import Chat, chat_page, chromium, violations
from tests.scripted_chat import ScriptedChat, scripted_chat

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

EN: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
KARI = "Kari Nordmann"
HIDE = """() => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOW = """() => {
  delete document.visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[ScriptedChat]:
    """Says nothing by itself: it is the desk's turn."""

    def answer(said: dict[str, Any]) -> Sequence[Content]:
        return []

    async with scripted_chat(ScriptedChat(answer)) as it:
        yield it


async def say(chat: Chat, text: str) -> None:
    """Say it, until the server has it."""
    await chat.say(text)
    await expect(chat.messages.last.locator(".meta")).to_contain_text("Sent")


async def test_a_person_has_a_name_a_mark_and_is_seen_writing(
    browser: Browser, server: ScriptedChat, tmp_path: Path
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **EN) as chat:
        await chat.open()
        await say(chat, "A person, please")
        leave = QuickReplies(
            "You are number 1 in the queue.", (Button("Back to the bot", "/back_to_bot"),)
        )
        await server.utter(leave)
        chips = chat.messages.locator(".quick")
        await expect(chips.get_by_role("button", name="Back to the bot")).to_be_visible()
        await server.utter(Text("You are talking to Kari Nordmann now."))
        head = chat.root.locator(".head")
        await expect(head.locator(".mark .icon.chat")).to_be_visible()

        await server.write()
        status = chat.root.locator(".typing")
        await expect(status).to_have_text("Customer adviser is writing …")
        await expect(chat.root.locator(".dots")).to_be_visible()
        await server.utter(Text("Hi! I am looking into it."), Author.STAFF, name=KARI)
        await server.utter(Text("- one\n- two"), Author.STAFF, name=KARI)
        await expect(chat.messages).to_have_count(5)
        await expect(status).to_be_empty()
        # What the bot suggested is no way on any more.
        await expect(chips).to_be_hidden()

        first, second = chat.messages.nth(3), chat.messages.nth(4)
        await expect(first.locator(".by")).to_be_visible()
        await expect(first.locator(".by")).to_have_text(f"KN{KARI}")
        await expect(second.locator(".by")).to_be_hidden()
        heard = await second.aria_snapshot()
        assert f"{KARI}, Customer adviser" in heard
        await expect(chat.messages.nth(2).locator(".by")).to_have_count(0)
        await expect(head.locator(".mark")).to_have_text("KN")
        await expect(head.locator(".subtitle")).to_have_text(f"You are talking to {KARI}")

        await server.write()
        await expect(status).to_have_text(f"{KARI} is writing …")
        await expect(status).to_be_empty(timeout=10_000)
        await server.write()
        assert await violations(chat.page) == []
        await chat.page.screenshot(path=tmp_path / "person.png")

        # Another one takes over: their own name, at once.
        await server.utter(Text("Hei, Ola her."), Author.STAFF, name="Ola")
        await expect(chat.messages.last.locator(".by")).to_have_text("OOla")
        await server.utter(Text("The bot is back."))
        await expect(head.locator(".mark .icon.chat")).to_be_visible()
        await expect(head.locator(".subtitle")).not_to_contain_text("Ola")


async def test_the_server_is_told_that_the_customer_writes_once_in_three_seconds(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **EN) as chat:
        await chat.open()
        # Nobody is told of what is typed before there is a conversation.
        await chat.input.press_sequentially("Hi")
        assert server.writing == 0
        await chat.input.press("Enter")
        await expect(chat.messages.last.locator(".meta")).to_contain_text("Sent")
        await chat.input.press_sequentially("It is about my ")
        await chat.input.press_sequentially("parcel")
        await chat.input.press("Enter")
        await expect(chat.messages).to_have_count(2)
        await expect(chat.messages.last.locator(".meta")).to_contain_text("Sent")
        assert server.writing == 1
        # What was said begins anew.
        await chat.input.press_sequentially("And")
        await chat.page.wait_for_timeout(100)
        assert server.writing == 2


async def test_a_person_who_answers_is_noticed_elsewhere(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **EN) as chat:
        title = await chat.page.title()
        await chat.open()
        await say(chat, "A person, please")
        await chat.input.press("Escape")
        news = chat.root.locator("[role=status]").last
        await server.utter(Text("You are number 1."))
        await expect(chat.root.locator(".badge")).to_have_text("1")
        await expect(news).to_be_empty()
        await server.utter(Text("Hi!"), Author.STAFF, name=KARI)
        await expect(news).to_have_text(f"New message from {KARI}")
        await expect(chat.root.locator(".badge")).to_have_text("2")
        # The page is looked at: the launcher's number says enough.
        assert await chat.page.title() == title

        await chat.page.evaluate(HIDE)
        assert await chat.page.title() == f"(1) {title}"
        await server.utter(Text("Are you there?"), Author.STAFF, name=KARI)
        await expect(chat.page).to_have_title(f"(2) {title}")
        # The page says something else meanwhile.
        await chat.page.evaluate("document.title = document.title.replace('(2) ', '(2) New: ')")
        await chat.page.evaluate(SHOW)
        assert await chat.page.title() == f"New: {title}"
        await chat.open()
        await expect(news).to_be_empty()
        await expect(chat.root.locator(".badge")).to_be_hidden()


async def test_a_rating_is_given_once_however_often_it_is_pressed(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **EN) as chat:
        await chat.open()
        await say(chat, "Thanks")
        await server.utter(Text("Glad to help."), Author.STAFF, name=KARI)
        await server.utter(Text("The conversation is closed."))
        await server.utter(Rating("How did it go?", '/rate{"rating": "$rating"}'))
        form = chat.messages.locator("form")
        await form.get_by_role("radio", name="4 of 5").check(force=True)
        send = form.get_by_role("button", name="Send")
        await send.evaluate(
            "button => { button.click(); button.click(); button.form.requestSubmit(); }"
        )
        await expect(chat.messages).to_have_count(5)
        await expect(send).to_be_hidden()
        await expect(form.get_by_role("radio", name="4 of 5")).to_be_disabled()
        await expect(form.get_by_role("radio", name="4 of 5")).to_be_checked()
        ratings = [said for said in server.said if said.get("payload")]
        assert [said["payload"] for said in ratings] == ['/rate{"rating": "4"}']
        # Nor after a reload.
        await chat.page.reload()
        stars = chat.messages.locator("form").get_by_role("radio", name="5 of 5")
        await expect(stars).to_be_disabled()
