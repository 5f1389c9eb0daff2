"""Servers as real processes."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import psutil
import pytest

from bench.alone import alone
from bench.assassin import Assassin
from bench.errors import BenchError, ServerFailed
from bench.processes import Server, free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[3]
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "worker"])
print("up", flush=True)
child.wait()
time.sleep(60)
"""


def start(tmp_path: Path, code: str) -> Server:
    return Server.start("it", [sys.executable, "-c", code], {}, tmp_path, tmp_path / "it.log")


async def until_up(server: Server) -> None:
    while "up" not in server.log.read_text("utf-8"):
        server.check_alive()
        await asyncio.sleep(0.02)


async def test_the_whole_family_is_measured_and_stopped(tmp_path: Path) -> None:
    server = start(tmp_path, PARENT)
    await until_up(server)
    family = server.family()
    assert len(family) == 2
    memory = server.memory()
    assert memory.processes == 2
    assert memory.rss > 2_000_000
    assert server.cpu_seconds() > 0
    await server.stop(patience=5)
    assert not any(process.is_running() and process.status() != "zombie" for process in family)


async def test_what_does_not_stop_is_killed(tmp_path: Path) -> None:
    server = start(
        tmp_path,
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(60)",
    )
    await until_up(server)
    await server.stop(patience=0.2)
    assert not psutil.pid_exists(server.pid)


async def test_a_server_that_dies_is_told_with_its_log(tmp_path: Path) -> None:
    server = start(tmp_path, "print('no such model'); raise SystemExit(3)")
    with pytest.raises(ServerFailed, match=r"(?s)exit code 3.*no such model"):
        await wait_for_port(server, free_port(), timeout=10)
    await server.stop()


async def test_a_server_that_never_listens_is_given_up(tmp_path: Path) -> None:
    server = start(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(ServerFailed, match="does not listen"):
        await wait_for_port(server, free_port(), timeout=0.3)
    await server.stop(patience=5)


async def test_the_assassin_kills_the_role_and_nothing_else(tmp_path: Path) -> None:
    server = start(tmp_path, PARENT)
    await until_up(server)
    victim = server.family()[1]
    answers = 0
    assassin = Assassin(server, "worker", kills=1, messages=100, chance=random.Random(1))
    killing = asyncio.create_task(assassin.run(lambda: answers))
    await asyncio.sleep(0.1)
    assert not assassin.killed
    answers = 90
    await asyncio.wait_for(killing, 5)
    assert [kill.pid for kill in assassin.killed] == [victim.pid]
    assert assassin.killed[0].after_answers == 90
    server.check_alive()
    await server.stop(patience=5)


def test_two_benchmarks_at_once_are_refused(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(BenchError, match="another benchmark"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass
