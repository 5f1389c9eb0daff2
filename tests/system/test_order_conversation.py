"""The main job, whole: a customer asks in a browser, Rasa answers out of the order system."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser import Chat, chat_page, chromium, wire
from tests.running import Flerkanal, running_flerkanal

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

# What is asked in each language, and what has to be in the answers.
LANGUAGES = {
    "nb": {
        "locale": "nb-NO",
        "question": "Hvor er pakken min?",
        "number": "ordrenummer",
        "postcode": "postnummer",
        "sent": "sendt|på vei",
        "date": r"\d{1,2}\. \w+",
    },
    "en": {
        "locale": "en-GB",
        "question": "Where is my order?",
        "number": "order number",
        "postcode": "postcode",
        "sent": "shipped|sent|on its way",
        "date": r"\d{1,2} \w+",
    },
}
ANSWER_MS = 60_000


@pytest.fixture(scope="module")
def flerkanal(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flerkanal]:
    with running_flerkanal(tmp_path_factory.mktemp("orders")) as running:
        yield running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


async def answer(chat: Chat, pattern: str) -> None:
    """Wait until the bot's newest words match."""
    bot = chat.messages.and_(chat.root.locator(".message.bot"))
    await expect(bot.filter(has_text=re.compile(pattern, re.IGNORECASE)).last).to_be_visible(
        timeout=ANSWER_MS
    )


async def said(chat: Chat) -> str:
    """All that the bot has said."""
    return "\n".join(await chat.root.locator(".log .message.bot").all_inner_texts())


@pytest.mark.parametrize("language", LANGUAGES)
async def test_where_is_my_order(browser: Browser, flerkanal: Flerkanal, language: str) -> None:
    words = LANGUAGES[language]
    page = chat_page(browser, f"{flerkanal.url}/?lang={language}", locale=words["locale"])
    async with page as chat:
        await chat.open()
        await chat.say(words["question"])
        await answer(chat, words["number"])
        await chat.say("10042")
        await answer(chat, words["postcode"])
        await chat.say("0150")
        await answer(chat, words["sent"])
        told = await said(chat)
        assert "10042" in told
        assert re.search(words["date"], told)
        assert await chat.messages.locator("a").count() >= 1, "a link to follow the parcel"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_reload_in_the_middle(
    browser: Browser, flerkanal: Flerkanal, language: str
) -> None:
    words = LANGUAGES[language]
    page = chat_page(browser, f"{flerkanal.url}/?lang={language}", locale=words["locale"])
    async with page as chat:
        await chat.open()
        await chat.say(words["question"])
        await answer(chat, words["number"])
        before = await chat.lines()
        await chat.page.reload()
        await chat.expect_lines(*before)
        await chat.say("10042")
        await answer(chat, words["postcode"])
        # At the very moment that it is sent, too.
        await chat.say("0150")
        await chat.page.reload()
        await answer(chat, words["sent"])
        lines = await chat.lines()
        assert [lines.count(text) for text in (words["question"], "10042", "0150")] == [1, 1, 1]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_network_drops_in_the_middle(
    browser: Browser, flerkanal: Flerkanal, language: str
) -> None:
    words = LANGUAGES[language]
    async with wire(int(flerkanal.url.rsplit(":", 1)[1])) as network:
        url = f"http://127.0.0.1:{network.port}/?lang={language}"
        async with chat_page(browser, url, locale=words["locale"]) as chat:
            await chat.open()
            await chat.say(words["question"])
            await answer(chat, words["number"])
            await network.cut()
            await chat.say("10042")
            await expect(chat.messages.and_(chat.root.locator(".waiting"))).to_have_count(1)
            await network.mend()
            await answer(chat, words["postcode"])
            # While the answer is on its way, too.
            await chat.say("0150")
            await network.cut()
            await network.mend()
            await answer(chat, words["sent"])
            lines = await chat.lines()
            assert [lines.count(text) for text in (words["question"], "10042", "0150")] == [1, 1, 1]
            shipped = [line for line in lines if re.search(words["sent"], line, re.IGNORECASE)]
            await chat.page.reload()
            await chat.expect_lines(*lines)
            assert shipped


async def test_a_wrong_postcode_tells_nothing(browser: Browser, flerkanal: Flerkanal) -> None:
    words = LANGUAGES["nb"]
    answers = []
    for number in ("10042", "10999"):
        page = chat_page(browser, f"{flerkanal.url}/?lang=nb", locale="nb-NO")
        async with page as chat:
            await chat.open()
            await chat.say(words["question"])
            await answer(chat, words["number"])
            await chat.say(number)
            await answer(chat, words["postcode"])
            await chat.say("9999")
            await expect(chat.root.locator(".log .message.bot")).not_to_have_count(3)
            await expect(chat.root.locator(".dots")).to_be_hidden(timeout=ANSWER_MS)
            told = (await said(chat)).replace(number, "N")
            assert not re.search("sendt|pakkes|levert", told, re.IGNORECASE)
            answers.append(re.sub(r"\d\d:\d\d", "", told))
    assert answers[0] == answers[1], "an order that exists sounds like one that does not"


async def test_commands_that_are_typed_are_only_words(
    browser: Browser, flerkanal: Flerkanal
) -> None:
    async with chat_page(browser, f"{flerkanal.url}/?lang=en", locale="en-GB") as chat:
        await chat.open()
        await chat.say("Where is my order?")
        await answer(chat, "order number")
        await chat.say("/restart")
        await expect(chat.line("/restart")).to_be_visible()
        await expect(chat.root.locator(".dots")).to_be_hidden(timeout=ANSWER_MS)
        # The form has not been left: a number is still what it waits for.
        await chat.say("10042")
        await answer(chat, "postcode")
