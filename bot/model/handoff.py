"""Handing a conversation over to a person and back: its states, its steps, and who takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from bot.errors import HandoffRefused


class State(str, Enum):
    """Where a handoff stands. A conversation without an open handoff is in the state BOT.

    BACK_TO_BOT is the end of every handoff; after it the conversation is in BOT again.
    """

    BOT = "bot"
    WAITING = "waiting"
    WITH_PERSON = "with_person"
    WRAPPED_UP = "wrapped_up"
    BACK_TO_BOT = "back_to_bot"


# The bot keeps quiet in these: a conversation has at most one handoff in one of them.
OPEN = frozenset({State.WAITING, State.WITH_PERSON})


class Cause(str, Enum):
    """Why a handoff began."""

    CUSTOMER_ASKED = "customer_asked"
    NOT_UNDERSTOOD = "not_understood"
    FORM_FAILED = "form_failed"
    ACTION_ASKED = "action_asked"
    STAFF_TOOK_OVER = "staff_took_over"


class Step(str, Enum):
    """What can happen to a handoff."""

    REQUEST = "request"  # the customer, or the dialogue, asks for a person
    TAKE_OVER = "take_over"  # a member of staff takes the conversation unasked
    CLAIM = "claim"  # one takes it out of the queue
    ASSIGN = "assign"  # the queue, or a supervisor, gives it to one
    TRANSFER = "transfer"  # from one person to another one
    REQUEUE = "requeue"  # from a person, or from another team, into a team's queue
    AGENT_GONE = "agent_gone"  # the person's connection has been gone for too long
    ESCALATE = "escalate"  # it has waited too long
    TURN_AWAY = "turn_away"  # nobody is there: another way was offered
    LEAVE = "leave"  # the customer no longer wants to wait
    CLOSE = "close"  # the person is done
    RETURN = "return"  # the person hands the customer back to the bot
    RESUMED = "resumed"  # the bot has taken over again after a closed one


# Every step that is possible, and where it leads.
TRANSITIONS: Mapping[tuple[State, Step], State] = {
    (State.BOT, Step.REQUEST): State.WAITING,
    (State.BOT, Step.TAKE_OVER): State.WITH_PERSON,
    (State.WAITING, Step.TAKE_OVER): State.WITH_PERSON,
    (State.WAITING, Step.CLAIM): State.WITH_PERSON,
    (State.WAITING, Step.ASSIGN): State.WITH_PERSON,
    (State.WAITING, Step.REQUEUE): State.WAITING,
    (State.WAITING, Step.ESCALATE): State.WAITING,
    (State.WAITING, Step.TURN_AWAY): State.BACK_TO_BOT,
    (State.WAITING, Step.LEAVE): State.BACK_TO_BOT,
    (State.WITH_PERSON, Step.TRANSFER): State.WITH_PERSON,
    (State.WITH_PERSON, Step.ASSIGN): State.WITH_PERSON,
    (State.WITH_PERSON, Step.REQUEUE): State.WAITING,
    (State.WITH_PERSON, Step.AGENT_GONE): State.WAITING,
    (State.WITH_PERSON, Step.CLOSE): State.WRAPPED_UP,
    (State.WITH_PERSON, Step.RETURN): State.BACK_TO_BOT,
    (State.WRAPPED_UP, Step.RESUMED): State.BACK_TO_BOT,
}


def after(state: State, step: Step) -> State:
    """The state that a step leads to. Raises HandoffRefused (`not_possible`)."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise HandoffRefused(
            "not_possible", f"{step.value} is not possible in the state {state.value}"
        ) from None


@dataclass(frozen=True)
class HandoffRequest:
    """What the dialogue asks of the desk: the custom payload `handoff` of an answer.

    `topic` is what it is about, by default the intent; it, with the language, picks a team, unless
    `team` names one. `note` is for the staff alone.
    """

    cause: Cause
    topic: str | None = None
    team: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Agent:
    """A member of staff who talks to customers.

    `id` is an account's id, or `slack:<user id>` for one who works at the Slack desk alone. `name`
    is what customers are told.
    """

    id: str
    name: str
    desk: Literal["console", "slack"] = "console"


@dataclass(frozen=True)
class Handoff:
    """A handoff as it stands. Times are in seconds since the epoch.

    `version` counts its steps: a change is made on the version that somebody has seen, or refused.
    `waiting_since` is when the customer began to wait, the first time: who comes back into the queue
    does not stand at its end. `ended` is how it ended: `resolved`, `unresolved`, `returned`,
    `turned_away`, `left`.
    """

    id: str
    conversation_id: str
    state: State
    version: int
    cause: Cause
    topic: str | None
    language: str
    channel: str
    team_id: str | None
    owner: Agent | None
    requested_at: float
    waiting_since: float
    claimed_at: float | None = None
    ended_at: float | None = None
    ended: str | None = None
    rating: int | None = None
    note: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the desk has the floor."""
        return self.state in OPEN


@dataclass(frozen=True)
class HandBack:
    """The desk gives a conversation back to the bot: a turn of its own in the inbox, so that it
    stands in order with what the customer writes. Never made from a channel's input.

    `slots` are set first. `quiet`: the bot says nothing then, since the desk has said it. `rating`:
    the desk has just asked for points, so a number that is typed is the answer.
    """

    handoff_id: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    rating: bool = False


@dataclass(frozen=True)
class Rated:
    """A customer's points for the handoff that ended last: the custom payload `rated`."""

    score: int
