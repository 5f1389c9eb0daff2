"""A worker dies in the middle of a turn: the customer's answer still comes, and comes once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app.gateway import bind
from bot.model.messages import Author, Utterance
from bot.pipeline.embedded_server import EmbeddedServer
from bot.pipeline.redis_streams.client import connect
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.transcripts import RedisTranscripts
from bot.settings import load_settings
from tests.action_server import running_action_server
from tests.running import START_SECONDS, Flerkanal, running_flerkanal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Gate:
    """Stands before the action server and holds calls back while it is shut."""

    def __init__(self, action_server: str) -> None:
        self.url = ""
        self.open = threading.Event()
        self.open.set()
        self.held = threading.Event()
        self.calls: list[str] = []
        self._action_server = action_server
        self._server: uvicorn.Server | None = None

    async def forward(self, request: Request) -> Response:
        """Pass a call on, as soon as the gate is open."""
        call = await request.json()
        self.calls.append(call["next_action"])
        while not self.open.is_set():
            self.held.set()
            await asyncio.sleep(0.02)
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(self._action_server, json=call)
        return Response(answer.content, answer.status_code, media_type="application/json")

    @contextmanager
    def running(self) -> Iterator[Gate]:
        """Served from a thread of its own while the block runs."""
        (listening,) = bind("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/webhook"
        app = Starlette(routes=[Route("/webhook", self.forward, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield self
        finally:
            self.open.set()
            server.should_exit = True
            thread.join()


def transcript(flerkanal: Flerkanal, conversation: str) -> list[Utterance]:
    """What was said, straight from the store."""

    async def read() -> list[Utterance]:
        redis = connect(EmbeddedServer(flerkanal.var).url)
        try:
            layout = Layout(load_settings().partitions)
            return list(await RedisTranscripts(redis, layout).read(conversation))
        finally:
            await redis.close(close_connection_pool=True)

    return asyncio.run(read())


def test_the_answer_still_comes_once(trained_model: Path, tmp_path: Path) -> None:
    orders = {"VAR_DIR": str(tmp_path / "orders")}
    with (
        running_action_server(tmp_path, orders) as actions,
        Gate(actions.url).running() as gate,
        running_flerkanal(
            tmp_path,
            ACTION_ENDPOINT=gate.url,
            ACTION_TIMEOUT="600",
            TURN_TIMEOUT="600",
            REST_REPLY_TIMEOUT=str(START_SECONDS),
            MODELS_DIR=str(trained_model.parent),
        ) as flerkanal,
        ThreadPoolExecutor() as pool,
    ):
        assert "ordrenummer" in flerkanal.ask("kari", "Hvor er pakken min?")[-1]["text"]
        assert "postnummer" in flerkanal.ask("kari", "10042")[-1]["text"]
        gate.open.clear()
        calls_before = len(gate.calls)
        answer = pool.submit(flerkanal.ask, "kari", "0150", "the-postcode")
        assert gate.held.wait(30), "the turn never reached the business system"

        first_worker = flerkanal.children()["worker"]
        first_worker.kill()
        gate.open.set()

        texts = [message.get("text", "") for message in answer.result(START_SECONDS)]
        assert any("er sendt" in text for text in texts), texts
        assert flerkanal.children()["worker"].pid != first_worker.pid
        assert len(gate.calls) > calls_before + 1, "the turn was not taken again"

        # Asked again with the same key, it is the same turn, not a second one.
        again = flerkanal.ask("kari", "0150", "the-postcode")
        assert [message.get("text", "") for message in again] == texts
        lines = transcript(flerkanal, "rest:kari")
        customers = [line for line in lines if line.author is Author.CUSTOMER]
        assert len(customers) == 3
        last = [line for line in lines if line.turn_id == customers[-1].turn_id]
        assert len({line.id for line in last}) == len(last) == 1 + len(texts)
        assert "Bare hyggelig" in flerkanal.ask("kari", "tusen takk")[0]["text"]
