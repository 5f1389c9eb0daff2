"""The supervisor with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from bot.app.parts import EXIT_SETTINGS, EXIT_UNUSABLE, Launch, Limits, Part
from bot.app.supervisor import Supervisor
from bot.child_process import tethered
from bot.errors import PartFailed

QUICK = Limits(first_pause=0.01, longest_pause=0.05, crashes_before_ready=5)

SERVES = """
import signal, sys, time, pathlib
def end(*_):
    print("stops cleanly", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("serves", flush=True)
pathlib.Path(sys.argv[1]).touch()
while True:
    time.sleep(0.05)
"""


class Recorder:
    """What a supervisor reports."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.events: list[tuple[str, str]] = []

    def line(self, part: str, text: str) -> None:
        self.lines.append((part, text))

    def event(self, part: str, text: str) -> None:
        self.events.append((part, text))

    def said(self, part: str) -> list[str]:
        return [text for name, text in self.lines if name == part]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def supervise(recorder: Recorder, limits: Limits = QUICK) -> Supervisor:
    return Supervisor(recorder.line, recorder.event, limits)


def python(program: str, *arguments: str) -> list[str]:
    return tethered([sys.executable, "-c", program, *arguments])


async def exists(path: Path) -> None:
    while not path.exists():  # noqa: ASYNC110 (another process makes it)
        await asyncio.sleep(0.01)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def serving(tmp_path: Path, name: str, stop_order: int = 0, program: str = SERVES) -> Part:
    starts = 0

    def launch() -> Launch:
        nonlocal starts
        starts += 1
        flag = tmp_path / f"{name}-{starts}"
        return Launch(python(program, str(flag)), ready=lambda: exists(flag))

    return Part(name, launch, stop_order=stop_order, stop_seconds=5.0)


def failing(name: str, program: str) -> Part:
    async def never() -> None:
        await asyncio.Event().wait()

    def launch() -> Launch:
        return Launch(python(program), ready=never)

    return Part(name, launch, stop_order=0, stop_seconds=1.0)


def pid_of(name_in_command: str) -> int:
    found = [
        child.pid
        for child in psutil.Process().children()
        if any(name_in_command in word for word in child.cmdline())
    ]
    assert len(found) == 1, found
    return found[0]


async def test_parts_are_ready_after_start_and_stop_in_their_order(
    tmp_path: Path, recorder: Recorder, started: Callable[[], list[psutil.Process]]
) -> None:
    supervisor = supervise(recorder)
    await supervisor.start([serving(tmp_path, "server", 3), serving(tmp_path, "gateway", 1)])
    assert (tmp_path / "server-1").exists()
    assert (tmp_path / "gateway-1").exists()

    await supervisor.stop()

    stopped = [part for part, text in recorder.lines if text == "stops cleanly"]
    assert stopped == ["gateway", "server"]
    assert started() == []


async def test_a_killed_part_is_cleaned_up_after_and_starts_again(
    tmp_path: Path, recorder: Recorder
) -> None:
    cleaned: list[str] = []
    part = serving(tmp_path, "worker")

    def launch() -> Launch:
        one = part.launch()
        flag = one.command[-1]

        async def clean() -> None:
            cleaned.append(Path(flag).name)

        return Launch(one.command, one.ready, clean)

    supervisor = supervise(recorder)
    await supervisor.start([Part("worker", launch, stop_order=0, stop_seconds=5.0)])
    os.kill(pid_of("worker-1"), signal.SIGKILL)
    await until((tmp_path / "worker-2").exists)

    assert cleaned == ["worker-1"]
    assert any("SIGKILL" in text for _, text in recorder.events)
    await supervisor.stop()
    assert cleaned == ["worker-1", "worker-2"]


async def test_a_part_that_never_gets_ready_is_given_up_with_its_last_words(
    recorder: Recorder,
) -> None:
    supervisor = supervise(recorder)
    with pytest.raises(PartFailed) as failure:
        await supervisor.start([failing("worker", "print('no model here'); raise SystemExit(1)")])
    assert failure.value.part == "worker"
    assert failure.value.tail == ("no model here",)
    assert "5 times before it was ready" in str(failure.value)
    assert recorder.said("worker") == ["no model here"] * 5
    await supervisor.stop()


@pytest.mark.parametrize("code", [EXIT_SETTINGS, EXIT_UNUSABLE])
async def test_what_can_not_be_helped_is_not_tried_twice(recorder: Recorder, code: int) -> None:
    program = f"print('REDIS_URL: wrong'); raise SystemExit({code})"
    supervisor = supervise(recorder)
    with pytest.raises(PartFailed, match=r"refused its settings|can't work with"):
        await supervisor.start([failing("gateway", program)])
    assert recorder.said("gateway") == ["REDIS_URL: wrong"]
    await supervisor.stop()


async def test_a_command_that_does_not_exist_is_named(recorder: Recorder) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    part = Part("sender", lambda: Launch(["/nowhere/at-all"], never), 0, 1.0)
    supervisor = supervise(recorder)
    with pytest.raises(PartFailed, match=r"sender can't be started.*nowhere"):
        await supervisor.start([part])
    await supervisor.stop()


async def test_a_part_that_does_not_stop_is_killed(
    tmp_path: Path, recorder: Recorder, started: Callable[[], list[psutil.Process]]
) -> None:
    stubborn = SERVES.replace("sys.exit(0)", "return")
    part = serving(tmp_path, "sender", program=stubborn)
    part = Part("sender", part.launch, stop_order=0, stop_seconds=0.3)
    supervisor = supervise(recorder)
    await supervisor.start([part])
    await supervisor.stop()
    assert ("sender", "did not stop in 0 s: killed") in recorder.events
    assert started() == []


async def test_kill_ends_a_start_that_is_under_way(
    tmp_path: Path, recorder: Recorder, started: Callable[[], list[psutil.Process]]
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    part = Part("worker", lambda: Launch(python("import time; time.sleep(60)"), never), 0, 60.0)
    supervisor = supervise(recorder)
    start = asyncio.create_task(supervisor.start([part]))
    await until(lambda: started() != [])
    start.cancel()
    supervisor.kill()
    await supervisor.stop()
    assert started() == []


async def test_very_long_lines_and_foreign_bytes_pass(tmp_path: Path, recorder: Recorder) -> None:
    program = SERVES.replace(
        'print("serves", flush=True)',
        'sys.stdout.buffer.write(b"x" * 200_000 + b"\\n\\xff\\xfe\\n"); sys.stdout.flush()',
    )
    supervisor = supervise(recorder)
    await supervisor.start([serving(tmp_path, "worker", program=program)])
    await until(lambda: len("".join(recorder.said("worker"))) >= 200_002)
    await supervisor.stop()
    assert "".join(recorder.said("worker")).startswith("x" * 200_000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a service of Linux's kernel")
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    parent_program = """
import subprocess, sys, time
from bot.child_process import tethered
child = subprocess.Popen(tethered([sys.executable, "-c", "import time; time.sleep(60)"]))
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent_program], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        deadline = time.monotonic() + 10
        while "sleep(60)" not in " ".join(child.cmdline()[-1:]) or "-I" in child.cmdline():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        parent.kill()
        # Nobody may be there to reap it, so it can be left as a zombie.
        while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the child lives on"
            time.sleep(0.01)
