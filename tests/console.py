"""The whole console over real stores: gateway, worker, keeper and the desk's clock in the test's own
event loop, with a dialogue by a script; and browsers that are signed in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from bot.app.bootstrap.desk import build_desk, build_keeper
from bot.app.bootstrap.pipeline import build_worker
from bot.handoff.canned import CannedAnswer, CannedAnswers
from bot.handoff.clock import DeskClock
from bot.handoff.desk import SqlDesk
from bot.handoff.teams import Teams
from bot.handoff.views import DeskViews
from bot.model.content import Button, Buttons, Card, Content, Text, content_to_dict
from bot.model.handoff import Cause, HandoffRequest
from bot.model.messages import Inbound
from bot.model.staff import Role, StaffMember
from bot.model.turns import TrackerWindow, TurnResult
from bot.pipeline.redis_streams.client import connect
from bot.ports import DialogueEngine
from bot.record.database import Database, open_engine
from bot.staff.accounts import Accounts
from bot.staff.audit import Audit
from bot.staff.passwords import Passwords
from bot.tasks import cancel
from tests.gateway import RunningGateway, running_gateway

PASSWORD = "a long enough password"
SUGGESTION = Text("Parcels take two to four working days.")
BACK = Text("I am back.")


class ScriptedEngine(DialogueEngine):
    """Keeps events as the real one does, and the last words in a slot. "a person" asks for one, "offer
    x" gets a button and a card with x on it; everything else is echoed.
    """

    version = "scripted"

    async def prepare(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        """An order's number is an entity."""
        return [_parse(message.for_bot) for message in messages]

    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """Asks for a person, or echoes."""
        if "a person" in message.text:
            asked = HandoffRequest(Cause.CUSTOMER_ASKED, topic="order_status")
            return _kept(message, parse, window, [Text("I'll get one of my colleagues.")], asked)
        if message.text.startswith("offer "):
            offered = message.text.removeprefix("offer ")
            buttons = Buttons(offered, (Button(offered, payload="/x"),))
            return _kept(message, parse, window, [buttons, Card(offered, offered, url=offered)])
        return _kept(message, parse, window, [Text(f"You said: {message.for_bot[:300]}")])

    async def listen(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """With one suggestion."""
        return _kept(message, parse, window, [])

    async def resume(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """Sets the slots."""
        back = message.hand_back
        assert back is not None
        events = tuple(
            {"event": "slot", "name": name, "value": value} for name, value in back.slots.items()
        )
        after = TrackerWindow(window.base, window.start, (*window.tail, *events))
        return TurnResult(events, [] if back.quiet else [BACK], after)

    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """Says sorry."""
        return _kept(message, _parse(message.text), window, [Text("Sorry.")])


def _parse(text: str) -> dict[str, Any]:
    number = next((word for word in text.split() if word.isdigit() and len(word) == 5), None)
    entities = [] if number is None else [{"entity": "order_number", "value": number}]
    intent = "talk_to_human" if "a person" in text else "order_status"
    ranking = [
        {"name": intent, "confidence": 0.91},
        {"name": "delivery_time", "confidence": 0.06},
        {"name": "opening_hours", "confidence": 0.02},
    ]
    return {"text": text, "intent": ranking[0], "entities": entities, "intent_ranking": ranking}


def _kept(
    message: Inbound,
    parse: dict[str, Any],
    window: TrackerWindow,
    answers: Sequence[Content],
    request: HandoffRequest | None = None,
) -> TurnResult:
    suggestions = [] if answers else [content_to_dict(SUGGESTION)]
    events: list[dict[str, Any]] = [
        {
            "event": "user",
            "text": message.for_bot,
            "message_id": message.event_id,
            "parse_data": parse,
            "metadata": {"suggestions": suggestions},
        }
    ]
    events += [
        {"event": "slot", "name": entity["entity"], "value": entity["value"]}
        for entity in (*parse["entities"], {"entity": "last_words", "value": message.text})
    ]
    return TurnResult(
        events,
        answers,
        TrackerWindow(window.base, window.start, (*window.tail, *events)),
        language="en",
        intent=parse["intent"]["name"],
        confidence=parse["intent"]["confidence"],
        request=request,
    )


@dataclass
class RunningConsole:
    """Everything behind the console, and the gateway that serves it."""

    gateway: RunningGateway
    database: Database
    accounts: Accounts
    audit: Audit
    desk: SqlDesk
    views: DeskViews
    teams: Teams
    canned: CannedAnswers
    staff: dict[str, StaffMember] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The server's."""
        return self.gateway.address.url

    async def add_staff(
        self, login: str, *roles: Role, name: str | None = None, language: str = "en"
    ) -> StaffMember:
        """An account with the password PASSWORD; an agent's where no role is named."""
        member, _ = await self.accounts.add(
            login,
            name=name or login.title(),
            roles=roles or (Role.AGENT,),
            password=PASSWORD,
            language=language,
        )
        self.staff[login] = member
        return member

    async def customer(self, sender: str, *texts: str) -> str:
        """Lets a customer of the REST channel write; returns the conversation."""
        for text in texts:
            response = await self.gateway.send(text, sender)
            assert response.status_code == 200, response.text
        return f"rest:{sender}"

    async def handoff(self, sender: str, *texts: str) -> str:
        """A customer who asks for a person after these words; returns the handoff once it waits."""
        conversation_id = await self.customer(sender, *texts, "I want a person")
        for _ in range(500):
            handoff = await self.desk.of_conversation(conversation_id)
            if handoff is not None:
                return handoff.id
            await asyncio.sleep(0.02)
        raise AssertionError(f"{conversation_id} never came to the desk")

    async def add_canned(self, shortcut: str, title: str, text: str, language: str = "en") -> None:
        """A canned answer."""
        await self.canned.save(CannedAnswer(shortcut, language, title, text))


@contextlib.asynccontextmanager
async def running_console(
    redis_url: str, folder: Path, **settings: Any
) -> AsyncIterator[RunningConsole]:
    """All of it while the block lasts. Expects an empty Redis."""
    async with running_gateway(redis_url, folder, graceful_seconds=2, **settings) as gateway:
        loaded = gateway.settings
        database = Database(open_engine(loaded.database_dsn))
        redis = connect(redis_url)
        desk = build_desk(loaded, redis, database)
        consumers = [
            build_worker(loaded, redis, ScriptedEngine(), "worker", pushed=()),
            build_keeper(loaded, redis, database, desk, "keeper"),
        ]
        passwords = Passwords(threads=1, memory_kib=8, passes=1)
        stop = asyncio.Event()
        tasks = [asyncio.create_task(consumer.run(stop)) for consumer in consumers]
        clock = asyncio.create_task(DeskClock(desk, every=0.3).run())
        try:
            yield RunningConsole(
                gateway,
                database,
                Accounts(database, passwords),
                Audit(database),
                desk,
                DeskViews(database, gone_seconds=loaded.agent_gone_seconds),
                Teams(database),
                CannedAnswers(database),
            )
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await cancel([clock])
            passwords.close()
            database.close()
            await redis.close()
            await redis.connection_pool.disconnect()


class Faults:
    """What a browser complained of: errors of scripts, and what the policy refused."""

    def __init__(self, context: BrowserContext) -> None:
        self.said: list[str] = []
        context.on("weberror", lambda fault: self.said.append(str(fault.error)))
        context.on(
            "console",
            lambda said: self.said.append(said.text) if said.type == "error" else None,
        )

    def check(self, tolerated: Sequence[str] = ()) -> None:
        """Raises AssertionError where there was any but for what holds one of `tolerated`."""
        left = [one for one in self.said if not any(part in one for part in tolerated)]
        assert not left, left


@contextlib.asynccontextmanager
async def signed_in(
    browser: Browser,
    console: RunningConsole,
    login: str,
    path: str = "/console",
    *,
    tolerated: Sequence[str] = (),
    **options: Any,
) -> AsyncIterator[Page]:
    """A page of somebody who has signed in, in a browser of their own. Whatever the browser
    complains of fails the test at the end, but for what holds one of `tolerated`.
    """
    given: Mapping[str, Any] = {"locale": "en-GB", "viewport": {"width": 1360, "height": 850}}
    context = await browser.new_context(**{**given, **options})
    context.set_default_timeout(10_000)
    faults = Faults(context)
    try:
        page = await context.new_page()
        await page.goto(f"{console.url}/console/sign-in")
        await page.locator("input[name=login]").fill(login)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.locator("input[name=password]").press("Enter")
        await expect(page.locator("header.shell")).to_be_attached()
        await page.goto(f"{console.url}{path}")
        await expect(page.locator("body[data-connected=yes]")).to_be_attached()
        yield page
    finally:
        await context.close()
    faults.check(tolerated)
