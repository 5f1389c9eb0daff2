from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from bot.model.staff import Role
from tests.console import PASSWORD, RunningConsole, running_console

_TOKEN = re.compile(r'data-csrf="([^"]+)"')


class Session:
    """A browser's part, without a browser."""

    def __init__(self, client: httpx.AsyncClient, csrf: str) -> None:
        self.client = client
        self.csrf = csrf

    async def post(self, path: str, data: dict[str, Any], **options: Any) -> httpx.Response:
        headers = {"X-CSRF-Token": self.csrf, "Accept": "application/json"}
        return await self.client.post(path, data=data, headers=headers, **options)

    @contextlib.asynccontextmanager
    async def stream(self, conversation: str | None = None) -> AsyncIterator[Stream]:
        params = {} if conversation is None else {"c": conversation}
        async with self.client.stream("GET", "/console/stream", params=params) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Stream(response)


class Stream:
    """An event stream, read as a browser reads it."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def event(self, seconds: float = 5.0) -> tuple[str, Any]:
        """The next one. Raises StopAsyncIteration at the end, asyncio.TimeoutError."""
        name = ""
        while True:
            line = await asyncio.wait_for(anext(self._lines), seconds)
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))

    async def until(self, name: str, **values: Any) -> dict[str, Any]:
        """The next event of that name in whose data these values are."""
        while True:
            got, data = await self.event()
            if got == name and all(data.get(key) == value for key, value in values.items()):
                found: dict[str, Any] = data
                return found


@contextlib.asynccontextmanager
async def session(console: RunningConsole, login: str) -> AsyncIterator[Session]:
    async with httpx.AsyncClient(base_url=console.url, trust_env=False, timeout=15) as client:
        fields = {"login": login, "password": PASSWORD}
        response = await client.post("/console/sign-in", data=fields)
        assert response.status_code == 303, response.text
        found = _TOKEN.search((await client.get("/console/account")).text)
        assert found is not None
        yield Session(client, found[1])


async def test_who_has_a_conversation_hears_the_customer_wherever_they_are(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        kari = await console.add_staff("kari")
        await console.add_staff("per")
        handoff_id = await console.handoff("anna")
        async with session(console, "kari") as one, session(console, "per") as other:
            async with one.stream() as mine, other.stream() as theirs:
                await theirs.until("queue", waiting=1)
                claimed = await one.post(f"/console/handoffs/{handoff_id}/claim", {})
                assert claimed.json()["owner"] == kari.id
                step = await mine.until("handoff", yours=True)
                assert step["handoff"] == handoff_id
                await theirs.until("queue", waiting=0)

                began = time.perf_counter()
                await console.customer("anna", "Hello?")
                heard = await mine.until("heard")
                assert time.perf_counter() - began < 2
                assert (heard["text"], heard["conversation"]) == ("Hello?", "rest:anna")
                assert heard["handoff"] == handoff_id
                # Somebody else's customer is nobody else's bell: the next thing they hear of is
                # another handoff.
                await console.handoff("bjorn")
                name, data = await theirs.event()
                assert (name, data) == ("queue", {"waiting": 1})


async def test_who_looks_at_a_conversation_gets_its_lines_and_each_once(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        kari = await console.add_staff("kari", language="nb")
        handoff_id = await console.handoff("anna")
        async with session(console, "kari") as one, one.stream("rest:anna") as stream:
            await console.desk.claim(handoff_id, kari.agent)
            await stream.until("handoff", yours=True)
            lines = (await stream.until("lines"))["html"]
            assert "Kari tok samtalen" in lines
            await console.customer("anna", "first")
            await console.customer("anna", "second")
            seen = ""
            while "second" not in seen:
                seen += (await stream.until("lines"))["html"]
            keys = re.findall(r'data-key="([^"]+)"', lines + seen)
            assert len(keys) == len(set(keys))
            assert seen.index("first") < seen.index("second")
            understood = (await stream.until("understood"))["understood"]
            assert any("order_status" in html for html in understood.values())

            said = await one.post(
                f"/console/handoffs/{handoff_id}/say", {"text": "Hei!", "message_id": "m1"}
            )
            again = await one.post(
                f"/console/handoffs/{handoff_id}/say", {"text": "Hei!", "message_id": "m1"}
            )
            assert (said.status_code, again.status_code) == (200, 200)
            lines = (await stream.until("lines"))["html"]
            assert lines.count("Hei!") == 1
            answer = await one.client.get("/console/conversations", params={"c": "rest:anna"})
            assert answer.text.count("Hei!") == 1


async def test_a_stream_ends_with_its_session_and_with_the_server(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        await console.add_staff("kari")
        await console.add_staff("per", Role.ADMINISTRATOR)
        async with (
            session(console, "kari") as one,
            session(console, "per") as other,
            one.stream() as ending,
            other.stream() as going_on,
        ):
            assert (await ending.event())[0] == "hello"
            assert (await going_on.event())[0] == "hello"
            await console.accounts.disable(console.staff["kari"].id, by=None)
            while (await ending.event(15.0))[0] != "bye":
                pass
            assert (await one.client.get("/console/stream")).status_code in {303, 401}

            began = time.perf_counter()
            console.gateway.stop.set()
            with contextlib.suppress(StopAsyncIteration, httpx.RemoteProtocolError):
                while True:
                    await going_on.event()
            assert time.perf_counter() - began < 2


async def test_presence_is_noted_for_as_long_as_a_page_is_open(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path) as console:
        kari = await console.add_staff("kari")
        async with session(console, "kari") as one:
            assert {line.status for line in await console.views.agents_board()} == {"gone"}
            async with one.stream() as stream:
                await stream.event()
                await stream.until("queue")
                (line,) = await console.views.agents_board()
                assert (line.id, line.status) == (kari.id, "there")
            set_away = await one.post("/console/presence", {"presence": "away"})
            assert set_away.json()["presence"] == "away"
            (line,) = await console.views.agents_board()
            assert line.status == "away"


async def test_files_go_to_the_customer_and_are_only_ever_saved(
    redis_url: str, tmp_path: Path
) -> None:
    async with running_console(redis_url, tmp_path, public_url="http://chat.example") as console:
        await console.add_staff("kari")
        await console.add_staff("per", Role.AGENT)
        handoff_id = await console.handoff("anna")
        await console.desk.claim(handoff_id, console.staff["kari"].agent)
        png = b"\x89PNG\r\n\x1a\n" + b"x" * 200_000
        fields = {"handoff_id": handoff_id, "message_id": "f1"}
        async with session(console, "kari") as one, session(console, "per") as other:
            file = {"file": ("Kvittering æ.png", png, "text/html")}
            refused = await other.post("/console/uploads", fields, files=file)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_yours")
            wrong = {"file": ("a.png", b"<script>", "image/png")}
            refused = await one.post("/console/uploads", fields, files=wrong)
            assert refused.status_code == 422
            large = {"file": ("a.png", png + b"x" * 6_000_000, "image/png")}
            refused = await one.post("/console/uploads", fields, files=large)
            assert refused.status_code == 413

            sent = await one.post("/console/uploads", fields, files=file)
            assert sent.status_code == 200, sent.text
            lines = await one.client.get("/console/conversations", params={"c": "rest:anna"})
        found = re.search(r'href="http://chat\.example(/files/[^"]+)"', lines.text)
        assert found is not None
        # Who has the address needs no account; who guesses at it gets nothing.
        served = await console.gateway.client.get(found[1])
        assert served.content == png
        assert served.headers["content-type"] == "image/png"
        assert served.headers["content-disposition"].startswith("attachment;")
        assert "sandbox" in served.headers["content-security-policy"]
        assert served.headers["x-content-type-options"] == "nosniff"
        other_name = found[1].rpartition("/")[0] + "/evil.html"
        assert (await console.gateway.client.get(other_name)).status_code == 404
        assert (await console.gateway.client.get("/files/x/a.png")).status_code == 404
