"""What operators watch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.ports.delivery import Outcome


@dataclass(frozen=True)
class DeliveryCounts:
    """What the senders have done for one channel, since there is data.

    `retries` counts calls that were made again, `possibly_twice` those among them of which nobody
    knew whether the platform had taken them. `within[i]` of the messages were delivered within
    `DELIVERY_SECONDS[i]` seconds of their answer (and not within the bound before it), the last one
    of them later than any; `seconds` is the sum of all those times.
    """

    outcomes: Mapping[Outcome, int]
    retries: int = 0
    possibly_twice: int = 0
    within: tuple[int, ...] = ()
    seconds: float = 0.0


# The bounds of the delivery times that are told apart.
DELIVERY_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


@dataclass(frozen=True)
class PipelineState:
    """How the pipeline stands, over all partitions.

    `inbox_waiting`, `outbox_waiting` and `journal_waiting` count entries that are not acknowledged
    yet; `models` names the loaded model of each live worker; `deliveries` are by channel.
    """

    inbox_waiting: int
    outbox_waiting: int
    dead_letters: int
    models: tuple[str, ...] = ()
    deliveries: Mapping[str, DeliveryCounts] = field(default_factory=dict)
    journal_waiting: int = 0


class PipelineMonitor(ABC):
    """What operators watch."""

    @abstractmethod
    async def state(self) -> PipelineState:
        """The state now; cheap enough to ask every second."""


# The bounds of the times at the desk that are told apart, in seconds.
WAIT_SECONDS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 14_400.0)
HANDLING_SECONDS = (60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 28_800.0)


@dataclass(frozen=True)
class Durations:
    """`within[i]` of them were at most `bounds[i]` seconds (and longer than the bound before it),
    the last one of them longer than any; `seconds` is the sum of all.
    """

    bounds: tuple[float, ...]
    within: tuple[int, ...]
    seconds: float

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.within)


@dataclass(frozen=True)
class TeamState:
    """How a team's desk stands: customers who wait, the longest wait in seconds (0 where nobody
    waits), customers with a person.
    """

    waiting: int
    longest_wait: float
    with_person: int


@dataclass(frozen=True)
class DeskState:
    """How the desk stands now, by team; the empty name is for handoffs without a team.

    `staff_present` are those of the console who are available and connected.
    """

    teams: Mapping[str, TeamState]
    staff_present: int


@dataclass(frozen=True)
class DeskTotals:
    """What has become of handoffs and visits since there is data.

    `causes` counts handoffs by `bot.model.handoff.Cause`, `ends` by how they ended, `points` those
    rated with so many points. `visits_alone` are those that the bot resolved alone, of all
    `visits_ended`.
    """

    causes: Mapping[str, int]
    ends: Mapping[str, int]
    points: Mapping[int, int]
    wait: Durations
    handling: Durations
    visits_ended: int
    visits_alone: int


class DeskMonitor(ABC):
    """What operators watch of the desk. Every method raises StorageUnavailable."""

    @abstractmethod
    async def state(self) -> DeskState:
        """The state now; cheap enough to ask every few seconds."""

    @abstractmethod
    async def totals(self) -> DeskTotals:
        """The totals. Reads every handoff and visit that is kept: not to be asked more than once a
        minute.
        """
