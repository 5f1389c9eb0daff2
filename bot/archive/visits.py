"""Visits: turns of one conversation without a long pause between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase

from bot.model.journal import TurnRecord

# Intents that do not say what a visit is about; `*` stands for anything.
SMALL_TALK = (
    "greet",
    "goodbye",
    "thank",
    "affirm",
    "deny",
    "help",
    "capabilities",
    "stop",
    "restart",
    "session_start",
    "back",
    "rate",
    "back_to_bot",
    "bot_challenge",
    "chitchat*",
    "out_of_scope",
    "nlu_fallback",
    "change_language",
    "talk_to_human",
    "provide_*",
    "inform",
    "share_*",
    "channel_*",
    "link_*",
)


@dataclass
class Visit:
    """A row of `episodes`, as it grows. `id` is None until it has been stored."""

    conversation_id: str
    began_at: datetime
    last_at: datetime
    channel: str
    language: str | None = None
    intent: str | None = None
    turns: int = 0
    misunderstood: int = 0
    failed: int = 0
    ended_understood: bool = True
    handoff_id: str | None = None
    first_answer_seconds: float | None = None
    id: int | None = None


class VisitBook:
    """Counts the turns of one conversation into visits.

    `latest` is the visit that was stored last, None before the first one. `changed` are those to
    be stored (again).
    """

    def __init__(
        self, latest: Visit | None, pause: timedelta, small_talk: Sequence[str] = SMALL_TALK
    ) -> None:
        self.changed: list[Visit] = []
        self._visit = latest
        self._pause = pause
        self._small_talk = small_talk

    def staff_spoke(self, at: datetime) -> None:
        """A member of staff said something. Begins no visit, but keeps one going."""
        visit = self._visit
        if visit is not None and visit.last_at < at <= visit.last_at + self._pause:
            visit.last_at = at
            self._mark(visit)

    def count(self, turn: TurnRecord) -> None:
        """Count a turn that was not counted before.

        A turn in which the desk gives the conversation back is none of the customer's, and points
        given an hour later are no new visit.
        """
        at = moment(turn.received_at)
        visit = self._visit
        if visit is not None and at > visit.last_at + self._pause:
            visit = None
        if turn.handed_back is not None:
            return
        if visit is None:
            if turn.rated is not None:
                return
            visit = Visit(turn.conversation_id, at, at, turn.channel)
        self._add(visit, turn)
        visit.last_at = max(visit.last_at, at)
        self._visit = visit
        self._mark(visit)

    def handed_over(self, handoff_id: str, requested_at: datetime) -> None:
        """A handoff is over: the visit in which it began was not the bot's alone.

        For those that staff took over unasked, in which the customer may not have written since.
        """
        visit = self._visit
        if visit is None or visit.handoff_id is not None:
            return
        if requested_at <= visit.last_at + self._pause:
            visit.handoff_id = handoff_id
            self._mark(visit)

    def _add(self, visit: Visit, turn: TurnRecord) -> None:
        if visit.turns == 0 and turn.floor is None:
            visit.first_answer_seconds = seconds_of(turn)
        visit.turns += 1
        visit.misunderstood += not turn.understood
        visit.failed += turn.failed
        visit.ended_understood = turn.understood and not turn.failed
        visit.language = turn.language or visit.language
        if (
            visit.intent is None
            and turn.intent is not None
            and not self._is_small_talk(turn.intent)
        ):
            visit.intent = turn.intent
        if visit.handoff_id is None:
            visit.handoff_id = handoff_of(turn)

    def _is_small_talk(self, intent: str) -> bool:
        return any(fnmatchcase(intent, pattern) for pattern in self._small_talk)

    def _mark(self, visit: Visit) -> None:
        if not any(known is visit for known in self.changed):
            self.changed.append(visit)


def handoff_of(turn: TurnRecord) -> str | None:
    """The handoff that had the floor in a turn, or that the turn began."""
    if turn.floor is not None:
        return turn.floor
    return turn.handoff_id if turn.request is not None else None


def seconds_of(turn: TurnRecord) -> float:
    """From a message to the end of its turn; clocks of two machines may differ a little."""
    return max(0.0, turn.committed_at - turn.received_at)


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as a moment in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc)
