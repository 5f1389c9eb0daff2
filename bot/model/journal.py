"""What happened in a conversation, for the record: one entry a turn, or a word of the desk."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from bot.errors import UnreadableEntry
from bot.model.handoff import Cause, HandoffRequest


@dataclass(frozen=True)
class TurnRecord:
    """A turn that was committed. Times are in seconds since the epoch.

    `event_id` is the customer's message. `intent` is the most likely one, with its `confidence`,
    None for what was no words and no command. `understood`: the dialogue engine knew what to do
    with it; `failed`: it was answered with an apology. `floor` is the handoff that had the floor
    when the turn began: then the bot kept quiet. `request` begins a handoff, whose id is the turn's
    own (`handoff_id`). `handed_back` is the handoff after which the bot took over in this turn, and
    `rated` the points that the customer gave in it.
    """

    conversation_id: str
    turn_id: str
    event_id: str
    channel: str
    recipient: str
    received_at: float
    committed_at: float
    language: str | None
    intent: str | None
    confidence: float | None
    understood: bool = True
    failed: bool = False
    floor: str | None = None
    request: HandoffRequest | None = None
    handed_back: str | None = None
    rated: int | None = None

    @property
    def handoff_id(self) -> str:
        """The id of the handoff that this turn begins, where it does."""
        return handoff_id_of(self.turn_id)


@dataclass(frozen=True)
class DeskSpoke:
    """The desk has said something: the transcript grew outside of a turn."""

    conversation_id: str


JournalEntry = TurnRecord | DeskSpoke


def handoff_id_of(turn_id: str) -> str:
    """The id of the handoff that a turn begins: the same however often the turn is recorded."""
    return f"t{turn_id}"


def entry_to_json(entry: JournalEntry) -> str:
    """One line of JSON, read back by `entry_from_json`."""
    kind = "turn" if isinstance(entry, TurnRecord) else "desk"
    return json.dumps({"kind": kind, **asdict(entry)}, ensure_ascii=False, separators=(",", ":"))


def entry_from_json(raw: str | bytes) -> JournalEntry:
    """Raises UnreadableEntry."""
    try:
        data: dict[str, Any] = json.loads(raw)
        kind = data.pop("kind")
        if kind == "desk":
            return DeskSpoke(**data)
        request = data.pop("request")
        if request is not None:
            request = HandoffRequest(**{**request, "cause": Cause(request["cause"])})
        return TurnRecord(request=request, **data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableEntry(f"journal entry: {error}") from error
