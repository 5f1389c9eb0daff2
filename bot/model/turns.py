"""A turn: one inbox entry answered, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.model.content import Content
from bot.model.messages import Inbound


@dataclass(frozen=True)
class Lease:
    """The right to take turns in a partition. A higher `epoch` wins: it fences older holders off."""

    partition: int
    holder: str
    epoch: int


@dataclass(frozen=True)
class Entry:
    """An inbox entry under a lease. `deliveries` counts how often a worker began it (from 1)."""

    lease: Lease
    id: str
    raw: bytes
    deliveries: int = 1


@dataclass(frozen=True)
class TrackerWindow:
    """What a dialogue engine needs of a conversation's past, bounded in size.

    `base` are events that set up the state as it was at event number `start` (slots, an active
    form); `tail` are the events stored since. All are JSON objects in the engine's own form.
    `length` counts all events that the conversation has.
    """

    base: tuple[dict[str, Any], ...] = ()
    start: int = 0
    tail: tuple[dict[str, Any], ...] = ()

    @property
    def length(self) -> int:
        """How many events the conversation has in all."""
        return self.start + len(self.tail)


@dataclass(frozen=True)
class TurnResult:
    """What the dialogue engine made of one message.

    `events` are appended to the conversation's tracker; `answers` go to the customer in order;
    `rebased` is a new, shorter window where the old one grew too long, else None.
    """

    events: Sequence[dict[str, Any]]
    answers: Sequence[Content]
    rebased: TrackerWindow | None = None


@dataclass(frozen=True)
class TurnCommit:
    """All effects of a turn, saved together or not at all."""

    entry: Entry
    inbound: Inbound
    result: TurnResult
    expected_length: int
    deliver: bool = False
    failure: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
