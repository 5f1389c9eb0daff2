"""The queue: who comes into it, who gets out of it, and what those who wait are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from bot.handoff import routing, waiting
from bot.handoff.routing import Account
from bot.handoff.sayings import Sayings
from bot.handoff.store import Kept, find, owner_columns, utc
from bot.handoff.team import Team
from bot.handoff.teams import all_teams
from bot.handoff.work import Work
from bot.model.handoff import Agent, HandoffRequest, Step
from bot.model.journal import TurnRecord
from bot.record.tables import handoffs

# What a customer was told last (`told`): nobody is there, or their place.
NOBODY = "nobody"


class Queue:
    """Steps into the queue, within a Work.

    `gone_seconds` after an account was last connected it is not there. `always_staffed`: somebody
    may be at another desk, of which nobody knows who is there.
    """

    def __init__(
        self,
        sayings: Sayings,
        *,
        time_zone: str,
        gone_seconds: float,
        always_staffed: bool = False,
    ) -> None:
        self._sayings = sayings
        self._time_zone = time_zone
        self._gone = timedelta(seconds=gone_seconds)
        self._always_staffed = always_staffed

    def teams(self, work: Work, *, create: bool = True) -> Sequence[Team]:
        """All that are in use; without `create` nothing is written for it."""
        return all_teams(work.connection, work.now, self._time_zone, create=create)

    def team_of(self, work: Work, kept: Kept) -> Team:
        """The team in whose queue it is."""
        found = self.teams(work)
        for team in found:
            if team.id == kept.handoff.team_id:
                return team
        return next(team for team in found if team.is_default)

    def there(self, work: Work, team_id: str | None) -> Sequence[Account]:
        """Who of a team is there."""
        return routing.present(work.connection, team_id, self.seen_since(work.now))

    def seen_since(self, now: datetime) -> datetime:
        """Who was not connected since then is gone."""
        return now - self._gone

    def request(
        self, work: Work, turn: TurnRecord, request: HandoffRequest, handoff_id: str
    ) -> Kept:
        """Begin what is asked for with a turn, with the team that fits."""
        language = turn.language or "en"
        team = routing.pick_team(
            self.teams(work),
            work.now,
            named=request.team,
            topic=request.topic,
            language=language,
        )
        kept = work.begin(
            Step.REQUEST,
            handoff_id=handoff_id,
            conversation_id=turn.conversation_id,
            cause=request.cause,
            language=language,
            channel=turn.channel,
            asked_at=min(work.now, utc(turn.received_at)),
            topic=request.topic,
            team_id=team.id,
            note=request.note,
        )
        if not team.opening_hours.is_open(work.now):
            return self.turn_away(work, kept, team)
        return self.arrive(work, kept, team)

    def requeue(
        self,
        work: Work,
        kept: Kept,
        step: Step,
        *,
        team: Team,
        first: str,
        by: Agent | None = None,
        note: str | None = None,
        **columns: Any,
    ) -> Kept:
        """Into a team's queue, in the place that the time already waited gives."""
        moved = work.move(
            kept,
            step,
            by=by,
            note=note,
            team_id=team.id,
            queued_at=work.now,
            claimed_at=None,
            **owner_columns(None),
            **columns,
        )
        if not self.there(work, team.id) and not team.opening_hours.is_open(work.now):
            return self.turn_away(work, moved, team, first)
        return self.arrive(work, moved, team, first)

    def arrive(self, work: Work, kept: Kept, team: Team, first: str | None = None) -> Kept:
        """Give it to somebody at once where the team works so, else tell the customer of the queue."""
        there = self.there(work, team.id)
        place = waiting.place(work.connection, kept)
        if team.assignment == "auto" and place == 1:
            free = self._free(work, there)
            if free is not None:
                return self.give(work, kept, free.agent, Step.ASSIGN)
        language = kept.handoff.language
        if there or self._always_staffed:
            wait = waiting.expected_wait(work.connection, team.id, place, there, work.now)
            content = self._sayings.in_queue(language, place, wait, first=first)
            told = str(place)
        else:
            content, told = self._sayings.nobody_there(language, first=first), NOBODY
        work.say(kept.handoff, content)
        return self._tell(work, kept, told)

    def _free(self, work: Work, there: Sequence[Account]) -> Account | None:
        """Somebody with room for one more, whom nobody else gives one until the transaction ends.

        Who is just being given another one is passed over rather than waited for: the conversation
        is locked already, and everybody else locks the account first. The clock gives it out then.
        """
        for account in there:
            if account.is_free:
                found = routing.account(work.connection, account.id, lock=True, wait=False)
                if found is not None and found.is_free and not found.disabled:
                    return found
        return None

    def retell(self, work: Work, kept: Kept) -> Kept:
        """Tell their place once more, if it is worth it."""
        there = self.there(work, kept.handoff.team_id)
        place = waiting.place(work.connection, kept)
        if not self.is_news(kept, place, bool(there), work.now):
            return kept
        handoff = kept.handoff
        wait = waiting.expected_wait(work.connection, handoff.team_id, place, there, work.now)
        key = f"told.{int(work.now.timestamp())}"
        work.say(handoff, self._sayings.moved_up(handoff.language, place, wait), key)
        return self._tell(work, kept, str(place))

    def is_news(self, kept: Kept, place: int, anybody_there: bool, now: datetime) -> bool:
        """Whether a place is so much better than what was told that it is worth a message."""
        if kept.told is None or kept.told_at is None or now - kept.told_at < timedelta(minutes=1):
            return False
        if not anybody_there and not self._always_staffed:
            return False
        if kept.told == NOBODY:
            return True
        told = int(kept.told)
        return place < told and (place == 1 or place <= told / 2 or told - place >= 5)

    def give(
        self,
        work: Work,
        kept: Kept,
        to: Agent,
        step: Step,
        *,
        by: Agent | None = None,
        note: str | None = None,
    ) -> Kept:
        """To a person, and tell the customer who it is."""
        passed_on = kept.handoff.owner is not None
        moved = work.move(
            kept,
            step,
            by=by,
            note=note,
            claimed_at=work.now,
            first_claimed_at=kept.first_claimed_at or work.now,
            **owner_columns(to),
        )
        work.say(
            moved.handoff, self._sayings.taken(moved.handoff.language, to, passed_on=passed_on)
        )
        return moved

    def escalate(self, work: Work, kept: Kept, team: Team, other: Team | None) -> Kept:
        """It has waited too long: to another team, if there is one and it is open, else it stands out
        in its own queue. Once for a handoff.
        """
        minutes = round((team.waiting_limit or 0) / 60, 1)
        columns: dict[str, Any] = {"escalated_at": work.now}
        if other is not None and other.opening_hours.is_open(work.now):
            columns |= {"team_id": other.id, "queued_at": work.now}
        note = f"Waited for more than {minutes:g} min for {team.name}"
        moved = work.move(kept, Step.ESCALATE, note=note, **columns)
        work.say(moved.handoff, self._sayings.escalated(moved.handoff.language))
        place = waiting.place(work.connection, moved)
        return self._tell(work, moved, str(place))

    def turn_away(self, work: Work, kept: Kept, team: Team, first: str | None = None) -> Kept:
        """Closed: say when it opens and what can be done, and give the floor back."""
        moved = work.move(kept, Step.TURN_AWAY, ended="turned_away", ended_at=work.now)
        content = self._sayings.closed(moved.handoff.language, team, work.now, first=first)
        work.say(moved.handoff, content)
        work.hand_back(moved.handoff, quiet=True)
        return moved

    def _tell(self, work: Work, kept: Kept, told: str) -> Kept:
        noted = update(handoffs).where(handoffs.c.id == kept.handoff.id)
        work.connection.execute(noted.values(told=told, told_at=work.now))
        return find(work.connection, kept.handoff.id)
