"""What `bot.handoff.views` answers with. Times are in seconds since the epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model.handoff import Handoff


@dataclass(frozen=True)
class HandoffRow:
    """A handoff in a list. `customer` is the name that a site has told of them, if it has;
    `last_words` are the customer's, cut to 200 characters; `escalated`: it has waited too long.
    """

    handoff: Handoff
    team: str | None
    customer: str | None
    last_words: str | None
    last_at: float | None
    tags: tuple[str, ...]
    escalated: bool


@dataclass(frozen=True)
class QueuePage:
    """A page of those who wait, the longest waiting first, and how many there are in all."""

    rows: Sequence[HandoffRow]
    total: int


@dataclass(frozen=True)
class TeamLine:
    """A team on the live board. `waiting_since` is the longest waiting one's; `room` is how many
    conversations more those who are there can have.
    """

    team_id: str
    name: str
    is_open: bool
    waiting: int
    waiting_since: float | None
    with_person: int
    present: int
    room: int


@dataclass(frozen=True)
class AgentLine:
    """Somebody on the live board. `status` is `there`, `away` (by their own word) or `gone` (no
    console is open); who works at the Slack desk alone has no account, no capacity and is `there`.
    """

    id: str
    name: str
    desk: str
    status: str
    capacity: int | None
    conversations: Sequence[HandoffRow]


@dataclass(frozen=True)
class EventLine:
    """A step of a handoff: who, when, why. `actor` and `owner` are names."""

    handoff_id: str
    version: int
    at: float
    step: str
    after: str
    actor: str | None
    owner: str | None
    team: str | None
    note: str | None


@dataclass(frozen=True)
class Note:
    """A private note."""

    handoff_id: str
    at: float
    author_id: str
    author: str
    text: str


@dataclass(frozen=True)
class History:
    """All that was done with a conversation at the desk, the first first."""

    handoffs: Sequence[HandoffRow]
    events: Sequence[EventLine]
    notes: Sequence[Note]
