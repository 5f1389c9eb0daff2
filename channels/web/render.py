"""Frames to the widget. Pure functions. The protocol is described in `docs/web-channel.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from bot.model.content import Custom, Text, Typing, content_to_dict
from bot.model.messages import Utterance
from bot.model.turns import is_turn_id
from bot.ports import Accepted, LinkOffer, Notice

Frame = dict[str, Any]

# Messages of this channel do not say so; all others name theirs.
OWN_CHANNEL = "web"


@dataclass(frozen=True)
class LinkState:
    """A channel that the conversation can go on in, and whether it does. `title` is for people."""

    name: str
    title: str
    linked: bool


def is_shown(utterance: Utterance) -> bool:
    """Whether people see it: payloads for programs, signs that pass and blank texts are not in the
    log.
    """
    content = utterance.content
    if isinstance(content, Text):
        return bool(content.text.strip())
    return not isinstance(content, (Custom, Typing))


def message(utterance: Utterance) -> Frame:
    """A line of the transcript. Fields of the content that hold nothing are left out, and so is
    the channel where it is this one. `name` is the member of staff's who wrote it.
    """
    frame = {
        "type": "message",
        "cursor": utterance.cursor,
        "id": utterance.id,
        "from": utterance.author.value,
        "at": _iso(utterance.at),
        "content": _without_empty(content_to_dict(utterance.content)),
    }
    if utterance.name is not None:
        frame["name"] = utterance.name
    if utterance.channel != OWN_CHANNEL:
        frame["channel"] = utterance.channel
    return frame


def welcome(
    token: str,
    utterances: Sequence[Utterance],
    *,
    replace: bool,
    cursor: str | None,
    max_text_chars: int,
    channels: Sequence[LinkState] = (),
    typing: bool = False,
) -> Frame:
    """The answer to a hello. `replace`: what the client had is not a part of this. `typing`: the
    turn of the last message is not over yet.
    """
    return {
        "type": "welcome",
        "token": token,
        "replace": replace,
        "cursor": cursor,
        "messages": [message(utterance) for utterance in utterances if is_shown(utterance)],
        "limits": {"text": max_text_chars},
        "channels": [asdict(state) for state in channels],
        "typing": typing,
    }


def channels(states: Sequence[LinkState]) -> Frame:
    """Where the conversation goes on has changed."""
    return {"type": "channels", "channels": [asdict(state) for state in states]}


def link(
    channel: str, offer: LinkOffer, *, expires_at: float, expires_in: float, qr: str | None
) -> Frame:
    """The way into another channel. `qr` is the address as a picture, an SVG data URI; `expires_at`
    is in seconds since the epoch, `expires_in` the same from now, for clients with a wrong clock.
    """
    frame = {
        "type": "link",
        "channel": channel,
        "url": offer.url,
        "code": offer.code,
        "expires_at": _iso(expires_at),
        "expires_in": round(expires_in),
        "qr": qr,
    }
    return {key: value for key, value in frame.items() if value is not None}


def accepted(message_id: str, receipt: Accepted) -> Frame:
    """The message is kept and will be answered."""
    return {"type": "accepted", "id": message_id, "cursor": receipt.cursor}


def notice(heard: Notice) -> Frame | None:
    """What a client is told of a turn, or of somebody at the desk who writes; None where the
    transcript itself tells it, or where it is nothing for customers.
    """
    if heard.kind == "typing":
        return {"type": "typing", "from": "bot" if is_turn_id(heard.turn_id) else "staff"}
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


def _iso(at: float) -> str:
    moment = datetime.fromtimestamp(at, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, "", [])}
    if isinstance(value, (list, tuple)):
        return [_without_empty(item) for item in value]
    return value
