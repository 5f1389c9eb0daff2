"""A real Chromium for tests, a page with the chat on it, and a network that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium (or the one that CHROMIUM names), else Playwright's own."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


class Chat:
    """The widget on a page, as a person uses it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator("flerkanal-chat")
        self.launcher = self.root.locator(".launcher")
        self.panel = self.root.locator(".panel")
        self.log = self.root.get_by_role("log")
        self.input = self.root.locator("textarea")
        self.menu = self.root.locator("[aria-controls=options]")
        self.network = self.root.locator(".network")
        self.messages = self.log.locator(".message:not(.intro *)")

    async def open(self) -> None:
        """Press the launcher."""
        await self.launcher.click()
        await expect(self.panel).to_be_visible()

    async def say(self, text: str) -> None:
        """Write and press Enter."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def lines(self) -> list[str]:
        """What stands in the log, one line a message, without times and who said it."""
        bubbles = self.messages.locator(".bubble, .card h3")
        return [text.strip() for text in await bubbles.all_inner_texts()]

    def line(self, text: str) -> Locator:
        """A message's bubble by its exact words."""
        return self.messages.locator(".bubble").get_by_text(text, exact=True)

    async def expect_lines(self, *texts: str, seconds: float = 15.0) -> None:
        """Wait until the log says exactly this. Raises AssertionError with what it says instead."""
        deadline = asyncio.get_running_loop().time() + seconds
        while (lines := await self.lines()) != list(texts):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"the log says {lines}, not {list(texts)}")
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def chat_page(
    browser: Browser, url: str, tolerated: Sequence[str] = (), **options: Any
) -> AsyncIterator[Chat]:
    """A page in a context of its own. Errors of its scripts fail the test at the end, and so does
    what the browser complains of but for what holds one of `tolerated`.
    """
    options.setdefault("locale", "nb-NO")
    options.setdefault("viewport", {"width": 1280, "height": 800})
    context = await browser.new_context(**options)
    context.set_default_timeout(15_000)
    faults: list[str] = []

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error":
            faults.append(said.text)

    context.on("weberror", lambda fault: faults.append(str(fault.error)))
    context.on("console", heard)
    try:
        page = await context.new_page()
        await page.goto(url)
        yield Chat(page)
    finally:
        await context.close()
    # A browser reports each connection that fails; the tests cut some on purpose.
    tolerated = ("net::ERR", "WebSocket", *tolerated)
    faults = [fault for fault in faults if not any(part in fault for part in tolerated)]
    assert not faults, faults


async def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds on page and widget: against WCAG 2.2 A and AA and its best practices, or
    against the rules that are named.
    """
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": _TAGS}
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only
    )
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


class Wire:
    """A network between a browser and a server: it can be cut, and go silent."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0

    async def mend(self) -> None:
        """Let connections through, on the same port as before."""
        self._flowing.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all connections and refuse new ones."""
        assert self._server is not None
        self._server.close()
        self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        self._flowing.set()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def silence(self) -> None:
        """Keep connections open, and let nothing through: what a lost mobile network looks like."""
        self._flowing.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, onward_writer}
        try:
            await asyncio.gather(
                self._pump(reader, onward_writer), self._pump(onward_reader, writer)
            )
        finally:
            for end in (writer, onward_writer):
                self._writers.discard(end)
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                if writer.is_closing():
                    break
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def wire(target: int) -> AsyncIterator[Wire]:
    """A wire to a port of this machine, mended to begin with."""
    it = Wire(target)
    await it.mend()
    try:
        yield it
    finally:
        if it._server is not None:
            await it.cut()
