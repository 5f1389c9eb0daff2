"""Takes docs/images/console-figures*.png: the figures of an invented company, in a real browser.

    .venv/bin/python -m scripts.figures_screenshots

Needs the development packages and Chromium.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from bot.model.staff import Role
from bot.record.database import Database, open_engine, transaction
from bot.record.migrate import migrate
from tests import figures_data
from tests.browser import chromium
from tests.figures_console import NOW, figures_console
from tests.staff import PASSWORD, staff_of

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 1180}, "device_scale_factor": 1.5}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
SHOTS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "console-figures": (WIDE, "light", ""),
    "console-figures-dark": (WIDE, "dark", "?split=topic&channel=web"),
    "console-figures-phone": (PHONE, "light", ""),
}


async def take(browser: Browser, url: str, name: str) -> None:
    """One picture, from the tiles on where the form fills a phone."""
    device, scheme, query = SHOTS[name]
    context = await browser.new_context(**device, color_scheme=scheme, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{url}/console/sign-in")
    await page.locator("[name=login]").fill("sigrid")
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("[name=password]").press("Enter")
    await page.wait_for_url("**/console/figures")
    await page.goto(f"{url}/console/figures{query}")
    if device is PHONE:
        await page.locator(".tiles").evaluate("tiles => scrollTo(0, tiles.offsetTop - 70)")
    await page.screenshot(path=IMAGES / f"{name}.png")
    await context.close()


async def main() -> None:
    """All pictures."""
    with tempfile.TemporaryDirectory() as folder:
        dsn = f"sqlite:///{folder}/record.sqlite3"
        migrate(dsn)
        engine = open_engine(dsn)
        with transaction(engine, write=True) as connection:
            figures_data.fill(connection, NOW.date(), 90, 220)
        database = Database(engine)
        with staff_of(database) as staff:
            await staff.add("sigrid", Role.SUPERVISOR, name="Sigrid Dahl")
            async with figures_console(staff) as url, chromium() as browser:
                for name in SHOTS:
                    await take(browser, url, name)
        database.close()


if __name__ == "__main__":
    asyncio.run(main())
