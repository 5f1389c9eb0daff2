"""What a desk in somebody else's program needs to know: where it shows a handoff, and who is who."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from bot.model.handoff import Agent, Handoff


class DeskThreads(ABC):
    """Where a handoff is shown at another desk. A place is that desk's own name for it, such as a
    Slack channel and the thread in it.
    """

    @abstractmethod
    async def keep(self, handoff_id: str, place: str) -> None:
        """It is shown there from now on, and nowhere else."""

    @abstractmethod
    async def place_of(self, handoff_id: str) -> str | None:
        """Where it is shown; None where it is not yet."""

    @abstractmethod
    async def handoff_at(self, place: str) -> str | None:
        """The id of the handoff that is shown there; None where none is."""


@dataclass(frozen=True)
class HandoffLabel:
    """What people call those in a handoff; None where they have no name. `owner_login` is the login
    of the owner's account, where they have one.
    """

    customer: str | None = None
    team: str | None = None
    owner_login: str | None = None


class DeskDirectory(ABC):
    """Who is who at the desk."""

    @abstractmethod
    async def label(self, handoff: Handoff) -> HandoffLabel:
        """The names of those in a handoff."""

    @abstractmethod
    async def colleague(self, login: str) -> Agent | None:
        """The member of staff who signs in with that login and may talk to customers, or None."""
