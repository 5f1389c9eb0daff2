"""One piece of the desk's work: steps and their effects in one transaction, carried out after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt

from bot.handoff import effect, store
from bot.handoff.effect import Effect
from bot.handoff.effects import Effects
from bot.handoff.store import Kept, utc_now
from bot.model.content import Content
from bot.model.handoff import Agent, Handoff, Step
from bot.ports import DeskMirror
from bot.record.database import Database

Result = TypeVar("Result")


class Work:
    """A transaction over one conversation at the moment `now`, and what it is to bring about."""

    def __init__(
        self, connection: Connection, now: datetime, mirrors: Sequence[DeskMirror] = ()
    ) -> None:
        self.connection = connection
        self.now = now
        self.effects: list[Effect] = []
        self._mirrors = mirrors

    def begin(self, step: Step, **columns: Any) -> Kept:
        """See `bot.handoff.store.begin`."""
        begun = store.begin(self.connection, self.now, step, **columns)
        self._changed(None, begun.handoff, begun.handoff.note)
        return begun

    def move(
        self,
        before: Kept,
        step: Step,
        *,
        by: Agent | None = None,
        note: str | None = None,
        **columns: Any,
    ) -> Kept:
        """See `bot.handoff.store.move`."""
        moved = store.move(self.connection, before, step, self.now, by=by, note=note, **columns)
        self._changed(before.handoff, moved.handoff, note)
        return moved

    def take_floor(self, handoff: Handoff) -> None:
        """Take the floor from the bot."""
        self.effects.append(effect.take(handoff.conversation_id, handoff.id))

    def say(self, handoff: Handoff, content: Content, key: str | None = None) -> None:
        """Say something of the desk's own. `key` names it where it belongs to no step."""
        name = key or f"{handoff.version}.{len(self.effects)}"
        self.effects.append(
            effect.say(
                handoff.conversation_id,
                handoff.id,
                f"{handoff.id}.{name}",
                content,
                handoff.language,
            )
        )

    def hand_back(
        self,
        handoff: Handoff,
        slots: Mapping[str, Any] | None = None,
        *,
        quiet: bool,
        rating: bool = False,
    ) -> None:
        """Give the floor back to the bot, after all that was said before."""
        self.effects.append(
            effect.hand_back(
                handoff.conversation_id, handoff.id, dict(slots or {}), quiet=quiet, rating=rating
            )
        )

    def _changed(self, before: Handoff | None, after: Handoff, note: str | None) -> None:
        self.effects.append(effect.announce(after.conversation_id, after.id))
        for mirror in self._mirrors:
            for message in mirror.changed(before, after, note):
                self.effects.append(effect.post(after.conversation_id, after.id, message))


class DeskWork:
    """Runs pieces of work, each in a transaction of its own, and carries out what they bring about."""

    def __init__(
        self,
        database: Database,
        effects: Effects,
        mirrors: Sequence[DeskMirror] = (),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._effects = effects
        self._mirrors = tuple(mirrors)
        self._clock = clock

    async def run(self, work: Callable[[Work], Result]) -> Result:
        """Raises what `work` raises, and StorageUnavailable; nothing is kept of it then.

        `work` may be called again where another one was faster with the same conversation.
        """
        result: Result
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(IntegrityError), stop=stop_after_attempt(3), reraise=True
        ):
            with attempt:
                result, due = await self._database.write(lambda c: self._in_transaction(c, work))
        await self._effects.carry_out(due)
        return result

    def _in_transaction(
        self, connection: Connection, work: Callable[[Work], Result]
    ) -> tuple[Result, Sequence[Effect]]:
        doing = Work(connection, self._clock(), self._mirrors)
        result = work(doing)
        return result, effect.write(connection, doing.effects, doing.now)
