"""From a webhook's body to events. Pure: no I/O, and no error but InvalidMessage.

Source: Meta, "Messenger Platform: Webhook Events Reference".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.errors import InvalidMessage
from bot.model.content import Attachment
from channels.messenger.attachments import parse_attachments
from channels.messenger.values import clean, text_of

CHANNEL = "messenger"
GET_STARTED = "/greet"
# On buttons whose own payload is too long for the platform, or that have none: the title says it.
AS_TYPED = "="

_ADDRESS = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
# One-time codes are far longer than this; what marketing puts behind `ref` seldom looks like one.
_CODE = re.compile(r"[A-Z2-9]{16,64}", re.ASCII)
_FROM_PROFILE = re.compile(r"\+?[0-9 ().-]{5,40}|[^\s@/]{1,64}@[^\s@]{1,255}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_MILLISECONDS_FROM = 100_000_000_000
_RECEIPTS: tuple[tuple[str, Literal["delivered", "read"]], ...] = (
    ("delivery", "delivered"),
    ("read", "read"),
)
# What may happen in a conversation without anybody having said anything.
_SILENT = (
    "reaction",
    "message_edit",
    "account_linking",
    "app_roles",
    "game_play",
    "messaging_feedback",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "policy_enforcement",
)


@dataclass(frozen=True)
class Said:
    """A customer wrote, pressed or sent something. `code`: they came with a one-time code.

    `sender` is page-scoped, `at` in seconds since the epoch.
    """

    page: str
    sender: str
    event_id: str
    at: float
    text: str = ""
    payload: str | None = None
    attachments: tuple[Attachment, ...] = ()
    code: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """The customer was shown all that was sent `until`, in seconds since the epoch."""

    page: str
    sender: str
    kind: Literal["delivered", "read"]
    until: float


@dataclass(frozen=True)
class Echo:
    """The page said something; `key` is what its sender handed over as metadata."""

    page: str
    key: str
    mid: str


@dataclass(frozen=True)
class Ignored:
    """Nothing to do, and why not."""

    page: str
    what: str


Event = Said | Receipt | Echo | Ignored


@dataclass(frozen=True)
class RawEvent:
    """One of a batch, not read yet. `aside`: why it is none of this bot's, whatever it holds."""

    page: str
    data: Any
    aside: str | None = None


def parse_batch(body: bytes) -> Sequence[RawEvent]:
    """The events of a body, in order. Raises InvalidMessage where it is no batch at all."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage("invalid_json", "The body is not JSON in UTF-8.") from error
    entries = data.get("entry") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise InvalidMessage(
            "invalid_batch", 'The body must be {"object": "page", "entry": [...]}.'
        )
    events: list[RawEvent] = []
    if data.get("object") != "page":
        return [RawEvent("", entry, aside="of another object than a page") for entry in entries]
    for entry in entries:
        if not isinstance(entry, dict):
            events.append(RawEvent("", entry))
            continue
        page = text_of(entry.get("id"))
        for name in ("messaging", "standby"):
            found = entry.get(name, [])
            found = found if isinstance(found, list) else [found]
            # In standby another app has the conversation: it answers.
            aside = name if name == "standby" else None
            events += [RawEvent(page, event, aside) for event in found]
    return events


def parse_event(raw: RawEvent, now: float) -> Sequence[Event]:
    """What one event of a batch means. Raises InvalidMessage where it can't be understood.

    `now` bounds the platform's times: its clock may run ahead, but nobody spoke in the future.
    """
    if raw.aside is not None:
        return [Ignored(raw.page, raw.aside)]
    if not isinstance(raw.data, dict):
        raise _malformed("it is not an object")
    event = raw.data
    message = _object(event, "message")
    if message is not None:
        return _message(raw.page, event, message, now)
    for name, kind in _RECEIPTS:
        receipt = _object(event, name)
        if receipt is not None:
            until = _seconds(receipt.get("watermark"), now)
            return [Receipt(raw.page, _sender(event), kind, until)]
    return [_other(raw.page, event, now)]


def _other(page: str, event: Mapping[str, Any], now: float) -> Event:
    postback = _object(event, "postback")
    if postback is not None:
        return _postback(page, event, postback, now)
    for name in ("referral", "optin"):
        referral = _object(event, name)
        if referral is not None:
            return _referral(page, event, name, referral, now)
    for name in _SILENT:
        if name in event:
            return Ignored(page, name)
    raise _malformed("it is of no known kind")


def _message(
    page: str, event: Mapping[str, Any], message: Mapping[str, Any], now: float
) -> list[Event]:
    if message.get("is_echo"):
        return [_echo(page, message)]
    if message.get("is_deleted"):
        return [Ignored(page, "message_unsend")]
    mid = _identifier(message.get("mid"), "message.mid")
    sender, at = _sender(event), _seconds(event.get("timestamp"), now)
    quick_reply = _object(message, "quick_reply") or {}
    pressed = clean(quick_reply.get("payload")).strip()
    words = clean(message.get("text")) or (pressed if _FROM_PROFILE.fullmatch(pressed) else "")
    text, attachments = parse_attachments(message.get("attachments"), words)
    if not text.strip() and not attachments:
        # Something that the platform can't pass on, such as a poll: still, somebody spoke.
        attachments = (Attachment("file"),)
    metadata = {"page_id": page}
    reply_to = text_of((_object(message, "reply_to") or {}).get("mid"))
    if reply_to:
        metadata["reply_to"] = reply_to
    said = Said(
        page,
        sender,
        mid,
        at,
        text,
        _payload(pressed),
        attachments,
        metadata=metadata,
    )
    code = _code(message.get("referral"))
    if code is None:
        return [said]
    return [Said(page, sender, f"{mid}/ref", at, code=code, metadata=metadata), said]


def _postback(
    page: str, event: Mapping[str, Any], postback: Mapping[str, Any], now: float
) -> Event:
    sender, at = _sender(event), _seconds(event.get("timestamp"), now)
    title, payload = clean(postback.get("title")), _payload(postback.get("payload"))
    event_id = text_of(postback.get("mid")) or _stable_id(
        "postback", event.get("timestamp"), title, payload
    )
    if not title.strip() and payload is None:
        raise _malformed("a postback needs a title or a payload")
    return Said(
        page,
        sender,
        event_id,
        at,
        title,
        payload,
        code=_code(postback.get("referral")),
        metadata={"page_id": page},
    )


def _referral(
    page: str, event: Mapping[str, Any], name: str, referral: Mapping[str, Any], now: float
) -> Event:
    code = _code(referral)
    if code is None:
        return Ignored(page, name)
    event_id = _stable_id(name, event.get("timestamp"), code)
    at = _seconds(event.get("timestamp"), now)
    return Said(page, _sender(event), event_id, at, code=code, metadata={"page_id": page})


def _echo(page: str, message: Mapping[str, Any]) -> Event:
    key, mid = text_of(message.get("metadata")), text_of(message.get("mid"))
    return Echo(page, key, mid) if key and mid else Ignored(page, "echo")


def _payload(value: Any) -> str | None:
    payload = clean(value).strip()
    # A number or an address out of the customer's profile comes as the payload: it is their words.
    return None if payload in ("", AS_TYPED) or _FROM_PROFILE.fullmatch(payload) else payload


def _code(referral: Any) -> str | None:
    ref = referral.get("ref") if isinstance(referral, dict) else None
    return ref if isinstance(ref, str) and _CODE.fullmatch(ref) else None


def _stable_id(*parts: Any) -> str:
    # The same event has the same parts whenever the platform repeats it.
    written = json.dumps(parts, ensure_ascii=True, default=str)
    return f"{parts[0]}:{hashlib.sha256(written.encode()).hexdigest()[:32]}"


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    value = event.get(name)
    if value is not None and not isinstance(value, dict):
        raise _malformed(f"its {name} is not an object")
    return value


def _sender(event: Mapping[str, Any]) -> str:
    address = text_of((_object(event, "sender") or {}).get("id"))
    if not _ADDRESS.fullmatch(address):
        raise _malformed("its sender has no page-scoped id")
    return address


def _identifier(value: Any, name: str) -> str:
    identifier = text_of(value)
    if not identifier:
        raise _malformed(f"its {name} is missing")
    return identifier


def _seconds(value: Any, now: float) -> float:
    # The reference shows numbers of milliseconds and, on one page, text and seconds.
    number = int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise _malformed("its time is not a number of milliseconds")
    if number >= _MILLISECONDS_FROM:
        return min(number / 1_000 if number < 1 << 60 else now, now)
    return min(float(number), now)


def _malformed(why: str) -> InvalidMessage:
    return InvalidMessage("malformed_event", f"An event can't be understood: {why}.")
