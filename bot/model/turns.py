"""A turn: one inbox entry answered, and what it leaves behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.model.content import Content
from bot.model.handoff import HandoffRequest
from bot.model.messages import Inbound


@dataclass(frozen=True)
class Lease:
    """The right to take turns in a partition. A higher `epoch` wins: it fences older holders off."""

    partition: int
    holder: str
    epoch: int


@dataclass(frozen=True)
class Entry:
    """An entry of a partition's queue, under a lease.

    `deliveries` counts how often a process took it up, this time included. `left_over`: another
    process had taken it and did not finish; `PartitionQueue.begin_again` counts the new try.
    """

    lease: Lease
    id: str
    raw: bytes
    deliveries: int = 1
    left_over: bool = False

    @property
    def turn_id(self) -> str:
        """The turn's name, unique over all partitions."""
        return turn_id(self.lease.partition, self.id)


def turn_id(partition: int, entry_id: str) -> str:
    """The name of the turn that an inbox entry starts."""
    return f"{partition}-{entry_id}"


def is_turn_id(name: str) -> bool:
    """Whether it is a turn's name, and not a handoff's."""
    return re.fullmatch(r"[0-9]+-[0-9]+-[0-9]+", name, re.ASCII) is not None


@dataclass(frozen=True, eq=False)
class TrackerWindow:
    """What a dialogue engine needs of a conversation's past, bounded in size.

    `base` are events that set up the state as it was after the first `start` events (slots, an
    active form); `tail` are the events stored since. All are JSON objects in the engine's form.
    Two windows are never equal: an engine may keep what it built from one for as long as it is
    handed the same object.
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
    `window` is the past after them. `rebased`: the window starts later than the one handed in,
    because that had grown too long, and is worth storing. `language` is the customer's, where the
    engine knows it. `intent` and `confidence` are what it took the message for; `understood`: it
    knew what to do with it. `request`: the conversation is to be handed over to a person. `rated`:
    the points that the customer gave for the last handoff.
    """

    events: Sequence[dict[str, Any]]
    answers: Sequence[Content]
    window: TrackerWindow
    rebased: bool = False
    language: str | None = None
    intent: str | None = None
    confidence: float | None = None
    understood: bool = True
    request: HandoffRequest | None = None
    rated: int | None = None


@dataclass(frozen=True)
class TurnCommit:
    """All effects of a turn, saved together or not at all.

    `past_length` is how many events the conversation had before. `push`: the answers must also be
    delivered by a sender, since the channel has to be called. `failure`: why the message could
    not be handled; it goes to the dead letters too, although the customer got an answer. `floor` is the
    handoff that had the floor when the turn began, None where the bot had it.
    """

    entry: Entry
    message: Inbound
    result: TurnResult
    past_length: int
    push: bool = False
    failure: str | None = None
    floor: str | None = None
