"""Going on in another channel and being known to the site, as a customer sees it in a browser."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from prometheus_client import CollectorRegistry

from bot.model.content import Text
from bot.model.people import ChannelIdentity, LinkCode
from bot.observability.metrics import MessageMetrics
from bot.ports import LinkOffer, LinkTarget
from channels.reception import Arrival, Reception
from channels.web.render import LinkState
from tests.browser import Chat, chat_page, chromium, violations
from tests.fakes import answering
from tests.scripted_chat import ScriptedChat, scripted_chat
from tests.web_gateway import SECRET, web_gateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
WAY = "https://t.me/nordlys_bot?start=KM7PX2QD94RTKM7PX2QD94RT"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[ScriptedChat]:
    chat = ScriptedChat(
        lambda said: [Text(f"You said: {said['text']}")],
        [LinkState("telegram", "Telegram", False), LinkState("slack", "Slack", False)],
        {"telegram": LinkOffer(WAY), "slack": LinkOffer(None, "KM7P-X2QD-94RT")},
    )
    async with scripted_chat(chat):
        yield chat


async def choose(chat: Chat, item: str) -> None:
    """One of the menu."""
    await chat.menu.click()
    await chat.root.get_by_role("button", name=item).click()


async def test_from_the_menu_to_the_other_channel_and_back(
    browser: Browser, server: ScriptedChat
) -> None:
    options = {**WIDE, "permissions": ["clipboard-read", "clipboard-write"]}
    async with chat_page(browser, f"{server.url}?lang=nb", **options) as chat:
        await chat.open()
        await chat.say("Hei")
        await expect(chat.line("You said: Hei")).to_be_visible()
        await choose(chat, "Fortsett på Telegram")
        dialog = chat.root.get_by_role("dialog", name="Fortsett på Telegram")
        way = dialog.get_by_role("link", name="Åpne Telegram")
        await expect(way).to_have_attribute("href", WAY)
        await expect(way).to_have_attribute("target", "_blank")
        await expect(dialog.get_by_role("img", name="QR-kode")).to_be_visible()
        await expect(dialog.get_by_role("timer")).to_have_text("Gjelder i 10 minutter til")
        await expect(dialog.get_by_role("textbox")).to_have_count(0)
        await server.link("telegram", True)
        await expect(dialog.get_by_role("status")).to_have_text(
            "Koblet til\nSamtalen fortsetter på Telegram.", use_inner_text=True
        )
        await expect(way).to_have_count(0)
        await dialog.get_by_role("button", name="Lukk").click()
        await expect(chat.menu).to_be_focused()

        await choose(chat, "Koble fra Telegram")
        question = chat.root.get_by_role("dialog", name="Vil du koble fra Telegram?")
        await question.get_by_role("button", name="Avbryt").click()
        assert all(frame["type"] == "link" for frame in server.asked)
        await choose(chat, "Koble fra Telegram")
        await question.get_by_role("button", name="Koble fra").click()
        await choose(chat, "Fortsett på Slack")
        assert server.asked[-2] == {"type": "unlink", "channel": "telegram"}

        # A channel that nothing can be handed to by a link: the customer sends the code.
        dialog = chat.root.get_by_role("dialog", name="Fortsett på Slack")
        await expect(dialog.get_by_role("textbox", name="Koden")).to_have_value("KM7P-X2QD-94RT")
        await expect(dialog.get_by_role("link")).to_have_count(0)
        await dialog.get_by_role("button", name="Kopier").click()
        await expect(dialog.get_by_text("Kopiert")).to_be_visible()
        assert await chat.page.evaluate("navigator.clipboard.readText()") == "KM7P-X2QD-94RT"
        await chat.page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(chat.menu).to_be_focused()
        await expect(chat.panel).to_be_visible()


async def test_a_way_that_is_over_is_said_so_and_another_one_made(
    browser: Browser, server: ScriptedChat
) -> None:
    server.link_seconds = 90
    async with chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat:
        await chat.page.clock.install()
        await chat.page.reload()
        await chat.open()
        await chat.say("Hi")
        await expect(chat.line("You said: Hi")).to_be_visible()
        await choose(chat, "Continue on Telegram")
        dialog = chat.root.get_by_role("dialog", name="Continue on Telegram")
        timer, spoken = dialog.get_by_role("timer"), dialog.get_by_role("status")
        await expect(timer).to_have_text("Valid for another 2 minutes")
        await chat.page.clock.run_for(32_000)
        await expect(timer).to_contain_text("seconds")
        # Who listens is not told every second.
        await expect(spoken).to_have_text("Valid for another minute")
        await chat.page.clock.run_for(60_000)
        await expect(dialog.get_by_role("link")).to_have_count(0)
        await expect(spoken).to_contain_text("Its time is up")
        await dialog.get_by_role("button", name="Make a new one").click()
        await expect(timer).to_have_text("Valid for another 2 minutes")
        assert len(server.asked) == 2

        for code, said in (("slow_down", "a lot of tries"), ("link_unavailable", "Telegram just")):
            server.refuse_links = code
            await dialog.get_by_role("button", name="Close").click()
            await choose(chat, "Continue on Telegram")
            await expect(dialog.get_by_role("status")).to_contain_text(said)
        server.refuse_links = None
        await dialog.get_by_role("button", name="Try again").click()
        await expect(dialog.get_by_role("link", name="Open Telegram")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("device", "lang"), [(WIDE, "en"), (PHONE, "nb")], ids=["wide", "phone"])
async def test_axe_finds_nothing_in_the_dialogs(
    browser: Browser, server: ScriptedChat, device: dict[str, Any], lang: str, scheme: str
) -> None:
    server.offers["slack"] = LinkOffer("https://slack.example/app", "KM7P-X2QD-94RT")
    options = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True, **device}
    async with chat_page(browser, f"{server.url}?lang={lang}", **options) as chat:
        await chat.open()
        await chat.say("Hi")
        await expect(chat.line("You said: Hi")).to_be_visible()
        await choose(chat, "Slack")
        dialog = chat.root.get_by_role("dialog").filter(has=chat.page.get_by_role("timer"))
        await expect(dialog.get_by_role("textbox")).to_be_visible()
        assert await violations(chat.page) == [], "the way"
        # Who reads on the phone has no use for a picture to point it at.
        await expect(dialog.locator(".qr")).to_be_visible(visible=device is WIDE)
        await server.link("slack", True)
        await expect(chat.root.locator(".linked")).to_be_visible()
        assert await violations(chat.page) == [], "linked"


async def test_a_sites_own_user_is_said_in_the_greeting(
    browser: Browser, server: ScriptedChat
) -> None:
    async with chat_page(browser, f"{server.url}?lang=en", **WIDE) as chat:
        await chat.root.evaluate(
            """chat => {
                chat.addEventListener("identityrefused",
                    ({ detail }) => (document.body.title = detail.message));
                chat.identify("kim:abc");
            }"""
        )
        # Who is known may have a conversation already, which opening shows.
        assert server.hellos == []
        await chat.open()
        while not server.hellos:  # noqa: ASYNC110 (it comes over the network)
            await asyncio.sleep(0.01)
        assert [hello.get("identity") for hello in server.hellos] == ["kim:abc"]
        await chat.say("Hi")
        await expect(chat.line("You said: Hi")).to_be_visible()

        server.refuse_identity = True
        await chat.root.evaluate("chat => (chat.dataset.identity = 'kim:forged')")
        body = chat.page.locator("body")
        await expect(body).to_have_attribute("title", "Not signed by this site.")
        await chat.say("Still here")
        await expect(chat.line("You said: Still here")).to_be_visible()
        token = server.hellos[-1]["token"]

        server.lines.clear()
        await chat.input.fill("a draft")
        await chat.root.evaluate("chat => chat.signOut()")
        await chat.expect_lines()
        await expect(chat.input).to_have_value("")
        stored = await chat.page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}])"
        )
        assert token not in stored
        assert "Still here" not in stored
        await chat.say("Somebody else")
        await expect(chat.line("You said: Somebody else")).to_be_visible()
        assert "identity" not in server.hellos[-1]
        assert "token" not in server.hellos[-1]


class Telegram(LinkTarget):
    name = "telegram"
    title = "Telegram"

    async def offer(self, code: LinkCode) -> LinkOffer:
        return LinkOffer(f"https://t.me/nordlys_bot?start={code.code}")


async def test_with_the_real_server_what_is_said_elsewhere_is_seen_here(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    async with (
        web_gateway(redis_url, tmp_path, link_targets=[Telegram()]) as gateway,
        answering(gateway.turns),
    ):
        reception = Reception(
            gateway.inbox, gateway.identities, MessageMetrics(CollectorRegistry())
        )
        kari = ChannelIdentity("telegram", "42")
        user = {"sub": "kari", "exp": int(time.time()) + 600}
        identity = jwt.encode(user, SECRET, algorithm="HS256")
        async with chat_page(browser, f"{gateway.url}?lang=en", **WIDE) as chat:
            await chat.root.evaluate("(chat, token) => chat.identify(token)", identity)
            await chat.open()
            await chat.say("Here")
            await expect(chat.line("You said: Here")).to_be_visible()
            await choose(chat, "Continue on Telegram")
            dialog = chat.root.get_by_role("dialog", name="Continue on Telegram")
            way = await dialog.get_by_role("link", name="Open Telegram").get_attribute("href")
            assert way is not None
            await expect(dialog.get_by_role("img", name="QR code")).to_be_visible()
            hello = Arrival(kari, "1", "/start", time.time(), metadata={"locale": "en"})
            await reception.link(hello, way.partition("=")[2])
            await expect(dialog.get_by_role("status")).to_contain_text("Connected")
            await dialog.get_by_role("button", name="Close").click()
            await reception.take(Arrival(kari, "2", "There", time.time()))
            await expect(chat.line("You said: There")).to_be_visible()
            told = chat.messages.filter(has=chat.page.get_by_text("There", exact=True))
            await expect(told.locator(".meta")).to_contain_text("on Telegram")
            await choose(chat, "Disconnect Telegram")
            await chat.root.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
            await chat.menu.click()
            await expect(
                chat.root.get_by_role("button", name="Continue on Telegram")
            ).to_be_visible()
            await reception.take(Arrival(kari, "3", "On my own", time.time()))

        # The same user on another machine has the same conversation, without what was split off.
        async with chat_page(browser, f"{gateway.url}?lang=en", **WIDE) as chat:
            await chat.root.evaluate("(chat, token) => chat.identify(token)", identity)
            await chat.open()
            await expect(chat.line("You said: There")).to_be_visible()
            await expect(chat.line("Here")).to_be_visible()
            await expect(chat.line("On my own")).to_have_count(0)
