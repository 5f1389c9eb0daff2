"""Who reads a conversation that is somebody else's: noted, whichever way it is read."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.model.handoff import State
from bot.ports import Desk
from bot.staff.audit import Audit

_MOST = 10_000


class Readings:
    """Notes readings in the audit log. One that goes on, by a page that is told what is new, is noted
    once in `every` seconds.
    """

    def __init__(
        self,
        audit: Audit,
        desk: Desk,
        *,
        every: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audit = audit
        self._desk = desk
        self._every = every
        self._clock = clock
        self._noted: dict[tuple[str, str], float] = {}

    async def opened(self, staff_id: str, conversation_id: str) -> None:
        """Somebody opens it."""
        handoff = await self._desk.of_conversation(conversation_id)
        with_person = handoff is not None and handoff.state is State.WITH_PERSON
        owner = handoff.owner if handoff is not None and with_person else None
        if owner is not None and owner.id == staff_id:
            return
        await self._audit.record(staff_id, "conversation.read", conversation_id)
        if len(self._noted) >= _MOST:
            self._forget()
        self._noted[staff_id, conversation_id] = self._clock()

    async def goes_on(self, staff_id: str, conversation_id: str) -> None:
        """Somebody is told what is new in it."""
        noted = self._noted.get((staff_id, conversation_id))
        if noted is None or self._clock() - noted > self._every:
            await self.opened(staff_id, conversation_id)

    def _forget(self) -> None:
        since = self._clock() - self._every
        self._noted = {key: at for key, at in self._noted.items() if at > since}
        if len(self._noted) >= _MOST:
            self._noted.clear()
