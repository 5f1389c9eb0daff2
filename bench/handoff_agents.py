"""Members of staff at the console, over real HTTP and a stream of server-sent events each."""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.errors import BenchError

_CSRF = re.compile(r'data-csrf="([^"]+)"')
_CLAIM = re.compile(r"/handoffs/([^/\"]+)/claim")
_MINE = re.compile(r'data-conversation="([^"]+)"')
_HANDOFF = re.compile(r'data-handoff="([^"]+)"')
_NUMBER = re.compile(r"#(\d+) ")
# How long an agent goes on trying while the gateway is away, in seconds.
_PERSISTENCE = 60.0
NOTE = "private: between us"


@dataclass
class Case:
    """What the agents know of a customer, whoever has them. `plan`: close, return or transfer."""

    plan: str
    asked: int = 0
    transferred: bool = False
    ended: bool = False


@dataclass
class Office:
    """What all agents share: the cases by the customer's number, and who is who.

    `told`: for each handoff, the agents whom the server told that they have it, in that order.
    `spoken`: what was said in each conversation, by whom, in order. `said_at`: when each text was
    sent, by conversation and text.
    """

    exchanges: int
    think: float
    cases: Mapping[int, Case]
    numbers: dict[str, int] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=dict)
    races: list[tuple[str, str, bool]] = field(default_factory=list)
    spoken: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    said_at: dict[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A request's: its status, what is in it, and how long it took, in seconds."""

    status: int
    data: Any
    seconds: float


class Agent:
    """Signs in, follows the stream, takes conversations and works on them, one thing after the other."""

    def __init__(self, base_url: str, login: str, password: str, name: str, office: Office) -> None:
        self.login = login
        self.name = name
        self.staff_id = ""
        self.office = office
        self.colleague: Agent | None = None
        # What the stream brought: a message's id, and when.
        self.rung: dict[str, float] = {}
        self.claims: list[float] = []
        self.streams = 0
        self.listening = asyncio.Event()
        self._password = password
        self._handoffs: dict[str, str] = {}
        self._csrf = ""
        self._todo: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(15.0, read=30.0),
            trust_env=False,
            headers={"Accept": "application/json"},
        )

    async def sign_in(self) -> None:
        """As a browser does. Raises BenchError."""
        form = {"login": self.login, "password": self._password}
        answer = await self._client.post("/console/sign-in", data=form)
        if answer.status_code != 303:
            raise BenchError(
                f"{self.login} can't sign in: {answer.status_code} {answer.text[:300]}"
            )
        page = await self._client.get("/console/account", headers={"Accept": "text/html"})
        found = _CSRF.search(page.text)
        staff = re.search(r'data-staff="([^"]+)"', page.text)
        if found is None or staff is None:
            raise BenchError(f"no token on the page of {self.login}: {page.status_code}")
        self._csrf, self.staff_id = found[1], staff[1]
        self._client.headers["X-CSRF-Token"] = self._csrf

    async def run(self) -> None:
        """Follow the stream and work, until cancelled."""
        following = asyncio.create_task(self._follow())
        try:
            while True:
                await self._work(*await self._todo.get())
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await self._client.aclose()

    async def queue(self) -> Sequence[str]:
        """The handoffs that the page of the queue shows."""
        page = await self._client.get("/console/queue", headers={"Accept": "text/html"})
        return list(dict.fromkeys(_CLAIM.findall(page.text)))

    async def race(self, handoff_id: str) -> None:
        """Try to get one that others try to get as well."""
        answer = await self._post(f"/console/handoffs/{handoff_id}/claim")
        self.office.races.append((handoff_id, self.name, answer.status == 200))
        if answer.status == 200:
            self.claims.append(answer.seconds)
            await self._got(answer.data["conversation"], handoff_id)
        elif answer.data["error"]["code"] != "taken":
            raise BenchError(f"{self.name}: {answer.data}")

    async def claim_next(self) -> bool:
        """Take the one that has waited longest; False where there is none, or no room for one."""
        answer = await self._post("/console/queue/next")
        if answer.status == 409 and answer.data["error"]["code"] == "full":
            return False
        if answer.status != 200:
            raise BenchError(f"{self.name}: {answer.data}")
        if answer.data["handoff"] is None:
            return False
        self.claims.append(answer.seconds)
        await self._got(answer.data["conversation"], answer.data["handoff"])
        return True

    async def _got(self, conversation: str, handoff_id: str) -> None:
        if self._handoffs.get(conversation) == handoff_id:
            return
        self._handoffs[conversation] = handoff_id
        self.office.told.setdefault(handoff_id, []).append(self.name)
        self._todo.put_nowait(("greet", conversation))

    # the stream

    async def _follow(self) -> None:
        while True:
            with suppress(httpx.HTTPError):
                async with self._client.stream(
                    "GET",
                    "/console/stream",
                    headers={"Accept": "text/event-stream"},
                    timeout=httpx.Timeout(15.0, read=60.0),
                ) as response:
                    if response.status_code != 200:
                        raise BenchError(f"the stream answers {response.status_code}")
                    self.streams += 1
                    self.listening.set()
                    if self.streams > 1:
                        await self._look_again()
                    async for event, data in _events(response.aiter_lines()):
                        await self._hear(event, data)
            await asyncio.sleep(0.2)

    async def _hear(self, event: str, data: Any) -> None:
        now = time.perf_counter()
        if event == "heard":
            self.rung.setdefault(data["id"], now)
            number = _NUMBER.match(data["text"])
            if number is not None:
                self.office.numbers[data["conversation"]] = int(number[1])
            self._todo.put_nowait(("answer", data["conversation"]))
        elif event == "handoff":
            if data["owner"] == self.staff_id:
                await self._got(data["conversation"], data["handoff"])
            else:
                self._handoffs.pop(data["conversation"], None)
        elif event == "resync":
            await self._look_again()

    async def _look_again(self) -> None:
        """What is mine, as the page says: something may have been missed."""
        page = await self._client.get("/console/conversations", headers={"Accept": "text/html"})
        for conversation in dict.fromkeys(_MINE.findall(page.text)):
            if conversation in self._handoffs:
                continue
            one = await self._client.get(
                "/console/conversations",
                params={"c": conversation},
                headers={"Accept": "text/html"},
            )
            found = _HANDOFF.search(one.text)
            if found is not None:
                await self._got(conversation, found[1])

    # the work

    async def _work(self, what: str, conversation: str) -> None:
        handoff_id = self._handoffs.get(conversation)
        if handoff_id is None:
            return
        await asyncio.sleep(self.office.think)
        if what == "greet":
            await self._say(handoff_id, conversation, f"This is {self.name}, what is it about?")
            return
        number = self.office.numbers[conversation]
        case = self.office.cases[number]
        case.asked += 1
        if case.asked < self.office.exchanges:
            question = f"{self.name} asks #{number} for the {case.asked}. time?"
            await self._say(handoff_id, conversation, question)
        elif case.plan == "return":
            await self._step(handoff_id, conversation, "return", {"slot.order_number": str(number)})
            case.ended = True
        elif case.plan == "transfer" and not case.transferred and self.colleague is not None:
            case.transferred, case.asked = True, self.office.exchanges - 1
            fields = {"to": f"staff:{self.colleague.staff_id}", "note": f"{NOTE} #{number}"}
            await self._step(handoff_id, conversation, "transfer", fields)
        else:
            await self._say(handoff_id, conversation, f"{self.name} says goodbye to #{number}.")
            await self._step(handoff_id, conversation, "close", {"resolved": "yes", "note": NOTE})
            case.ended = True

    async def _say(self, handoff_id: str, conversation: str, text: str) -> None:
        fields = {"text": text, "message_id": f"b{uuid.uuid4().hex}"}
        self.office.said_at[conversation, text] = time.perf_counter()
        answer = await self._post(f"/console/handoffs/{handoff_id}/say", fields)
        if answer.status >= 300:
            raise BenchError(f"{self.name} can't say {text!r}: {answer.data}")
        self.office.spoken.setdefault(conversation, []).append((self.name, text))

    async def _step(
        self, handoff_id: str, conversation: str, step: str, fields: Mapping[str, str]
    ) -> None:
        answer = await self._post(f"/console/handoffs/{handoff_id}/{step}", fields)
        self._handoffs.pop(conversation, None)
        if answer.status != 200:
            raise BenchError(f"{self.name} can't {step}: {answer.data}")

    async def _post(self, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        deadline = time.monotonic() + _PERSISTENCE
        while True:
            began = time.perf_counter()
            try:
                response = await self._client.post(path, data=dict(fields or {}))
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if response.status_code < 500 or time.monotonic() > deadline:
                    is_json = "json" in response.headers.get("content-type", "")
                    data = response.json() if is_json else response.text[:300]
                    return Answer(response.status_code, data, time.perf_counter() - began)
            await asyncio.sleep(0.2)


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    event, data = "message", ""
    async for line in lines:
        if not line:
            if data:
                yield event, json.loads(data)
            event, data = "message", ""
        elif line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
