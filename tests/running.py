"""`flerkanal up` as a user runs it: real processes, an embedded server, a port of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
# With other work on the machine a worker takes long to import Rasa.
START_SECONDS = 240.0


class Flerkanal:
    """A running `flerkanal up`, what it has printed, and its parts."""

    def __init__(self, var: Path, *arguments: str, **environ: str) -> None:
        """Starts it; its data is in `var`. One worker, unless `environ` says otherwise."""
        self.var = var
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "up", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                "VAR_DIR": str(var),
                "PORT": "0",
                "WORKERS": "1",
                "COLUMNS": "200",
                **environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return "\n".join(self.lines)

    def wait_for(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
        """Return the first match in what is printed."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            if found := re.search(pattern, self.output):
                return found
            assert not ended, f"it ended: {self.output}"
            assert time.monotonic() < deadline, f"no {pattern!r} in: {self.output}"
            time.sleep(0.05)

    @property
    def url(self) -> str:
        """The gateway's address, once customers are answered."""
        return self.wait_for(r"Open (http://127\.0\.0\.1:\d+)/")[1]

    def ask(self, sender: str, message: str, key: str | None = None) -> list[dict[str, Any]]:
        """A turn over the REST channel. With a key it asks again while the server is not sure."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            response = httpx.post(
                f"{self.url}/webhooks/rest/webhook",
                json={"sender": sender, "message": message},
                headers={"Idempotency-Key": key} if key else {},
                timeout=START_SECONDS,
            )
            unsure = key is not None and response.status_code in {503, 504}
            if not unsure or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        assert response.status_code == 200, response.text
        answers: list[dict[str, Any]] = response.json()
        return answers

    def children(self) -> dict[str, psutil.Process]:
        """By what they do: valkey-server, gateway, worker, sender."""
        names = ("valkey-server", "gateway", "worker", "sender")
        return {
            name: child
            for child in psutil.Process(self.process.pid).children()
            for name in names
            if any(word.endswith(name) for word in child.cmdline())
        }

    def wait_end(self, seconds: float = 60.0) -> int:
        """Return the exit code, once it has ended by itself."""
        code = self.process.wait(seconds)
        self._reader.join(10)
        return code

    def end(self) -> None:
        """End it at once where it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())


@contextmanager
def running_flerkanal(directory: Path, **environ: str) -> Iterator[Flerkanal]:
    """All roles with their data under `directory`: ready when the block begins, stopped after it."""
    flerkanal = Flerkanal(directory / "var", **environ)
    try:
        assert flerkanal.url
        yield flerkanal
        flerkanal.process.send_signal(signal.SIGTERM)
        assert flerkanal.wait_end() == 0, flerkanal.output
    finally:
        flerkanal.end()
