"""Customers of the platforms, and the platforms' own patience: an event comes until it is taken."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.load import Conversation
from bench.platforms import Platform
from tests.channels.base import Event

# How long an answer may take until the customer writes on, in seconds; the audit finds it missing.
PATIENCE = 90.0
# Within how many seconds the first customers come.
RAMP = 15.0
# How often a platform delivers an event again although it was taken: its 200 got lost.
REPEATED = 0.05
# How often a customer waits for the answer before the next message.
WAITS = 0.7


@dataclass
class Chat:
    """One customer's conversation: what was sent, by the platform's ids."""

    platform: Platform
    name: str
    script: Conversation
    event_ids: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the platform is to bring the answers."""
        return self.platform.customers.address(self.name)

    @property
    def conversation(self) -> str:
        """The conversation's id."""
        return self.platform.customers.conversation(self.name)


@dataclass
class Posts:
    """The webhooks' answers, over all customers of a platform. `seconds` of those that were 200."""

    seconds: list[float] = field(default_factory=list)
    again: int = 0
    repeated: int = 0


class Customers:
    """Holds conversations on one platform, `at_once` at a time."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        platform: Platform,
        scripts: Sequence[Conversation],
        chance: random.Random,
        sent: Callable[[], None],
    ) -> None:
        self._client = client
        self._platform = platform
        self._scripts = scripts
        self._chance = chance
        self._sent = sent
        self._repeating: set[asyncio.Task[None]] = set()
        self.posts = Posts()
        self.chats: list[Chat] = []

    async def hold(self, conversations: int, at_once: int) -> None:
        """Returns once all events were taken."""
        waiting = iter(range(conversations))

        async def customer() -> None:
            # They do not all come at the same moment.
            await asyncio.sleep(self._chance.uniform(0.0, RAMP))
            for number in waiting:
                script = self._scripts[number % len(self._scripts)]
                chat = Chat(self._platform, f"c{number:05}", script)
                self.chats.append(chat)
                await self._talk(chat)

        await asyncio.gather(*(customer() for _ in range(at_once)))
        await asyncio.gather(*self._repeating)

    async def _talk(self, chat: Chat) -> None:
        for number, step in enumerate(chat.script.steps):
            before = len(self._platform.taken.get(chat.address, ()))
            event = self._platform.customers.written(chat.name, step.say, f"e{number}")
            chat.event_ids.append(event_id(event))
            await self._post(event)
            self._sent()
            if self._chance.random() < REPEATED:
                task = asyncio.create_task(self._repeat(event, self._chance.uniform(0.0, 2.0)))
                self._repeating.add(task)
                task.add_done_callback(self._repeating.discard)
            if self._chance.random() < WAITS:
                await self._until_answered(chat.address, before)
            else:
                await asyncio.sleep(self._chance.uniform(0.0, 1.0))

    async def _until_answered(self, address: str, before: int) -> None:
        def answered() -> bool:
            return len(self._platform.taken.get(address, ())) > before

        async def wait() -> None:
            async with self._platform.arrived:
                await self._platform.arrived.wait_for(answered)

        try:
            await asyncio.wait_for(wait(), PATIENCE)
        except asyncio.TimeoutError:
            return

    async def _repeat(self, event: Event, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.posts.repeated += 1
        await self._post(self._platform.customers.repeated(event))

    async def _post(self, event: Event) -> None:
        customers = self._platform.customers
        while True:
            # Signed anew each time, as the platforms do.
            signed = customers.signed(event.body)
            began = time.perf_counter()
            try:
                response = await self._client.post(
                    customers.path, content=signed.body, headers=dict(signed.headers)
                )
                status = response.status_code
            except httpx.HTTPError:
                status = 0
            if status == 200:
                self.posts.seconds.append(time.perf_counter() - began)
                return
            self.posts.again += 1
            await asyncio.sleep(0.2)


def event_id(event: Event) -> str:
    """The platform's id of an event that `PlatformUnderTest.written` has made."""
    data: dict[str, Any] = json.loads(event.body)
    if "update_id" in data:
        return str(data["update_id"])
    if "event_id" in data:
        return str(data["event_id"])
    message: dict[str, Any] = data["entry"][0]["messaging"][0]["message"]
    return str(message["mid"])
