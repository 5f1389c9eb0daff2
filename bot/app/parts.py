"""What the supervisor is told: which processes to keep, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Exit codes of roles that starting again can't help: wrong settings, a model or stored data that
# can't be used.
EXIT_SETTINGS = 2
EXIT_UNUSABLE = 3


@dataclass(frozen=True)
class Launch:
    """One start of a process. `ready` returns once it serves; `after_exit` runs when it has ended."""

    command: Sequence[str]
    ready: Callable[[], Awaitable[None]]
    after_exit: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Part:
    """A process to keep running.

    `launch` is called for every start. `stop_order`: the lowest stops first. `stop_seconds`: how
    long it may take over a clean stop. `log_file`: where it writes what it does not print.
    """

    name: str
    launch: Callable[[], Launch]
    stop_order: int
    stop_seconds: float
    env: Mapping[str, str] = field(default_factory=dict)
    log_file: Path | None = None


@dataclass(frozen=True)
class Limits:
    """When to give up, and how long to wait between starts, in seconds."""

    crashes_before_ready: int = 5
    first_pause: float = 0.5
    longest_pause: float = 30.0
    stable_after: float = 60.0


Report = Callable[[str, str], None]
"""Takes a part's name and a line: of its output, or about what happened to it."""
