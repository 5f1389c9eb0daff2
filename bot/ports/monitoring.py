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
