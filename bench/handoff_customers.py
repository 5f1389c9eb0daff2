"""Customers on the web chat who want a person, each with a socket of its own."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import websockets

from bench.scripted_worker import ASKS, BACK, THANKS

RATING = 5


@dataclass
class Said:
    """A message of a customer's. Times are of this process's clock, in seconds.

    `to_person`: somebody had the conversation when it was said, so it must reach their stream.
    """

    id: str
    text: str
    sent_at: float
    to_person: bool
    payload: str | None = None
    accepted_at: float | None = None


@dataclass
class Heard:
    """A line that a customer was sent."""

    id: str
    author: str
    text: str
    at: float
    name: str | None = None


class Customer:
    """Asks for a person, answers whatever that one asks, and rates them; `done` then.

    Comes back by itself with what the server has not accepted, as the widget does. Who hears nothing
    from a person for `patience` seconds writes again.
    """

    def __init__(
        self, number: int, url: str, *, think: float, patience: float, chance: random.Random
    ) -> None:
        self.number = number
        self.said: dict[str, Said] = {}
        self.heard: dict[str, Heard] = {}
        self.twice: list[str] = []
        self.connections = 0
        self.done = asyncio.Event()
        self._url = url
        self._think = think
        self._patience = patience
        self._chance = chance
        self._token: str | None = None
        self._cursor: str | None = None
        self._socket: Any = None
        self._reaction: asyncio.Task[None] | None = None
        self._heard_at = time.perf_counter()
        self._returned = False

    async def run(self) -> None:
        """Until cancelled."""
        first = asyncio.create_task(self._begin())
        nagging = asyncio.create_task(self._nag())
        try:
            while True:
                with suppress(OSError, websockets.WebSocketException, asyncio.TimeoutError):  # type: ignore[attr-defined]
                    await self._converse()
                await asyncio.sleep(self._chance.uniform(0.1, 0.5))
        finally:
            for task in (first, nagging, self._reaction):
                if task is not None:
                    task.cancel()

    async def _converse(self) -> None:
        async with websockets.connect(self._url, max_queue=None) as socket:  # type: ignore[attr-defined]
            hello = {"type": "hello", "locale": "en", "token": self._token, "after": self._cursor}
            await socket.send(json.dumps({k: v for k, v in hello.items() if v is not None}))
            try:
                async for raw in socket:
                    await self._receive(json.loads(raw), socket)
            finally:
                self._socket = None

    async def _receive(self, frame: dict[str, Any], socket: Any) -> None:
        kind = frame["type"]
        if kind == "welcome":
            self.connections += 1
            self._token = frame["token"]
            for line in frame["messages"]:
                self._hear(line, again=frame["replace"])
            self._cursor = frame["cursor"] or self._cursor
            self._socket = socket
            for said in self.said.values():
                if said.accepted_at is None:
                    await self._send(said)
        elif kind == "message":
            self._cursor = frame["cursor"]
            self._hear(frame)
        elif kind == "accepted":
            self.said[frame["id"]].accepted_at = time.perf_counter()
        elif kind == "error":
            raise OSError(f"customer {self.number}: {frame}")

    def _hear(self, line: dict[str, Any], *, again: bool = False) -> None:
        if line["from"] == "customer":
            return
        if line["id"] in self.heard:
            if not again:
                self.twice.append(line["id"])
            return
        self._heard_at = time.perf_counter()
        content = line["content"]
        heard = Heard(
            line["id"], line["from"], content.get("text", ""), self._heard_at, line.get("name")
        )
        self.heard[line["id"]] = heard
        if heard.author == "staff" and heard.text.endswith("?"):
            self._react(lambda: self._say(f"#{self.number} answers {heard.text}", to_person=True))
        elif content["kind"] == "rating":
            payload = content["payload"].replace("$rating", str(RATING))
            self._react(lambda: self._say(str(RATING), payload=payload))
        elif heard.text == BACK:
            self._returned = True
            self._react(lambda: self._say(f"#{self.number} thanks the bot"))
        elif heard.text == THANKS or (self._returned and heard.text.startswith("The bot heard:")):
            self.done.set()

    def _react(self, act: Callable[[], Any]) -> None:
        async def later() -> None:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self._think)
            await act()

        self._reaction = asyncio.create_task(later())

    async def _begin(self) -> None:
        await self._say(f"#{self.number} {ASKS}")

    async def _nag(self) -> None:
        while not self.done.is_set():
            await asyncio.sleep(self._patience / 4)
            has_spoken = any(line.author == "staff" for line in self.heard.values())
            if has_spoken and time.perf_counter() - self._heard_at > self._patience:
                self._heard_at = time.perf_counter()
                await self._say(f"#{self.number} is still there")

    async def _say(self, text: str, *, to_person: bool = False, payload: str | None = None) -> None:
        said = Said(str(uuid.uuid4()), text, time.perf_counter(), to_person, payload)
        self.said[said.id] = said
        await self._send(said)

    async def _send(self, said: Said) -> None:
        if self._socket is None:
            return
        frame = {"type": "message", "id": said.id, "text": said.text}
        if said.payload is not None:
            frame["payload"] = said.payload
        with suppress(OSError, websockets.WebSocketException):  # type: ignore[attr-defined]
            await self._socket.send(json.dumps(frame))


@dataclass
class Crowd:
    """All customers of a trial."""

    customers: list[Customer] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many are."""
        return sum(customer.done.is_set() for customer in self.customers)
