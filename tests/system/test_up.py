"""`flerkanal up` as a user starts it: everything real, and everything that may go wrong with it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.running import ROOT, START_SECONDS, Flerkanal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def start(var: Path, model: Path, **environ: str) -> Flerkanal:
    return Flerkanal(var, "--no-train", **{"MODELS_DIR": str(model.parent), **environ})


@pytest.fixture
def up(var: Path, trained_model: Path) -> Iterator[Flerkanal]:
    running = start(var, trained_model)
    yield running
    running.end()


def say(flerkanal: Flerkanal, text: str, key: str) -> str:
    return " ".join(str(answer.get("text")) for answer in flerkanal.ask("kari", text, key))


def gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_gone(processes: list[psutil.Process], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not all(gone(process) for process in processes):
        assert time.monotonic() < deadline, [p.cmdline() for p in processes if not gone(p)]
        time.sleep(0.05)


def test_it_answers_survives_killed_parts_and_stops_cleanly(
    up: Flerkanal, var: Path, trained_model: Path
) -> None:
    url = up.url
    assert "ready in" in up.output
    assert re.search(rf"Workers +on +1, model {re.escape(trained_model.name)}", up.output)
    assert re.search(r"REST +on +/webhooks/rest/webhook, this machine only", up.output)
    assert "10042" not in say(up, "Hvor er pakken min?", "1")

    # A second one on the same data is told who has it, and changes nothing.
    second = subprocess.run(
        [sys.executable, "-m", "bot.cli", "up", "--no-train"],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(var), "PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {up.process.pid} already runs Flerkanal" in " ".join(second.stderr.split())
    assert "Traceback" not in second.stderr

    first = up.children()
    assert set(first) == {"valkey-server", "gateway", "worker", "sender"}
    first["worker"].kill()
    first["valkey-server"].kill()
    up.wait_for(r"worker +│ was ended by SIGKILL", seconds=30)
    up.wait_for(r"redis +│ was ended by SIGKILL", seconds=30)
    deadline = time.monotonic() + START_SECONDS
    while httpx.get(f"{url}/readyz", timeout=10).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    # The form that was open before both were killed still is.
    assert "post" in say(up, "10042", "2").lower()

    children = list(up.children().values())
    up.process.send_signal(signal.SIGINT)
    assert up.wait_end() == 0
    assert up.lines[-1] == "Stopped."
    wait_gone(children)
    assert not (var / "valkey" / "owner.json").exists()


def test_a_killed_supervisor_takes_its_parts_with_it_and_the_next_one_starts(
    up: Flerkanal, var: Path, trained_model: Path
) -> None:
    up.wait_for(r"gateway_ready")
    children = list(up.children().values())
    assert len(children) == 4
    up.process.kill()
    wait_gone(children)

    following = start(var, trained_model)
    try:
        following.wait_for(r"gateway_ready")
        children = list(following.children().values())
        # In the middle of its start, and impatiently.
        following.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        following.process.send_signal(signal.SIGINT)
        assert following.wait_end(30) in {0, 130}
        wait_gone(children)
    finally:
        following.end()


def test_a_taken_port_is_told_before_anything_is_started(var: Path, trained_model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = start(var, trained_model, PORT=str(port))
        try:
            assert running.wait_end() == 2
        finally:
            running.end()
    assert f"PORT: {port} on 127.0.0.1 is taken by another program" in running.output
    assert not var.exists()


def test_a_part_that_can_not_start_ends_all_with_its_last_words(
    var: Path, trained_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "damaged.tar.gz").write_bytes(b"this is no model")
    running = start(var, trained_model, MODELS_DIR=str(tmp_path / "broken"))
    try:
        code = running.wait_end(START_SECONDS)
    finally:
        running.end()
    assert code == 1
    assert "worker can't work with what it found" in running.output
    assert "Its last lines:" in running.output
    assert "damaged.tar.gz" in running.output


def test_no_model_and_no_training_is_said_so(
    var: Path, trained_model: Path, tmp_path: Path
) -> None:
    running = start(var, trained_model, MODELS_DIR=str(tmp_path / "none"))
    try:
        assert running.wait_end() == 3
    finally:
        running.end()
    assert "run `flerkanal train`" in running.output
