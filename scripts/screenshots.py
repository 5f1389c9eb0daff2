"""Takes docs/images/chat*.png: a conversation with the demo's real bot, in a real browser; and, from
a scripted server, kinds of content that the demo has no use for and the way to other channels.

    .venv/bin/python -m scripts.screenshots [http://127.0.0.1:8000]

Give the address of a running Flerkanal; without one it starts its own, in a folder that is thrown
away afterwards. Needs the development packages and Chromium.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, expect

from bot.model.content import Text
from bot.ports import LinkOffer
from channels.web.render import LinkState
from tests.browser import Chat, chat_page, chromium
from tests.kinds import every_kind
from tests.running import running_flerkanal
from tests.scripted_chat import ScriptedChat, scripted_chat

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE: dict[str, Any] = {"viewport": {"width": 1360, "height": 850}, "device_scale_factor": 1.5}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
PANEL: dict[str, Any] = {"viewport": {"width": 480, "height": 900}, "device_scale_factor": 1.5}
NORWEGIAN = ("nb", "Hvor er pakken min?", "10042", "0150")
ENGLISH = ("en", "Where is my order?", "10042", "0150")
SHOTS = {
    "chat": (WIDE, "light", ENGLISH),
    "chat-dark": (WIDE, "dark", NORWEGIAN),
    "chat-phone": (PHONE, "light", NORWEGIAN),
    "chat-phone-dark": (PHONE, "dark", ENGLISH),
}


async def take(browser: Browser, url: str, name: str) -> None:
    """One picture: the conversation up to the order's card."""
    device, scheme, (language, *messages) = SHOTS[name]
    options = {**device, "color_scheme": scheme, "locale": language, "reduced_motion": "reduce"}
    async with chat_page(browser, f"{url}/?lang={language}", **options) as chat:
        await chat.open()
        for count, message in enumerate(messages, start=1):
            await chat.say(message)
            await answered(chat, count)
        await expect(chat.messages.locator(".card")).to_be_visible()
        # Where the keyboard is, is not of interest.
        await chat.input.evaluate("input => input.blur()")
        await chat.page.screenshot(path=IMAGES / f"{name}.png")


async def take_kinds(browser: Browser) -> None:
    """Kinds of content, and the dialog that leads to another channel."""
    shown = ("carousel", "list_choice", "quick_replies")
    server = ScriptedChat(
        lambda said: (
            [every_kind("en", server.url)[name] for name in shown]
            if said["text"] == "kinds"
            else [Text("Gladly.")]
        ),
        [LinkState("telegram", "Telegram", False), LinkState("slack", "Slack", False)],
        {"telegram": LinkOffer("https://t.me/nordlys_bot?start=KM7PX2QD94RTKM7PX2QD94RT")},
    )
    look = {"color_scheme": "light", "locale": "en", "reduced_motion": "reduce"}
    async with scripted_chat(server):
        url = f"{server.url}?lang=en"
        async with chat_page(browser, url, **PANEL, **look) as chat:
            await chat.open()
            await chat.say("kinds")
            await expect(chat.messages.locator(".quick")).to_be_visible()
            await chat.input.evaluate("input => input.blur()")
            await chat.panel.screenshot(path=IMAGES / "chat-kinds.png")
        async with chat_page(browser, url, **WIDE, **look) as chat:
            await chat.open()
            await chat.say("Can I go on with this on my phone?")
            await expect(chat.line("Gladly.")).to_be_visible()
            await chat.menu.click()
            await chat.root.get_by_role("button", name="Continue on Telegram").click()
            dialog = chat.root.get_by_role("dialog", name="Continue on Telegram")
            await expect(dialog.get_by_role("img")).to_be_visible()
            await dialog.screenshot(path=IMAGES / "chat-link.png")
    for name in ("chat-kinds", "chat-link"):
        print(IMAGES / f"{name}.png")


async def answered(chat: Chat, count: int) -> None:
    """Wait until the customer's message number `count` has been answered for good."""
    customer = chat.messages.and_(chat.root.locator(".customer"))
    await expect(customer).to_have_count(count)
    last = chat.messages.last
    await expect(last.and_(chat.root.locator(".bot"))).to_be_visible(timeout=60_000)
    await expect(chat.root.locator(".dots")).to_be_hidden(timeout=60_000)


async def take_all(url: str) -> None:
    """All pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        for name in SHOTS:
            await take(browser, url, name)
            print(IMAGES / f"{name}.png")
        await take_kinds(browser)


def main() -> None:
    """Take all pictures of the Flerkanal named on the command line, else of one of our own."""
    if len(sys.argv) > 1:
        asyncio.run(take_all(sys.argv[1].rstrip("/")))
        return
    with tempfile.TemporaryDirectory() as folder, running_flerkanal(Path(folder)) as flerkanal:
        asyncio.run(take_all(flerkanal.url))


if __name__ == "__main__":
    main()
