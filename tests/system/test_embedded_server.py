"""The embedded Redis with its real server: what it keeps, and who may run it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis
from redis import asyncio as aioredis

from bot.errors import EmbeddedServerTaken, StorageUnavailable
from bot.pipeline.embedded_server import EmbeddedServer, is_serving

# A test has one task, so a call that blocks is plain.
popen = subprocess.Popen


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path / "var")
    server.acquire()
    yield server
    server.release()


async def start(server: EmbeddedServer) -> subprocess.Popen[bytes]:
    process = popen(server.command())
    await server.wait_ready(timeout=20)
    return process


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    server: EmbeddedServer,
) -> None:
    process = await start(server)
    acknowledged: list[bytes] = []

    def write() -> None:
        with redis.from_url(server.url) as client, suppress(redis.ConnectionError):
            while True:
                acknowledged.append(client.xadd("stream", {"m": "x" * 100}))
                if len(acknowledged) == 1_000:
                    process.kill()

    await asyncio.gather(*(asyncio.to_thread(write) for _ in range(4)))
    process.wait()

    process = await start(server)
    with redis.from_url(server.url) as client:
        kept = {entry for entry, _ in client.xrange("stream")}
    assert len(acknowledged) >= 1_000
    assert set(acknowledged) <= kept
    process.terminate()
    assert process.wait(timeout=10) == 0


async def test_it_is_set_up_to_keep_everything_and_to_be_reached_from_here_alone(
    server: EmbeddedServer,
) -> None:
    process = await start(server)
    client = aioredis.from_url(server.url, decode_responses=True)
    wanted = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
    }
    assert await client.config_get(*wanted) == wanted
    info = await client.info("server")
    assert info["process_id"] == process.pid
    assert psutil.Process(process.pid).net_connections(kind="inet") == []
    assert server.directory.stat().st_mode & 0o777 == 0o700
    assert Path(info["config_file"]).parent == server.directory
    assert server.log_file.exists()
    await client.close(close_connection_pool=True)
    process.terminate()
    process.wait(timeout=10)


def test_a_second_owner_is_refused_and_told_of_the_first(server: EmbeddedServer) -> None:
    program = f"""
from pathlib import Path
from bot.errors import EmbeddedServerTaken
from bot.pipeline.embedded_server import EmbeddedServer
try:
    EmbeddedServer(Path({str(server.directory.parent)!r})).acquire()
except EmbeddedServerTaken as taken:
    print(taken.pid, taken, sep="|")
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    pid, message = result.stdout.strip().split("|")
    assert int(pid) == os.getpid()
    assert f"process {os.getpid()} already runs Flerkanal" in message
    assert "stop it first" in message
    with pytest.raises(EmbeddedServerTaken):
        EmbeddedServer(server.directory.parent).acquire()
    owner = server.owner()
    assert owner is not None
    assert owner.url == server.url


async def test_a_killed_owner_leaves_neither_a_lock_nor_a_server(tmp_path: Path) -> None:
    program = f"""
import asyncio, subprocess, time
from pathlib import Path
from bot.pipeline.embedded_server import EmbeddedServer
server = EmbeddedServer(Path({str(tmp_path)!r}))
server.acquire()
process = subprocess.Popen(server.command())
asyncio.run(server.wait_ready())
print(process.pid, flush=True)
time.sleep(60)
"""
    owner = popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    orphan = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    owner.wait()
    owner.stdout.close()

    heir = EmbeddedServer(tmp_path)
    heir.acquire()
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE
    process = await start(heir)
    assert await is_serving(heir.url)
    process.terminate()
    process.wait(timeout=10)
    heir.release()


async def test_a_server_that_outlived_its_owner_is_ended_first(server: EmbeddedServer) -> None:
    tethered = server.command()
    program = tethered[-2:]
    survivor = popen(program)  # as where the kernel offers no tether
    await server.wait_ready(timeout=20)
    server.release()

    heir = EmbeddedServer(server.directory.parent)
    reaper = asyncio.create_task(asyncio.to_thread(survivor.wait, 10))
    await asyncio.to_thread(heir.acquire)
    assert await reaper == 0
    heir.release()
    server.acquire()


async def test_a_folder_with_a_long_or_odd_name_works(tmp_path: Path) -> None:
    for name in ("n" * 120, 'with spaces, "quotes" and å'):
        server = EmbeddedServer(tmp_path / name)
        server.acquire()
        process = await start(server)
        client = aioredis.from_url(server.url)
        await client.set("key", "value")
        await client.close(close_connection_pool=True)
        process.terminate()
        process.wait(timeout=10)
        server.release()
        assert (server.directory / "appendonlydir").is_dir()


async def test_a_server_that_does_not_come_up_is_a_clear_error(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    began = time.monotonic()
    with pytest.raises(StorageUnavailable, match=r"did not get ready in 0 s.*valkey\.log"):
        await server.wait_ready(timeout=0.2)
    assert time.monotonic() - began < 5
    assert not await is_serving(server.url)


def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "tmp"
    base.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(base))
    server = EmbeddedServer(tmp_path / ("n" * 120))
    (squatted := Path(server.url.removeprefix("unix://")).parent).symlink_to(tmp_path)
    with pytest.raises(StorageUnavailable, match="must be a folder that belongs to"):
        server.acquire()
    assert squatted.is_symlink()
