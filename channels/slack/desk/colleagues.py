"""Who a Slack user is at the desk: their name, their account at the console, their language."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from bot.errors import DeliveryError, StorageUnavailable
from bot.model.handoff import Agent
from bot.ports import DeskDirectory
from channels.slack.client import Client, User

logger = structlog.get_logger(__name__)

# What is known of a user is asked again after so many seconds, and used for so many more where
# Slack does not answer then.
_FRESH = 600.0
_STALE = 24 * 3600.0
_MOST = 2_000
# What customers are told of somebody whose name the app may not know.
_NAMELESS = "Customer service"


@dataclass(frozen=True)
class Colleague:
    """A Slack user at the desk. `locale` is such as `nb-NO`, None where it is not known."""

    user: str
    agent: Agent
    locale: str | None


class Colleagues:
    """Asks Slack who somebody is, and remembers it for a while."""

    def __init__(
        self, client: Client, directory: DeskDirectory, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._directory = directory
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Colleague]] = OrderedDict()

    async def find(self, user: str, name: str | None = None) -> Colleague:
        """Who that is. `name` is what they are called where Slack does not tell.

        An account at the console with the user's e-mail address as its login is theirs; without one
        they are `slack:<user id>`. Raises StorageUnavailable where Slack can't be asked just now and
        nothing is known yet: somebody must not be taken for two.
        """
        at, known = self._known.get(user, (0.0, None))
        age = self._clock() - at
        if known is not None and age < _FRESH:
            return known
        try:
            found = await self._client.user(user)
        except DeliveryError as error:
            if known is not None and age < _STALE:
                return known
            raise StorageUnavailable(f"Slack does not tell who {user} is: {error}") from error
        colleague = await self._colleague(user, found, name)
        self._known[user] = (self._clock(), colleague)
        self._known.move_to_end(user)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return colleague

    async def locale(self, user: str) -> str | None:
        """The language that they have set; None where that can't be known just now."""
        try:
            return (await self.find(user)).locale
        except StorageUnavailable as error:
            logger.info("slack_locale_unknown", error=str(error))
            return None

    async def _colleague(self, user: str, found: User | None, name: str | None) -> Colleague:
        locale = None if found is None else found.locale
        if found is not None and found.email is not None:
            account = await self._directory.colleague(found.email)
            if account is not None:
                return Colleague(user, replace(account, desk="slack"), locale)
        shown = (None if found is None else found.name) or name or _NAMELESS
        return Colleague(user, Agent(f"slack:{user}", shown, "slack"), locale)
