"""rasa-sdk's action server with this project's actions, as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


@dataclass(frozen=True)
class ActionServer:
    """`url` is its webhook, as ACTION_ENDPOINT takes it; `log` holds all that it printed."""

    url: str
    log: Path

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    def wait_until_it_answers(self) -> None:
        """Return when the server takes calls."""
        httpx.get(self.url.replace("/webhook", "/health"), timeout=5).raise_for_status()


@contextmanager
def running_action_server(
    directory: Path,
    environ: Mapping[str, str],
    *,
    package: str = "actions",
    folder: Path = ROOT,
) -> Iterator[ActionServer]:
    """A server on a free port of the loopback address, with the actions of a package in `folder`.

    `environ` is added to the environment; the log goes to `directory`.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = ActionServer(f"http://127.0.0.1:{port}/webhook", directory / "action-server.log")
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "rasa_sdk", "--actions", package, "--port", str(port)],
            cwd=folder,
            env={**os.environ, "SANIC_HOST": "127.0.0.1", **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        server.wait_until_it_answers()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
