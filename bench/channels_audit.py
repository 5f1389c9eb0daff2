"""Checks what the platforms were sent: every answer, in order, once, and no faster than allowed."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.audit import Fault
from bot.model.content import Typing
from bot.model.messages import Author, Outbound, Utterance
from bot.ports import PushChannel, delivery_key


@dataclass(frozen=True)
class Delivered:
    """How a conversation's messages reached the customer. Counts of messages."""

    expected: int
    twice: int
    faults: Sequence[Fault]


@dataclass(frozen=True)
class Limit:
    """At most `count` messages in any `seconds`, for each of a platform's chats or over all."""

    name: str
    count: int
    seconds: float
    per_chat: bool


def received(
    transcript: Sequence[Utterance], event_ids: Sequence[str], conversation: str
) -> list[Fault]:
    """What is wrong with a conversation as it is stored: each event once, in order, and answered."""
    said = [line.id for line in transcript if line.author is Author.CUSTOMER]
    faults = [
        Fault("lost", conversation, f"the event {event} is not in the transcript")
        for event in event_ids
        if event not in said
    ]
    faults += [
        Fault("duplicate", conversation, f"the event {event} is {said.count(event)} times there")
        for event in sorted(set(said))
        if said.count(event) > 1
    ]
    if not faults and said != list(event_ids):
        faults.append(Fault("order", conversation, f"sent {list(event_ids)}, stored {said}"))
    # A customer who does not wait writes between a question and its answer.
    answered = {line.turn_id for line in transcript if line.author is not Author.CUSTOMER}
    faults += [
        Fault("lost", conversation, f"the event {line.id} has no answer")
        for line in transcript
        if line.author is Author.CUSTOMER and line.turn_id not in answered
    ]
    return faults


def expected_marks(
    channel: PushChannel,
    transcript: Sequence[Utterance],
    recipient: str,
    conversation: str,
    language: str,
    by_key: bool,
) -> list[str]:
    """What tells the messages apart that the conversation's answers need, in order."""
    marks = []
    for line in transcript:
        if line.author is Author.CUSTOMER or isinstance(line.content, Typing):
            continue
        message = Outbound(
            channel=channel.name,
            recipient=recipient,
            conversation_id=conversation,
            turn_id=line.turn_id,
            position=int(line.id.rpartition("/")[2]),
            content=line.content,
            asked_at=line.at,
            language=language,
        )
        for number, call in enumerate(channel.calls(message)):
            words = call.arguments.get("text") or call.arguments.get("caption")
            marks.append(delivery_key(message, number) if by_key else str(words))
    return marks


def compare(expected: Sequence[str], taken: Sequence[str], conversation: str) -> Delivered:
    """Walk both side by side: what is taken again right after itself came twice."""
    place = twice = 0
    faults = []
    for mark in taken:
        if place < len(expected) and mark == expected[place]:
            place += 1
        elif place and mark == expected[place - 1]:
            twice += 1
        elif mark in expected[place:]:
            missing = expected[place : expected.index(mark, place)]
            faults.append(Fault("order", conversation, f"{mark!r} came before {missing}"))
            place = expected.index(mark, place) + 1
        else:
            faults.append(Fault("order", conversation, f"{mark!r} came out of turn"))
    faults += [
        Fault("lost", conversation, f"{mark!r} was not delivered") for mark in expected[place:]
    ]
    return Delivered(len(expected), twice, faults)


def broken(
    limits: Sequence[Limit], taken: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, int]:
    """How often each limit was broken, by the moments at which the platform had the calls."""
    moments: dict[str, list[float]] = defaultdict(list)
    for address, calls in taken.items():
        moments[address] += [call["at"] for call in calls]
    everything = sorted(moment for chat in moments.values() for moment in chat)
    return {
        limit.name: sum(
            _over(sorted(chat), limit)
            for chat in (moments.values() if limit.per_chat else [everything])
        )
        for limit in limits
    }


def _over(moments: Sequence[float], limit: Limit) -> int:
    """How many came while as many as are allowed had come within the seconds before."""
    return sum(
        number - bisect_left(moments, moment - limit.seconds + 1e-9) >= limit.count
        for number, moment in enumerate(moments)
    )
