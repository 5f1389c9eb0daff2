"""What this process's actions work with, one of each kind.

rasa-sdk makes the action objects itself, without arguments, so that they have to ask somewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Close it."""


T = TypeVar("T", bound=Closable)


class Provider(Generic[T]):
    """Holds one, and builds it at the first `get` where none was put in. Thread-safe."""

    def __init__(self, build: Callable[[], T]) -> None:
        """`build` may raise SettingsError."""
        self._build = build
        self._lock = threading.Lock()
        self._held: T | None = None

    def get(self) -> T:
        """The one. Raises SettingsError where the settings can't be right."""
        with self._lock:
            if self._held is None:
                self._held = self._build()
            return self._held

    def put(self, held: T) -> None:
        """Hold this from now on. The one before is not closed: whoever built it does that."""
        with self._lock:
            self._held = held

    def close(self) -> None:
        """Close what is held, if anything; the next `get` builds another."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held.close()
