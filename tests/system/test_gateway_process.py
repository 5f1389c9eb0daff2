"""The gateway as a process of its own: how it starts, how it ends, what it does not load."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from websockets.exceptions import ConnectionClosed

from bot.pipeline.redis_streams.client import connect
from bot.pipeline.redis_streams.layout import Layout
from bot.pipeline.redis_streams.turns import RedisTurnQueue
from tests.fakes import answering

HEAVY = {"rasa", "rasa_sdk", "tensorflow", "torch", "spacy", "sentence_transformers", "sklearn"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def process(redis_url: str, folder: Path, port: int) -> AsyncIterator[Process]:
    env = {
        **os.environ,
        "REDIS_URL": redis_url,
        "VAR_DIR": str(folder / "var"),
        "PORT": str(port),
        "PARTITIONS": "4",
    }
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "gateway"), env=env, stdout=PIPE, stderr=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def until_ready(port: int) -> httpx.Response:
    """Raises the client's error where it does not come up."""
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(httpx.TransportError),
            wait=wait_fixed(0.05),
            stop=stop_after_delay(30),
            reraise=True,
        )
        return await attempts(client.get, f"http://127.0.0.1:{port}/healthz")


async def test_sigterm_ends_it_cleanly(redis_url: str, tmp_path: Path) -> None:
    """A request under way is answered, an open socket is closed with 1012, the exit code is 0."""
    port = free_port()
    redis = connect(redis_url)
    turns = RedisTurnQueue(redis, Layout(4), 8.0, {"model": "a-model"})
    async with process(redis_url, tmp_path, port) as gateway:
        assert (await until_ready(port)).json() == {"status": "ok"}
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
            websockets.connect(f"ws://127.0.0.1:{port}/webhooks/web/ws") as widget,  # type: ignore[attr-defined]
            answering(turns, seconds=1.0),
        ):
            await widget.send(json.dumps({"type": "hello"}))
            assert json.loads(await widget.recv())["type"] == "welcome"
            assert "flerkanal_open_sockets 1.0" in (await client.get("/metrics")).text
            under_way = asyncio.create_task(
                client.post(
                    "/webhooks/rest/webhook", json={"sender": "s1", "message": "hi"}, timeout=20
                )
            )
            await asyncio.sleep(0.3)
            gateway.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(widget.recv(), 10)
            assert closed.value.code == 1012
            assert (await under_way).json()[0]["text"] == "You said: hi"
            assert await asyncio.wait_for(gateway.wait(), 10) == 0
    await redis.close()
    await redis.connection_pool.disconnect()


async def test_a_port_that_is_taken_is_said_so(redis_url: str, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        async with process(redis_url, tmp_path, port) as gateway:
            out, err = await asyncio.wait_for(gateway.communicate(), 30)
    told = " ".join((out + err).decode().split())
    assert gateway.returncode == 2
    assert f"PORT: {port} on 127.0.0.1 is taken" in told
    assert "Traceback" not in told


async def test_it_does_not_load_rasa(redis_url: str, tmp_path: Path) -> None:
    program = (
        "import json, sys;"
        "from bot.app.bootstrap.gateway import build_gateway; from bot.settings import load_settings;"
        "build_gateway(load_settings());"
        "print(json.dumps(sorted(sys.modules)))"
    )
    env = {**os.environ, "REDIS_URL": redis_url, "VAR_DIR": str(tmp_path)}
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=env, stdout=PIPE)
    out, _ = await asyncio.wait_for(run.communicate(), 60)
    modules = set(json.loads(out))
    assert "starlette" in modules
    assert modules & HEAVY == set()
