"""Frames to the widget. Pure functions. The protocol is described in `docs/web-channel.md`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from bot.model.content import Custom, content_to_dict
from bot.model.messages import Utterance
from bot.ports import Accepted, Notice

Frame = dict[str, Any]


def is_shown(utterance: Utterance) -> bool:
    """Whether people see it: payloads for programs are not theirs."""
    return not isinstance(utterance.content, Custom)


def message(utterance: Utterance) -> Frame:
    """A line of the transcript. Fields of the content that hold nothing are left out."""
    return {
        "type": "message",
        "cursor": utterance.cursor,
        "id": utterance.id,
        "from": utterance.author.value,
        "at": datetime.fromtimestamp(utterance.at, timezone.utc)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "content": _without_empty(content_to_dict(utterance.content)),
    }


def welcome(
    token: str,
    utterances: Sequence[Utterance],
    *,
    replace: bool,
    cursor: str | None,
    max_text_chars: int,
) -> Frame:
    """The answer to a hello. `replace`: what the client had is not a part of this."""
    return {
        "type": "welcome",
        "token": token,
        "replace": replace,
        "cursor": cursor,
        "messages": [message(utterance) for utterance in utterances if is_shown(utterance)],
        "limits": {"text": max_text_chars},
    }


def accepted(message_id: str, receipt: Accepted) -> Frame:
    """The message is kept and will be answered."""
    return {"type": "accepted", "id": message_id, "cursor": receipt.cursor}


def notice(heard: Notice) -> Frame | None:
    """What a client is told of a turn; None where the transcript itself tells it."""
    if heard.kind == "typing":
        return {"type": "typing"}
    if heard.kind == "answered":
        return {"type": "answered", "turn": heard.turn_id}
    return None


def pong() -> Frame:
    """A sign of life."""
    return {"type": "pong"}


def error(
    code: str, text: str, message_id: str | None = None, retry_after: float | None = None
) -> Frame:
    """A frame that was not accepted, with its message's id and when to send it again, in seconds."""
    frame: Frame = {"type": "error", "code": code, "message": text}
    if message_id is not None:
        frame["id"] = message_id
    if retry_after is not None:
        frame["retry_after"] = round(retry_after, 3)
    return frame


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [])}
    if isinstance(value, (list, tuple)):
        return [_without_empty(item) for item in value]
    return value
