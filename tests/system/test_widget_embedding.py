"""The widget on somebody else's site, under the strictest policy."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.model.people import LinkCode
from bot.ports import LinkOffer, LinkTarget
from tests.browser import chat_page, chromium
from tests.fakes import answering
from tests.serving import serving
from tests.web_gateway import web_gateway

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

# A site of the wilder kind, whose styles must not reach into the widget.
PAGE = """<!doctype html><html lang="en"><title>A shop</title>
<style nonce="n">
  html {{ font-size: 62.5% }} * {{ text-transform: uppercase; letter-spacing: 9px }}
  button, textarea, dialog {{ display: none !important; color: red }}
</style>
<h1>A shop</h1>
<script src="{server}widget.js" data-channel="web" data-accent="#5b2a86" data-title="The shop"
  data-theme="dark" async></script>"""


class Elsewhere(LinkTarget):
    name = "elsewhere"
    title = "Elsewhere"

    async def offer(self, code: LinkCode) -> LinkOffer:
        return LinkOffer(f"https://elsewhere.example/{code.code}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as it:
        yield it


@contextlib.asynccontextmanager
async def shop(server: list[str]) -> AsyncIterator[str]:
    """Another site, whose page carries the widget of `server[0]`."""

    async def page(_: Request) -> HTMLResponse:
        address = server[0]
        policy = (
            f"default-src 'none'; script-src {address}; style-src 'nonce-n';"
            f" connect-src {address.replace('http', 'ws', 1)};"
            " require-trusted-types-for 'script'; trusted-types 'none'"
        )
        headers = {"Content-Security-Policy": policy}
        return HTMLResponse(PAGE.format(server=address), headers=headers)

    async with serving(Starlette(routes=[Route("/", page)])) as port:
        yield f"http://127.0.0.1:{port}"


async def test_it_works_on_an_allowed_site_and_keeps_its_looks(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    server: list[str] = []
    async with (
        shop(server) as origin,
        web_gateway(
            redis_url, tmp_path, allowed_origins=(origin,), link_targets=[Elsewhere()]
        ) as gateway,
        answering(gateway.turns),
    ):
        server.append(gateway.url)
        picture = "Loading the image 'data:image/svg+xml"
        async with chat_page(browser, f"{origin}/", [picture], locale="en-GB") as chat:
            await chat.open()
            await expect(chat.panel).to_have_accessible_name("The shop")
            await chat.say("Hello")
            await chat.expect_lines("Hello", "You said: Hello")
            look = await chat.input.evaluate(
                """input => { const style = getComputedStyle(input);
                    return [style.textTransform, style.letterSpacing, style.fontSize]; }"""
            )
            assert look == ["none", "normal", "16px"]
            ground = await chat.panel.evaluate("panel => getComputedStyle(panel).backgroundColor")
            assert ground == "rgb(18, 27, 34)"

            # This site allows no pictures, so that there is a link and no code for a phone.
            await chat.menu.click()
            await chat.root.get_by_role("button", name="Continue on Elsewhere").click()
            await expect(chat.root.get_by_role("link", name="Open Elsewhere")).to_be_visible()
            await expect(chat.root.locator(".qr")).to_have_count(0)


async def test_on_a_site_that_is_not_allowed_it_says_that_there_is_no_connection(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    server: list[str] = []
    async with shop(server) as origin, web_gateway(redis_url, tmp_path) as gateway:
        server.append(gateway.url)
        async with chat_page(browser, f"{origin}/", locale="en-GB") as chat:
            await chat.open()
            await chat.say("Hello")
            await expect(chat.network).to_contain_text("No connection")
            assert await gateway.waiting() == 0
