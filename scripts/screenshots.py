"""Takes docs/images/chat*.png: a conversation with the demo's real bot, in a real browser.

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

from tests.browser import Chat, chat_page, chromium
from tests.running import running_flerkanal

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE: dict[str, Any] = {"viewport": {"width": 1360, "height": 850}, "device_scale_factor": 1.5}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
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


def main() -> None:
    """Take all pictures of the Flerkanal named on the command line, else of one of our own."""
    if len(sys.argv) > 1:
        asyncio.run(take_all(sys.argv[1].rstrip("/")))
        return
    with tempfile.TemporaryDirectory() as folder, running_flerkanal(Path(folder)) as flerkanal:
        asyncio.run(take_all(flerkanal.url))


if __name__ == "__main__":
    main()
