"""What ends a benchmark early.

BenchError
├── ServerFailed     a measured server did not start, or died; `log` is where it says why
├── TrainingFailed   a model could not be trained
└── ScriptMismatch   the load script expects a response that the domain does not have
"""

from __future__ import annotations

from pathlib import Path


class BenchError(Exception):
    """The root: caught once, in the command, and shown without a traceback."""


class ServerFailed(BenchError):
    """A measured server did not start in time, or died."""

    def __init__(self, reason: str, log: Path) -> None:
        self.log = log
        super().__init__(f"{reason}\nIts log is {log}; it ends:\n{tail(log)}")


class TrainingFailed(BenchError):
    """A model could not be trained."""

    def __init__(self, reason: str, log: Path) -> None:
        self.log = log
        super().__init__(f"{reason}\nThe log is {log}; it ends:\n{tail(log)}")


class ScriptMismatch(BenchError):
    """The load script and the domain do not fit together."""


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, or a word that there is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log was written)"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
