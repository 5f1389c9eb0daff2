"""What a turn came to, read from its events and answers. Pure functions, but for the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.constants import (
    ACTION_DEFAULT_FALLBACK_NAME,
    REQUESTED_SLOT,
)
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    Restarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY

from bot.model.content import Content, Custom
from bot.model.handoff import Cause, HandoffRequest, Rated

log = logging.getLogger(__name__)

# Intents with which nobody has said what they want.
NOT_UNDERSTOOD = frozenset({DEFAULT_NLU_FALLBACK_INTENT_NAME, "out_of_scope"})
# Intents that are about the conversation, and no subject that a team could know about.
_NO_TOPIC = NOT_UNDERSTOOD | frozenset(
    """
    affirm back_to_bot bot_challenge capabilities change_language channel_linked channel_unlinked
    deny goodbye greet help link_refused provide_order_details rate restart share_attachment
    share_location stop talk_to_human thank
    """.split()
)
_SMALL_TALK = "chitchat"
_HANDED_BACK = "handed_back"
_RATE, _RATING = "rate", "rating"
_BEST_RATING = 5
_TEXTS = ("topic", "team", "note")


def intent_of(parse: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """The intent that a message was taken for, and how sure that is; None for neither."""
    intent = parse.get(INTENT) or {}
    name = intent.get(INTENT_NAME_KEY)
    if not isinstance(name, str):
        return None, None
    confidence = intent.get(PREDICTED_CONFIDENCE_KEY)
    return name, float(confidence) if isinstance(confidence, (int, float)) else None


def is_understood(intent: str | None, events: Iterable[Event]) -> bool:
    """Whether the bot knew what to do with a message of that intent; `events` are its turn's.

    Words that make no sense by themselves do where they are the answer to a form's question.
    """
    acted = False
    filled = False
    for event in events:
        if isinstance(event, UserUttered):
            # What came before is a new session's: slots that are carried over.
            acted = filled = False
        elif isinstance(event, ActionExecuted):
            acted = True
            if event.action_name == ACTION_DEFAULT_FALLBACK_NAME:
                return False
        elif acted and isinstance(event, SlotSet):
            filled |= _fills(event)
    return filled or intent not in NOT_UNDERSTOOD


def attempts_refused(events: Sequence[Event], form: str) -> int:
    """How many of the customer's latest messages in a row were answers that the form refused.

    A message that brought something else (a value for another slot, a question that was answered)
    ends the row.
    """
    count = 0
    turn: list[Event] = []
    for event in reversed(events):
        turn.append(event)
        if isinstance(event, UserUttered):
            if not _refuses(turn[::-1], form):
                break
            count += 1
            turn = []
    return count


def is_refusal(events: Iterable[Event]) -> bool:
    """Whether a form that was active has accepted nothing; `events` are what it gave back."""
    return not any(
        isinstance(event, ActiveLoop) or (isinstance(event, SlotSet) and _fills(event))
        for event in events
    )


def request_in(answers: Iterable[Content], events: Sequence[Event]) -> HandoffRequest | None:
    """The handoff that the answers ask for, the first where there are several.

    `events` are the conversation's, this turn's included: what it was about is the topic, where the
    answer names none. A payload that is malformed is told in the log, and still a request: the
    customer has been told that somebody comes.
    """
    for payload in _payloads(answers, "handoff"):
        if not isinstance(payload, Mapping):
            log.error("handoff: %r is no object with a `reason`", payload)
            return HandoffRequest(Cause.ACTION_ASKED, topic_of(events))
        texts = {name: _text(payload, name) for name in _TEXTS}
        reason = _text(payload, "reason")
        try:
            cause = Cause(reason)
        except ValueError:
            cause = Cause.ACTION_ASKED
            if reason is None:
                log.error("handoff: it has no `reason`")
            else:
                texts["note"] = ": ".join(filter(None, (reason, texts["note"])))
        return HandoffRequest(
            cause, texts["topic"] or topic_of(events), texts["team"], texts["note"]
        )
    return None


def is_topic(intent: str | None) -> bool:
    """Whether an intent is a subject that somebody could know about."""
    return intent is not None and intent not in _NO_TOPIC and not intent.startswith(_SMALL_TALK)


def topic_of(events: Sequence[Event]) -> str | None:
    """What the conversation was about of late: an intent, None where it had no subject yet."""
    for event in reversed(events):
        if isinstance(event, Restarted):
            return None
        if isinstance(event, UserUttered):
            name = event.intent_name
            if name == _HANDED_BACK:
                # What was before has been seen to.
                return None
            if is_topic(name):
                return str(name)
    return None


def rated_in(answers: Iterable[Content]) -> int | None:
    """The points that an answer thanks for: its custom payload `rated`. None for anything else."""
    for payload in _payloads(answers, "rated"):
        try:
            score = int(Rated(**payload).score)
        except (TypeError, ValueError):
            log.error("rated: %r has not the form {score: 4}", payload)
            continue
        return score
    return None


def points_in(parse: Mapping[str, Any]) -> int | None:
    """The points of a rating that was pressed while a person had the floor."""
    if intent_of(parse)[0] != _RATE:
        return None
    for entity in parse.get(ENTITIES) or ():
        value = entity.get("value")
        if entity.get("entity") == _RATING and str(value) in map(str, range(1, _BEST_RATING + 1)):
            return int(value)
    return None


def _payloads(answers: Iterable[Content], name: str) -> Iterable[Any]:
    return (
        answer.data[name]
        for answer in answers
        if isinstance(answer, Custom) and name in answer.data
    )


def _text(payload: Mapping[str, Any], name: str) -> str | None:
    value = payload.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        log.error("handoff.%s: %r is no text", name, value)
        return None
    return value.strip() or None


def _refuses(turn: Sequence[Event], form: str) -> bool:
    """Whether a turn was an answer that the form refused. It begins with what the customer said."""
    runs = [number for number, event in enumerate(turn) if isinstance(event, ActionExecuted)]
    if not runs:
        return False
    first = turn[runs[0]]
    assert isinstance(first, ActionExecuted)
    rejected = any(isinstance(event, ActionExecutionRejected) for event in turn)
    return first.action_name == form and not rejected and is_refusal(turn[runs[0] :])


def _fills(event: SlotSet) -> bool:
    return event.key != REQUESTED_SLOT and event.value is not None
