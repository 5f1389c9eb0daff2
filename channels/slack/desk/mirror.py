"""What is to be shown in Slack of what happens at the desk. Pure, but for the time of day."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence

from bot.model.handoff import Handoff, State
from bot.model.journal import TurnRecord
from bot.model.messages import Outbound
from bot.ports import DeskMirror, DeskUtterance
from channels.slack.desk.shown import (
    CHANNEL,
    Change,
    Changed,
    Heard,
    Shown,
    Spoken,
    shown_to_content,
)

# What was written in the thread itself: it stands there already.
_FROM_SLACK = re.compile(r"slack-\d{1,12}\.\d{1,8}\Z", re.ASCII)

_ENDS: dict[str, Change] = {
    "resolved": "closed",
    "unresolved": "closed",
    "returned": "returned",
    "turned_away": "turned_away",
    "left": "left",
}


def message_id(timestamp: str) -> str:
    """The id of what was written in a thread, by Slack's timestamp, for `Desk.say`."""
    return f"slack-{timestamp}"


class SlackDeskMirror(DeskMirror):
    """Makes the messages that `SlackDeskDelivery` brings into a handoff's thread."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def changed(
        self, before: Handoff | None, after: Handoff, note: str | None
    ) -> Sequence[Outbound]:
        """See the port. The id of a change is the handoff's version; what is added without a step
        (a note, a rating) has its own beside it.
        """
        change = _change(before, after)
        name = f"v{after.version}"
        if change == "other" and note is None:
            return ()
        if change == "rated":
            name += f":rated:{after.rating}"
        elif change == "other" and note is not None:
            name += f":note:{hashlib.sha256(note.encode()).hexdigest()[:16]}"
        return [self._message(after, name, Changed(after, change, note))]

    def said(self, handoff: Handoff, utterance: DeskUtterance) -> Sequence[Outbound]:
        """See the port. What staff wrote in the thread is not repeated there."""
        if _FROM_SLACK.search(utterance.id):
            return ()
        spoken = Spoken(handoff, utterance.author, utterance.content, utterance.name)
        return [self._message(handoff, f"said:{utterance.id}", spoken)]

    def heard(self, handoff: Handoff, turn: TurnRecord, text: str) -> Sequence[Outbound]:
        """See the port."""
        return [self._message(handoff, f"heard:{turn.turn_id}", Heard(handoff, text))]

    def _message(self, handoff: Handoff, name: str, shown: Shown) -> Outbound:
        return Outbound(
            channel=CHANNEL,
            recipient=handoff.id,
            conversation_id=handoff.conversation_id,
            # No turn's name: it waits in its conversation's partition.
            turn_id=f"{CHANNEL}:{handoff.id}:{name}",
            position=0,
            content=shown_to_content(shown),
            asked_at=self._clock(),
            language=handoff.language,
        )


def _change(before: Handoff | None, after: Handoff) -> Change:
    """What a reader of the thread takes it for."""
    if before is None:
        return "begun"
    if before.state is not after.state:
        if after.state is State.WITH_PERSON:
            return "taken"
        if after.state is State.WAITING:
            return "requeued"
        if after.ended is not None and before.ended is None:
            return _ENDS.get(after.ended, "closed")
        return "other"
    if before.owner != after.owner:
        return "given"
    if before.team_id != after.team_id:
        return "moved"
    if before.rating != after.rating and after.rating is not None:
        return "rated"
    if after.state is State.WAITING and before.version != after.version:
        return "escalated"
    return "other"
