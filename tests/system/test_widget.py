"""The widget in a real browser, over a real gateway and Valkey; only the dialogue is scripted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.model.content import Button, Buttons, Card, Content, Fact, Image, Text
from bot.model.messages import Inbound
from channels.web.connection import Limits
from tests.browser import Chat, chat_page, chromium, wire
from tests.fakes import answering
from tests.web_gateway import WebGateway, client, web_gateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]


def script(message: Inbound) -> Sequence[Content]:
    if message.for_bot == "menu":
        return [
            Buttons("Choose", (Button("Track it", "/order_status"), Button("Nothing", "/deny")))
        ]
    if message.for_bot == "card":
        facts = (Fact("Expected", "Friday 27 November"),)
        track = Button("Follow", url="https://post.example/1")
        return [Card("Order 10042", "On its **way**", facts=facts, buttons=(track,))]
    if message.for_bot == "rich":
        return [Text("**Bold** and *italic*, 2*3*4\n\n- one\n- two\n\n[Help](https://x.example/)")]
    if message.for_bot == "picture":
        return [Image("https://unreachable.invalid/a.png", "A parcel on a doorstep")]
    return [Text(f"You said: {message.for_bot}")]


async def token(chat: Chat) -> str:
    """The session's, as the browser keeps it."""
    kept: str = await chat.page.evaluate(
        "JSON.parse(localStorage[Object.keys(localStorage).find(key => key.endsWith(':token'))])"
    )
    return kept


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(redis_url: str, tmp_path: Path) -> AsyncIterator[WebGateway]:
    async with web_gateway(redis_url, tmp_path) as it, answering(it.turns, script):
        yield it


async def test_a_conversation_with_all_that_a_message_can_hold(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as chat:
        await chat.open()
        await expect(chat.input).to_be_focused()
        await chat.say("Hei <b>der</b>")
        await chat.expect_lines("Hei <b>der</b>", "You said: Hei <b>der</b>")
        await expect(chat.messages.first.locator(".meta")).to_contain_text("Sendt")

        await chat.say("menu")
        await chat.root.get_by_role("button", name="Track it").click()
        await expect(chat.line("You said: /order_status")).to_be_visible()
        await expect(chat.line("Track it")).to_be_visible()
        chosen = chat.messages.get_by_role("button", name="Track it")
        await expect(chosen).to_be_disabled()
        await expect(chosen.locator(".check")).to_be_visible()
        await expect(chat.messages.get_by_role("button", name="Nothing")).to_be_disabled()

        await chat.say("card")
        card = chat.messages.locator(".card")
        await expect(card.get_by_role("heading", name="Order 10042")).to_be_visible()
        await expect(card.locator("strong")).to_have_text("way")
        await expect(card.locator("dt + dd")).to_have_text("Friday 27 November")
        follow = card.get_by_role("link", name="Follow")
        await expect(follow).to_have_attribute("href", "https://post.example/1")
        await expect(follow).to_have_attribute("rel", "noopener noreferrer")

        await chat.say("rich")
        bubble = chat.messages.last.locator(".bubble")
        await expect(bubble.locator("strong")).to_have_text("Bold")
        await expect(bubble.locator("em")).to_have_text(["italic"])
        await expect(bubble.locator("li")).to_have_text(["one", "two"])
        await expect(bubble.get_by_role("link", name="Help")).to_be_visible()

    assert await gateway.waiting() == 0


async def test_a_picture_that_does_not_load_leaves_its_description(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as chat:
        await chat.open()
        await chat.say("picture")
        await expect(chat.root.get_by_role("link", name="A parcel on a doorstep")).to_be_visible()


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "[press](javascript:alert(1))",
        "[press](data:text/html,<script>alert(1)</script>)",
        "**<svg onload=alert(1)>**",
        '[a](https://x.example/"onmouseover=alert(1))',
    ],
)
async def test_nothing_that_is_said_becomes_a_program(
    browser: Browser, redis_url: str, tmp_path: Path, text: str
) -> None:
    async with (
        web_gateway(redis_url, tmp_path) as gateway,
        answering(gateway.turns, lambda _: [Text(text), Card(text, text, url=text)]),
        chat_page(browser, gateway.url) as chat,
    ):
        alarms: list[str] = []
        chat.page.on("dialog", lambda dialog: alarms.append(dialog.message))
        await chat.open()
        await chat.say(text)
        await expect(chat.messages.locator(".card")).to_be_visible()
        for link in await chat.messages.locator("a").all():
            await link.hover()
            assert str(await link.get_attribute("href")).startswith(
                ("https://x.example/", gateway.url)
            )
        assert await chat.messages.locator("img, svg[onload], script").count() == 0
        assert alarms == []


async def test_a_reload_goes_on_where_it_was(browser: Browser, gateway: WebGateway) -> None:
    async with chat_page(browser, gateway.url) as chat:
        await chat.open()
        await chat.say("menu")
        await expect(chat.root.get_by_role("button", name="Track it")).to_be_enabled()
        await chat.input.fill("half a thou")
        await chat.page.reload()
        await expect(chat.panel).to_be_visible()
        await expect(chat.input).to_have_value("half a thou")
        await chat.expect_lines("menu", "Choose")
        await chat.root.get_by_role("button", name="Track it").click()
        wanted = ("menu", "Choose", "Track it", "You said: /order_status")
        await chat.expect_lines(*wanted)

        # A new tab has nothing of its own: all comes from the server.
        tab = Chat(await chat.page.context.new_page())
        await tab.page.goto(gateway.url)
        await tab.open()
        await tab.expect_lines(*wanted)
        await expect(tab.messages.get_by_role("button", name="Track it")).to_be_disabled()


async def test_all_windows_are_in_step_from_the_first_word(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as first:
        second = Chat(await first.page.context.new_page())
        await second.page.goto(gateway.url)
        await first.open()
        await second.open()
        await first.say("From the first")
        wanted = ["From the first", "You said: From the first"]
        for window in (first, second):
            await window.expect_lines(*wanted)
        await second.say("From the second")
        wanted += ["From the second", "You said: From the second"]
        for window in (first, second):
            await window.expect_lines(*wanted)


async def test_windows_that_speak_first_at_the_same_time_share_one_conversation(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as first:
        second = Chat(await first.page.context.new_page())
        await second.page.goto(gateway.url)
        await first.open()
        await second.open()
        await asyncio.gather(first.say("One"), second.say("Two"))
        for window in (first, second):
            await expect(window.line("You said: One")).to_be_visible()
            await expect(window.line("You said: Two")).to_be_visible()
        assert await first.lines() == await second.lines()


async def test_a_lost_network_loses_nothing_and_repeats_nothing(
    browser: Browser, gateway: WebGateway
) -> None:
    async with wire(gateway.port) as network:
        async with chat_page(browser, f"http://127.0.0.1:{network.port}/") as chat:
            await chat.open()
            await chat.say("Before")
            await chat.expect_lines("Before", "You said: Before")
            await network.cut()
            await chat.say("During one")
            await chat.say("During two")
            await expect(chat.messages.last.locator(".meta")).to_contain_text("på nett igjen")
            await expect(chat.network).to_contain_text("Ingen forbindelse")
            await network.mend()
            wanted = ["Before", "You said: Before", "During one", "During two"]
            await expect(chat.line("You said: During two")).to_be_visible()
            lines = await chat.lines()
            assert [line for line in lines if not line.startswith("You said: D")] == wanted
            assert len(lines) == 6
            assert lines.index("You said: During one") < lines.index("You said: During two")
            await expect(chat.network).to_be_empty()
            await chat.page.reload()
            await chat.expect_lines(*lines)


async def test_what_was_written_without_a_network_outlives_the_page(
    browser: Browser, gateway: WebGateway
) -> None:
    async with wire(gateway.port) as network:
        url = f"http://127.0.0.1:{network.port}/"
        async with chat_page(browser, url) as chat:
            await chat.open()
            await network.cut()
            await chat.say("My very first words")
            await expect(chat.line("My very first words")).to_be_visible()
            await chat.page.goto("about:blank")
            await network.mend()
            await chat.page.goto(url)
            await chat.expect_lines("My very first words", "You said: My very first words")


async def test_what_was_said_elsewhere_while_the_network_was_gone_arrives(
    browser: Browser, gateway: WebGateway
) -> None:
    async with wire(gateway.port) as network:
        async with chat_page(browser, f"http://127.0.0.1:{network.port}/") as chat:
            await chat.open()
            await chat.say("Here")
            await chat.expect_lines("Here", "You said: Here")
            mine = await token(chat)
            await network.cut()
            async with client(gateway) as phone:
                await phone.hello(token=mine)
                await phone.say("There")
                await phone.until("answered")
            await network.mend()
            await chat.expect_lines("Here", "You said: Here", "There", "You said: There")


async def test_a_connection_that_died_silently_is_noticed(
    browser: Browser, gateway: WebGateway
) -> None:
    async with wire(gateway.port) as network:
        async with chat_page(browser, f"http://127.0.0.1:{network.port}/") as chat:
            await chat.page.clock.install()
            await chat.page.reload()
            await chat.open()
            await chat.say("Hello")
            await chat.expect_lines("Hello", "You said: Hello")
            network.silence()
            await chat.say("Anybody?")
            # In the page's time: the browser itself would wait for minutes.
            for _ in range(6):
                await chat.page.clock.run_for(5_000)
            await expect(chat.network).to_contain_text("Ingen forbindelse")
            await network.cut()
            await network.mend()
            for _ in range(60):
                await chat.page.clock.run_for(1_000)
                await asyncio.sleep(0.1)
                if await chat.line("You said: Anybody?").is_visible():
                    break
            await expect(chat.line("You said: Anybody?")).to_be_visible()
            assert (await chat.lines()).count("Anybody?") == 1


async def test_a_restarted_gateway_is_found_again(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    async with web_gateway(redis_url, tmp_path) as gateway:
        port = gateway.port
        page = chat_page(browser, gateway.url)
        chat = await page.__aenter__()
        await chat.open()
        async with answering(gateway.turns, script):
            await chat.say("One")
            await chat.expect_lines("One", "You said: One")
    await chat.say("Two")
    async with (
        web_gateway(redis_url, tmp_path, port=port) as again,
        answering(again.turns, script),
    ):
        await chat.expect_lines("One", "You said: One", "Two", "You said: Two", seconds=30)
        await page.__aexit__(None, None, None)


async def test_many_messages_at_once_are_all_answered_in_their_order(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    limits = Limits(burst=3, per_second=10)
    async with (
        web_gateway(redis_url, tmp_path, limits=limits) as gateway,
        answering(gateway.turns, script),
        chat_page(browser, gateway.url) as chat,
    ):
        await chat.open()
        for number in range(8):
            await chat.say(f"Message {number}")
        await expect(chat.line("You said: Message 7")).to_be_visible()
        lines = await chat.lines()
        for prefix in ("Message", "You said: Message"):
            said = [line for line in lines if line.startswith(prefix)]
            assert said == [f"{prefix} {number}" for number in range(8)]


async def test_a_choice_that_no_longer_exists_is_told_and_the_rest_goes_on(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as chat:
        await chat.open()
        await chat.root.evaluate("chat => chat.say('Old choice', '/gone')")
        await expect(chat.messages.locator(".meta")).to_contain_text("gjelder ikke lenger")
        await chat.say("Then this")
        await expect(chat.line("You said: Then this")).to_be_visible()


async def test_what_editors_paste_invisibly_is_left_out(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as chat:
        await chat.open()
        await chat.say("one\x0btwo\x00 three")
        await expect(chat.line("You said: one two  three")).to_be_visible()
        await chat.input.fill("   ")
        await chat.input.press("Enter")
        await chat.input.fill("line")
        await chat.input.press("Shift+Enter")
        await chat.input.press_sequentially("break")
        await chat.input.press("Enter")
        await expect(chat.messages.locator(".bubble").last).to_contain_text("break")
        assert (await chat.lines())[2] == "line\nbreak"


async def test_a_new_conversation_leaves_nothing_of_the_old_one(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as chat:
        other = Chat(await chat.page.context.new_page())
        await other.page.goto(gateway.url)
        await other.open()
        await chat.open()
        await chat.say("A secret")
        for window in (chat, other):
            await window.expect_lines("A secret", "You said: A secret")
        # A browser hardly lets a hidden page run.
        await chat.page.bring_to_front()
        await chat.root.get_by_role("button", name="Flere valg").click()
        await chat.root.get_by_role("button", name="Start en ny samtale").click()
        question = chat.root.get_by_role("dialog", name="Vil du starte en ny samtale?")
        await question.get_by_role("button", name="Avbryt").click()
        await chat.expect_lines("A secret", "You said: A secret")
        await chat.root.get_by_role("button", name="Flere valg").click()
        await chat.root.get_by_role("button", name="Start en ny samtale").click()
        await question.get_by_role("button", name="Start ny").click()
        for window in (chat, other):
            await window.expect_lines()
        stored = await chat.page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}])"
        )
        assert "secret" not in stored
        await other.say("A fresh start")
        for window in (chat, other):
            await window.expect_lines("A fresh start", "You said: A fresh start")
        await chat.page.reload()
        await chat.expect_lines("A fresh start", "You said: A fresh start")


async def test_a_token_that_the_server_does_not_know_begins_anew(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    async with (
        web_gateway(redis_url, tmp_path) as gateway,
        answering(gateway.turns, script),
        chat_page(browser, gateway.url) as chat,
    ):
        await chat.open()
        await chat.say("Before")
        await chat.expect_lines("Before", "You said: Before")
        await gateway.sessions.revoke(await token(chat))
        await chat.page.reload()
        await chat.expect_lines()
        await chat.say("After")
        await chat.expect_lines("After", "You said: After")


async def test_answers_behind_a_closed_panel_are_counted(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    async with (
        web_gateway(redis_url, tmp_path) as gateway,
        answering(gateway.turns, script, seconds=0.5),
        chat_page(browser, gateway.url) as chat,
    ):
        await chat.open()
        await chat.say("One")
        await expect(chat.line("You said: One")).to_be_visible()
        await chat.say("Two")
        await chat.input.press("Escape")
        await expect(chat.launcher).to_be_focused()
        badge = chat.root.locator(".badge")
        await expect(badge).to_have_text("1")
        await expect(chat.launcher).to_have_accessible_name(
            "Spør oss: Åpne chatten, 1 ulest melding"
        )
        await chat.page.reload()
        await expect(badge).to_have_text("1")
        await chat.open()
        await expect(badge).to_be_hidden()


async def test_the_bot_is_seen_and_heard_to_be_typing(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    async with (
        web_gateway(redis_url, tmp_path) as gateway,
        answering(gateway.turns, script, seconds=1.0),
        chat_page(browser, gateway.url) as chat,
    ):
        await chat.open()
        await chat.say("Think")
        await expect(chat.root.locator(".dots")).to_be_visible()
        await expect(chat.root.get_by_role("status").first).to_have_text("Svar er på vei …")
        await expect(chat.line("You said: Think")).to_be_visible()
        await expect(chat.root.locator(".dots")).to_be_hidden()
        await expect(chat.root.get_by_role("status").first).to_be_empty()


async def test_questions_of_the_page_open_the_chat_and_ask(
    browser: Browser, gateway: WebGateway
) -> None:
    async with chat_page(browser, gateway.url) as chat:
        await chat.page.get_by_role("button", name="Hvor er pakken min?").first.click()
        await chat.expect_lines("Hvor er pakken min?", "You said: Hvor er pakken min?")
        await expect(chat.log.get_by_role("button", name="Hvor er pakken min?")).to_be_disabled()


async def test_the_conversation_can_be_taken_home(browser: Browser, gateway: WebGateway) -> None:
    async with chat_page(browser, gateway.url, accept_downloads=True) as chat:
        await chat.open()
        await chat.say("card")
        await expect(chat.messages.locator(".card")).to_be_visible()
        await chat.root.get_by_role("button", name="Flere valg").click()
        async with chat.page.expect_download() as download:
            await chat.root.get_by_role("button", name="Last ned samtalen").click()
        file = await (await download.value).path()
        text = file.read_text("utf-8")
        assert "Du: card" in text
        assert "Chatbot: Order 10042" in text
        assert "Expected: Friday 27 November" in text
