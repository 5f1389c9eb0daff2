"""Frames from the widget: what they may hold, and what is refused. Pure functions.

The protocol is described in `docs/web-channel.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeGuard

from bot.errors import InvalidMessage
from bot.model.choices import choice_with
from bot.model.content import Attachment, DateChoice
from bot.model.messages import Author, Utterance

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
# C0 and C1 controls but tab, line feed and carriage return; and half surrogate pairs, which no
# encoder takes.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_MAX_TOKEN = 256
_MAX_CURSOR = 64
_MAX_PAYLOAD = 2_000
_MAX_IDENTITY = 4_096
# A day in words is not longer in any language.
_MAX_DAY = 64
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


class RefusedFrame(InvalidMessage):
    """A frame that can't be accepted. `message_id` is the message's that it held, if readable;
    `retry_after`: it may be sent again after so many seconds.
    """

    def __init__(
        self,
        code: str,
        message: str,
        message_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message_id = message_id
        self.retry_after = retry_after
        super().__init__(code, message)


@dataclass(frozen=True)
class Hello:
    """The first frame: who is there, and what of the conversation they have already.

    `identity` is the site's signed token for its own user.
    """

    token: str | None = None
    after: str | None = None
    locale: str | None = None
    identity: str | None = None


@dataclass(frozen=True)
class Said:
    """A message of the customer's. `id` is the client's own: sent again, it is the same message."""

    id: str
    text: str
    payload: str | None = None
    location: Attachment | None = None


@dataclass(frozen=True)
class Link:
    """Asks for the way into another channel."""

    channel: str


@dataclass(frozen=True)
class Unlink:
    """Splits another channel from the conversation."""

    channel: str


@dataclass(frozen=True)
class Writing:
    """The customer is writing something."""


@dataclass(frozen=True)
class Ping:
    """Asks for a sign of life."""


Frame = Hello | Said | Writing | Link | Unlink | Ping


def parse_frame(raw: str | bytes, max_text_chars: int) -> Frame:
    """One frame. Raises RefusedFrame. Unknown fields are left out, so that clients may be newer."""
    if isinstance(raw, bytes):
        raise RefusedFrame("not_text", "Send text frames; this one was binary.")
    try:
        data = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedFrame("not_json", "Each frame is one JSON object; this one is not.") from error
    if not isinstance(data, dict):
        raise RefusedFrame("not_json", "Each frame is one JSON object; this one is not.")
    kind = data.get("type")
    if kind == "message":
        return _said(data, max_text_chars)
    if kind == "hello":
        return _hello(data)
    if kind == "ping":
        return Ping()
    if kind == "writing":
        return Writing()
    if kind == "link":
        return Link(_channel(data))
    if kind == "unlink":
        return Unlink(_channel(data))
    raise RefusedFrame(
        "unknown_type", "The field `type` must be hello, message, writing, link, unlink or ping."
    )


def chosen(said: Said, utterances: Sequence[Utterance]) -> Said:
    """The message with the choice's own words, if one with its payload was offered.

    Whoever writes the frames is not to be believed: only what the bot or staff offered in this
    conversation can be chosen. Of a day the customer's own words are kept. Raises RefusedFrame.
    """
    if said.payload is None:
        return said
    titles = []
    for utterance in reversed(utterances):
        if utterance.author is Author.CUSTOMER:
            continue
        choice = choice_with(utterance.content, said.payload)
        if choice is None:
            continue
        if isinstance(utterance.content, DateChoice) and _names_day(said.text, choice.title):
            return said
        titles.append(choice.title)
    if not titles:
        raise RefusedFrame(
            "unknown_choice", "That choice was not offered here lately. Write instead.", said.id
        )
    return replace(said, text=said.text if said.text in titles else titles[0])


def _names_day(text: str, day: str) -> bool:
    """Whether the words can be those of the day YYYY-MM-DD, in whatever language."""
    if len(text) > _MAX_DAY:
        return False
    year, _, of_month = day.split("-")
    numbers = {int(number) for number in re.findall("[0-9]+", text)}
    return {int(year), int(of_month)} <= numbers


def same_origin(origin: str, host: str) -> bool:
    """Whether the header `Origin` names the site that the header `Host` asked for.

    The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
    """
    scheme, separator, place = origin.lower().partition("://")
    default_port = {"http": ":80", "https": ":443"}.get(scheme)
    if not separator or not place or default_port is None:
        return False
    return place.removesuffix(default_port) == host.lower().removesuffix(default_port)


def may_connect(origin: str | None, host: str, allowed: Collection[str]) -> bool:
    """Whether a page of `origin` may open a socket. Programs other than browsers send none."""
    return origin is None or same_origin(origin, host) or origin.lower() in allowed


def _said(data: Mapping[str, Any], max_text_chars: int) -> Said:
    message_id = data.get("id")
    if not isinstance(message_id, str) or not _UUID.fullmatch(message_id):
        raise RefusedFrame("bad_id", "The field `id` must be a UUID that the client made.")
    message_id = message_id.lower()
    text = data.get("text")
    if not isinstance(text, str):
        raise RefusedFrame("bad_text", "The field `text` must be a string.", message_id)
    if _UNPRINTABLE.search(text):
        raise RefusedFrame(
            "control_characters",
            "The message holds control characters: leave them out.",
            message_id,
        )
    location = _location(data.get("location"), message_id)
    if not text.strip() and location is None:
        raise RefusedFrame("empty", "The message is empty: write something.", message_id)
    if len(text) > max_text_chars:
        raise RefusedFrame(
            "too_long",
            f"The message has {len(text)} characters, {max_text_chars} are allowed: shorten it.",
            message_id,
        )
    payload = data.get("payload")
    if payload is not None and (
        not isinstance(payload, str) or not payload or len(payload) > _MAX_PAYLOAD
    ):
        raise RefusedFrame("bad_payload", "The field `payload` must be a button's.", message_id)
    return Said(message_id, text, payload, location)


def _location(value: Any, message_id: str) -> Attachment | None:
    if value is None:
        return None
    place = value if isinstance(value, dict) else {}
    north, east = place.get("latitude"), place.get("longitude")
    if not (_within(north, 90) and _within(east, 180)):
        raise RefusedFrame(
            "bad_location",
            "The field `location` must hold `latitude` and `longitude` in degrees.",
            message_id,
        )
    return Attachment("location", latitude=float(north), longitude=float(east))


def _within(degrees: Any, most: int) -> TypeGuard[float]:
    is_number = isinstance(degrees, (int, float)) and not isinstance(degrees, bool)
    return is_number and abs(degrees) <= most


def _channel(data: Mapping[str, Any]) -> str:
    channel = data.get("channel")
    if not isinstance(channel, str) or not _CHANNEL_NAME.fullmatch(channel):
        raise RefusedFrame(
            "link_unavailable", "The field `channel` must be one that the welcome named."
        )
    return channel


def _hello(data: Mapping[str, Any]) -> Hello:
    locale = data.get("locale")
    # A locale only helps; one that is not readable is not worth losing a customer for.
    readable = isinstance(locale, str) and _LOCALE.fullmatch(locale) is not None
    return Hello(
        token=_short(data, "token", _MAX_TOKEN),
        after=_short(data, "after", _MAX_CURSOR),
        locale=locale if readable else None,
        identity=_identity(data.get("identity")),
    )


def _identity(value: Any) -> str | None:
    """What can't be a token at all becomes one that no check lets pass: the rest goes on."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) and len(value) <= _MAX_IDENTITY else "?"


def _short(data: Mapping[str, Any], field: str, limit: int) -> str | None:
    value = data.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or not value or len(value) > limit or not value.isascii():
        raise RefusedFrame(f"bad_{field}", f"The field `{field}` must be what the server gave out.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
