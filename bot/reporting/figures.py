"""What is counted and how it is put: figures of visits and of handoffs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

# How a handoff ends where a person had it to the end.
DONE = ("resolved", "unresolved")


class Dimension(str, Enum):
    """What figures can be split by. TOPIC is a visit's intent, and what a handoff is about."""

    CHANNEL = "channel"
    LANGUAGE = "language"
    TOPIC = "topic"
    TEAM = "team"
    AGENT = "agent"

    @property
    def of_visits(self) -> bool:
        """Whether visits have it; teams and people are the desk's."""
        return self not in {Dimension.TEAM, Dimension.AGENT}


@dataclass(frozen=True)
class Selection:
    """Only what has these; None is anything."""

    channel: str | None = None
    language: str | None = None
    topic: str | None = None
    team: str | None = None
    agent: str | None = None

    def of(self, dimension: Dimension) -> str | None:
        """What is wanted of a dimension."""
        wanted: str | None = getattr(self, dimension.value)
        return wanted

    @property
    def of_desk_alone(self) -> bool:
        """Whether it selects by what visits do not have."""
        return self.team is not None or self.agent is not None


@dataclass(frozen=True)
class Spread:
    """Some durations in seconds. The percentiles are durations that occurred (nearest rank)."""

    count: int = 0
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True)
class VisitFigures:
    """Visits that began in a time.

    `ended`: nothing was said for so long that they are over; of these `alone` were resolved by the
    bot: no person was asked for or came, and the last message was understood and answered without
    a failure. `messages` are the customers'; `first_answer` is from a visit's first message to the
    bot's answer.
    """

    visits: int = 0
    ended: int = 0
    alone: int = 0
    handed_over: int = 0
    messages: int = 0
    misunderstood: int = 0
    first_answer: Spread = Spread()

    @property
    def share_alone(self) -> float | None:
        """Of the visits that are over; None where there are none."""
        return self.alone / self.ended if self.ended else None

    @property
    def share_understood(self) -> float | None:
        """Of the messages."""
        return 1 - self.misunderstood / self.messages if self.messages else None


@dataclass(frozen=True)
class HandoffFigures:
    """Handoffs that were asked for in a time.

    `wait` is from the request until somebody took it, or until it ended without one; neither those
    that staff took over unasked nor those that were turned away at once have waited. `first_word`
    is from the request to a person's first word, `handling` from the first taking to the end.
    `causes` and `ends` count by `bot.model.handoff.Cause` and by how it ended, `points` by rating.
    """

    count: int = 0
    wait: Spread = Spread()
    first_word: Spread = Spread()
    handling: Spread = Spread()
    causes: Mapping[str, int] = field(default_factory=dict)
    ends: Mapping[str, int] = field(default_factory=dict)
    points: Mapping[int, int] = field(default_factory=dict)

    @property
    def rated(self) -> int:
        """How many were rated."""
        return sum(self.points.values())

    @property
    def rating(self) -> float | None:
        """The mean of the points."""
        total = sum(points * count for points, count in self.points.items())
        return total / self.rated if self.rated else None

    @property
    def share_resolved(self) -> float | None:
        """Of those that a person closed, how many as resolved."""
        closed = sum(self.ends.get(end, 0) for end in DONE)
        return self.ends.get("resolved", 0) / closed if closed else None


@dataclass(frozen=True)
class Figures:
    """Both, of a time or of a part. `visits` is None where they can't be told apart like that."""

    visits: VisitFigures | None
    handoffs: HandoffFigures
