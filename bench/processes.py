"""A measured server: started in a process group of its own, watched, and stopped for sure."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.errors import ServerFailed
from bot.child_process import tethered

_ORPHANS_PATIENCE = 2.0


@dataclass(frozen=True)
class Memory:
    """The memory of a process and its children, in bytes.

    `rss` counts a page that processes share once for each of them; `pss` (Linux) divides it
    among all that share it, processes of others too.
    """

    processes: int
    rss: int
    pss: int | None


class Server:
    """One program and all that it starts."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path
    ) -> Server:
        """Start it; what it prints goes to `log`. `env` is added to this process's own.

        It is told to stop when this process dies, so that a cut-off benchmark leaves nothing.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                tethered(command, when_orphaned=signal.SIGTERM),
                env={**os.environ, **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def check_alive(self) -> None:
        """Raises ServerFailed where it has ended."""
        code = self._process.poll()
        if code is not None:
            raise ServerFailed(f"{self.name} ended with exit code {code}", self.log)

    def family(self) -> list[psutil.Process]:
        """The program and all its descendants that live now."""
        try:
            top = psutil.Process(self.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def memory(self) -> Memory:
        """What the family holds now."""
        count, rss, pss = 0, 0, 0
        for process in self.family():
            try:
                held = process.memory_full_info()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            count += 1
            rss += held.rss
            pss += getattr(held, "pss", 0)
        return Memory(count, rss, pss or None)

    def cpu_seconds(self) -> float:
        """The processor time that the family has used so far."""
        total = 0.0
        for process in self.family():
            try:
                times = process.cpu_times()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            total += times.user + times.system
        return total

    async def stop(self, patience: float = 30.0) -> None:
        """Ask it to stop, wait `patience` seconds, then kill what is left of the family.

        What it started and did not take with it is killed a moment after its own end.
        """
        family = self.family()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        await _until(lambda: self._process.poll() is not None, patience)
        await _until(lambda: all(map(_is_gone, family)), _ORPHANS_PATIENCE)
        for process in family:
            if not _is_gone(process):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.wait()
        await _until(lambda: all(map(_is_gone, family)), _ORPHANS_PATIENCE)


async def _until(condition: Callable[[], bool], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 (no event tells)
        await asyncio.sleep(0.02)


async def wait_for_port(server: Server, port: int, timeout: float) -> None:
    """Wait until the server listens on a loopback port. Raises ServerFailed."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        server.check_alive()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise ServerFailed(
        f"{server.name} does not listen on port {port} after {timeout:.0f} s", server.log
    )


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
