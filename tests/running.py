"""`flerkanal up` as a user runs it: real processes, an embedded server, a port of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

ROOT = Path(__file__).resolve().parent.parent
# On a machine with other work to do, a worker takes long to import Rasa.
START_SECONDS = 240


@dataclass(frozen=True)
class Flerkanal:
    """`url` is the gateway's, `log` holds all that the roles printed."""

    url: str
    var: Path
    log: Path
    process: subprocess.Popen[bytes]

    def pid(self, role: str) -> int:
        """The process id of `gateway`, `worker` or `sender`."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            command = child.cmdline()
            if "bot.cli" in command and role in command and "tether" not in " ".join(command[:3]):
                return child.pid
        raise AssertionError(f"no {role} runs")

    def kill(self, role: str) -> None:
        """End a role at once, as a crash would."""
        os.kill(self.pid(role), signal.SIGKILL)

    def ask(self, sender: str, message: str, key: str | None = None) -> list[dict[str, Any]]:
        """A turn over the REST channel."""
        response = httpx.post(
            f"{self.url}/webhooks/rest/webhook",
            json={"sender": sender, "message": message},
            headers={"Idempotency-Key": key} if key else {},
            timeout=START_SECONDS,
        )
        response.raise_for_status()
        answers: list[dict[str, Any]] = response.json()
        return answers

    @retry(
        retry=retry_if_result(lambda answers: not answers),
        stop=stop_after_delay(START_SECONDS),
        wait=wait_fixed(0.2),
    )
    def wait_until_ready(self) -> bool:
        """Return once a model is loaded and the stores answer."""
        if self.process.poll() is not None:
            raise AssertionError(f"flerkanal up has ended:\n{self.log.read_text()[-3_000:]}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running_flerkanal(
    directory: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Flerkanal]:
    """All roles with their data under `directory`; ready when the block begins.

    `environ` is added to the environment. The model must be there: see `trained_model`.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    var, log = directory / "var", directory / "flerkanal.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "up"],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(var), "PORT": str(port), **(environ or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    flerkanal = Flerkanal(f"http://127.0.0.1:{port}", var, log, process)
    try:
        flerkanal.wait_until_ready()
        yield flerkanal
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
