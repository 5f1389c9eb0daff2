"""From Slack's JSON to what a member of staff did in the staff's channel. Pure: no error but
InvalidMessage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.errors import InvalidMessage
from channels.slack.desk.place import Place
from channels.slack.desk.root import PREFIX
from channels.slack.mrkdwn import plain_words

Json = Mapping[str, Any]

# What has a subtype and is somebody's own words all the same.
_WRITTEN = (None, "file_share", "thread_broadcast", "me_message")
_ID = re.compile(r"[A-Z0-9]{1,32}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}\.[0-9]{1,8}", re.ASCII)
# Behind Slack's marks too: who writes `*note:*` means a note. A message that begins with `/` is taken
# for a command by Slack, unless a space stands before it.
_NOTE = re.compile(r"[\s*_~`>•]*(?://|(?:note|notat)\s*:)[\s*_~`]*", re.IGNORECASE)


@dataclass(frozen=True)
class Wrote:
    """A member of staff wrote in a thread; `event` is the message, `timestamp` its name in the
    channel. `kind`: new words, or a correction or a deletion of earlier ones.
    """

    kind: Literal["wrote", "edited", "deleted"]
    place: Place
    timestamp: str
    user: str
    event: Json
    has_files: bool


@dataclass(frozen=True)
class Pressed:
    """A member of staff pressed one of a handoff's buttons. `name` is the user's own short name."""

    action: str
    handoff_id: str
    channel: str
    user: str
    name: str | None
    response_url: str | None


def channel_of(body: Json) -> str | None:
    """The channel that an event, a press or a command is in; None where it is in none."""
    event, container = _object(body, "event"), _object(body, "container")
    outer = _object(body, "channel")
    found = (
        event.get("channel"),
        container.get("channel_id"),
        outer.get("id"),
        body.get("channel_id"),
    )
    return next((channel for channel in found if isinstance(channel, str)), None)


def is_desk_press(body: Json) -> bool:
    """Whether it is a button of a handoff's, wherever it stands by now."""
    return str(_action(body).get("action_id", "")).startswith(PREFIX)


def read_written(body: Json) -> Wrote | None:
    """What was written in a thread; None for all else: the channel's other talk, messages of apps,
    what Slack tells besides. Raises InvalidMessage.
    """
    event = _object(body, "event")
    if event.get("type") != "message":
        # A mention is told as a message as well.
        return None
    channel = _matching(event, "channel", _ID)
    subtype = event.get("subtype")
    if subtype in _WRITTEN and event.get("hidden") is not True:
        return _wrote("wrote", channel, event)
    if subtype == "message_changed":
        after, before = _object(event, "message"), _object(event, "previous_message")
        # Slack changes messages too: it adds what a link leads to.
        if after.get("text") == before.get("text") or not after.get("edited"):
            return None
        return _wrote("edited", channel, after)
    if subtype == "message_deleted":
        return _wrote("deleted", channel, _object(event, "previous_message"))
    return None


def read_desk_press(body: Json) -> Pressed:
    """Raises InvalidMessage."""
    action, user = _action(body), _object(body, "user")
    value = action.get("value")
    url = body.get("response_url")
    return Pressed(
        action=str(action.get("action_id", "")),
        handoff_id=value if isinstance(value, str) else "",
        channel=channel_of(body) or "",
        user=_matching(user, "id", _ID),
        name=next((name for key in ("name", "username") if (name := _words(user, key))), None),
        response_url=url if isinstance(url, str) else None,
    )


def note_in(message: Json) -> str | None:
    """The words of a private note; None where the message is none."""
    text = message.get("text")
    words = plain_words(text) if isinstance(text, str) else ""
    match = _NOTE.match(words)
    return None if match is None else words[match.end() :].strip()


def _wrote(
    kind: Literal["wrote", "edited", "deleted"], channel: str, message: Json
) -> Wrote | None:
    thread = message.get("thread_ts")
    timestamp = message.get("ts")
    if any(message.get(field) for field in ("bot_id", "bot_profile", "app_id")):
        return None
    if not message.get("user") or message["user"] == "USLACKBOT" or not thread:
        return None
    if thread == timestamp:
        return None
    files = message.get("files")
    return Wrote(
        kind=kind,
        place=Place(channel, _matching(message, "thread_ts", _TIMESTAMP)),
        timestamp=_matching(message, "ts", _TIMESTAMP),
        user=_matching(message, "user", _ID),
        event=message,
        has_files=isinstance(files, list) and bool(files),
    )


def _action(body: Json) -> Json:
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    return first if isinstance(first, Mapping) else {}


def _object(data: Json, name: str) -> Json:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _words(data: Json, name: str) -> str | None:
    value = data.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _matching(data: Json, field: str, form: re.Pattern[str]) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise InvalidMessage(f"bad_{field}", f'The field "{field}" is not as Slack writes it.')
    return value
