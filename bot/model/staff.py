"""Members of staff, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.model.handoff import Agent


class Role(str, Enum):
    """What somebody is at the console; one may be several.

    AGENT talks to customers. SUPERVISOR also sees everybody's conversations, assigns them and reads
    the figures. NLU_DEVELOPER reviews what was misunderstood. ADMINISTRATOR keeps accounts, teams
    and canned answers.
    """

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    NLU_DEVELOPER = "nlu_developer"
    ADMINISTRATOR = "administrator"


class Presence(str, Enum):
    """What somebody has set for themselves. Who is not connected is not there, whatever is set."""

    AVAILABLE = "available"
    AWAY = "away"


@dataclass(frozen=True)
class StaffMember:
    """An account. `id` never changes; `login` is an e-mail address or a short name, in lower case.

    `capacity` is how many conversations they have at once. `language` is the console's for them:
    `en` or `nb`. `sound`: whether it may make one when a customer writes.
    """

    id: str
    login: str
    name: str
    roles: frozenset[Role]
    language: str = "en"
    capacity: int = 5
    presence: Presence = Presence.AVAILABLE
    disabled: bool = False
    sound: bool = True

    def has(self, *roles: Role) -> bool:
        """Whether they are one of these."""
        return not self.roles.isdisjoint(roles)

    @property
    def agent(self) -> Agent:
        """As the desk knows them."""
        return Agent(self.id, self.name)
