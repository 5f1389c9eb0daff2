"""What the desk does as time passes. Any number of processes may: each step looks again first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from bot.errors import HandoffRefused, StorageUnavailable
from bot.handoff import routing, store
from bot.handoff.desk import SqlDesk
from bot.handoff.floors import hold_floors
from bot.handoff.store import Kept
from bot.handoff.team import Team
from bot.handoff.work import Work
from bot.model.handoff import State, Step
from bot.record.tables import handoffs, staff

log = logging.getLogger(__name__)

# So that thousands who wait do not keep a process from what else is to be done, nor what they are told
# from giving out conversations.
_MOST_AT_ONCE = 200
_MOST_TOLD = 10
_FLOORS_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class _Chore:
    """Something to be done with a handoff."""

    name: str
    handoff_id: str
    work: Callable[[Work], object]


class DeskClock:
    """Gives out what waits, brings back what lost its person, tells those who wait how it stands,
    and carries out effects that were left. `every` is in seconds.
    """

    def __init__(self, desk: SqlDesk, every: float = 1.0) -> None:
        self._desk = desk
        self._queue = desk.queue
        self._every = every
        self._watching_since = desk.clock()
        self._held_at: datetime | None = None

    async def run(self) -> None:
        """Until it is cancelled. Storage that does not answer is waited for."""
        away = False
        while True:
            try:
                await self.tick()
                away = False
            except StorageUnavailable as error:
                # Open consoles could not say so meanwhile either.
                self._watching_since = self._desk.clock()
                if not away:
                    log.warning("the desk waits for its storage: %s", error)
                away = True
            except Exception:
                log.exception("the desk's clock failed; it goes on")
            await asyncio.sleep(self._every)

    async def tick(self) -> None:
        """One round. Raises StorageUnavailable."""
        await self._desk.effects.sweep()
        for chore in await self._desk.database.read(self._chores):
            try:
                await self._desk.work.run(chore.work)
            except HandoffRefused as error:
                # Somebody was faster, which is as good.
                log.debug("%s of handoff %s: %s", chore.name, chore.handoff_id, error)
            except StorageUnavailable:
                raise
            except Exception:
                # The others must not wait for this one's fault to be mended.
                log.exception("%s of handoff %s failed", chore.name, chore.handoff_id)
        now = self._desk.clock()
        if self._held_at is None or now - self._held_at >= _FLOORS_EVERY:
            await hold_floors(self._desk)
            self._held_at = now

    def _chores(self, connection: Connection) -> Sequence[_Chore]:
        look = Work(connection, self._desk.clock())
        return [*self._gone(look), *self._waiting(look)]

    def _gone(self, look: Work) -> Sequence[_Chore]:
        since = self._queue.seen_since(look.now)
        if since < self._watching_since:
            # After a start, or while the database was away, nobody can tell who is gone.
            return []
        query = (
            select(handoffs.c.id)
            .outerjoin(staff, staff.c.id == handoffs.c.owner_id)
            .where(
                handoffs.c.state == State.WITH_PERSON.value,
                handoffs.c.owner_desk == "console",
                # Whoever got it while no console was open has the same time to open one.
                handoffs.c.claimed_at < since,
                or_(
                    staff.c.id.is_(None),
                    staff.c.disabled_at.is_not(None),
                    staff.c.connected_at.is_(None),
                    staff.c.connected_at < since,
                ),
            )
            .limit(_MOST_AT_ONCE)
        )
        return [
            _Chore("bringing back", found, self._bring_back(found))
            for found in look.connection.execute(query).scalars()
        ]

    def _bring_back(self, handoff_id: str) -> Callable[[Work], object]:
        def work(work: Work) -> None:
            kept = store.find(work.connection, handoff_id, lock=True)
            owner = kept.handoff.owner
            if kept.handoff.state is not State.WITH_PERSON or owner is None:
                return
            if owner.desk != "console":
                return
            since = self._queue.seen_since(work.now)
            if routing.connected_since(work.connection, owner.id, since):
                return
            team = self._queue.team_of(work, kept)
            note = f"{owner.name} lost the connection"
            self._queue.requeue(
                work, kept, Step.AGENT_GONE, team=team, first="agent_gone", note=note
            )

        return work

    def _waiting(self, look: Work) -> Sequence[_Chore]:
        query = (
            select(handoffs)
            .where(handoffs.c.state == State.WAITING.value)
            .order_by(handoffs.c.waiting_since, handoffs.c.id)
        )
        teams = {team.id: team for team in self._queue.teams(look, create=False)}
        places: dict[str | None, int] = {}
        there = {team_id: self._queue.there(look, team_id) for team_id in teams}
        room = {team_id: sum(item.is_free for item in found) for team_id, found in there.items()}
        closed = {
            team_id
            for team_id, team in teams.items()
            if not there[team_id] and not team.opening_hours.is_open(look.now)
        }
        chores: list[_Chore] = []
        told = 0
        for row in look.connection.execute(query):
            kept = store.kept(row)
            team_id = kept.handoff.team_id
            place = places[team_id] = places.get(team_id, 0) + 1
            team = teams.get(team_id)
            if team is None or len(chores) >= _MOST_AT_ONCE:
                continue
            if team.assignment == "auto" and place <= room[team_id]:
                chores.append(_Chore("assigning", kept.handoff.id, self._assign(team)))
            elif team_id in closed:
                chores.append(_Chore("turning away", kept.handoff.id, self._turn_away(kept, team)))
            elif _is_overdue(kept, team, look.now):
                chores.append(_Chore("escalating", kept.handoff.id, self._escalate(kept, team)))
            elif told < _MOST_TOLD and self._queue.is_news(
                kept, place, bool(there[team_id]), look.now
            ):
                told += 1
                chores.append(_Chore("telling", kept.handoff.id, self._tell(kept)))
        return chores

    def _assign(self, team: Team) -> Callable[[Work], object]:
        """To whoever of a team is free, the one who has waited for it longest."""

        def work(work: Work) -> None:
            for free in self._queue.there(work, team.id):
                account = routing.account(work.connection, free.id, lock=True)
                if account is None or not account.is_free:
                    continue
                longest = (
                    select(handoffs.c.id)
                    .where(handoffs.c.state == State.WAITING.value, handoffs.c.team_id == team.id)
                    .order_by(handoffs.c.waiting_since, handoffs.c.id)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
                found = work.connection.execute(longest).scalar()
                if found is not None:
                    kept = store.find(work.connection, found)
                    self._queue.give(work, kept, account.agent, Step.ASSIGN)
                return

        return work

    def _turn_away(self, seen: Kept, team: Team) -> Callable[[Work], object]:
        return lambda work: self._queue.turn_away(work, seen, team, first="closing_time")

    def _escalate(self, seen: Kept, team: Team) -> Callable[[Work], object]:
        def work(work: Work) -> None:
            other = next(
                (item for item in self._queue.teams(work) if item.id == team.escalation_team_id),
                None,
            )
            self._queue.escalate(work, seen, team, other)

        return work

    def _tell(self, seen: Kept) -> Callable[[Work], object]:
        def work(work: Work) -> None:
            kept = store.find(work.connection, seen.handoff.id, lock=True)
            if kept.handoff.state is State.WAITING:
                self._queue.retell(work, kept)

        return work


def _is_overdue(kept: Kept, team: Team, now: datetime) -> bool:
    if team.waiting_limit is None or kept.escalated_at is not None:
        return False
    return now - kept.queued_at > timedelta(seconds=team.waiting_limit)
