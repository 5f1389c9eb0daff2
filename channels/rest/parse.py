"""From the bytes of a request to a checked Inbound. Pure: no I/O, and no error but InvalidMessage."""

from __future__ import annotations

import json
import math
import unicodedata
from dataclasses import dataclass
from email.message import Message
from typing import Any, NoReturn

from bot.errors import InvalidMessage
from bot.model.messages import Inbound

CHANNEL = "rest"

_LINE_CHARACTERS = frozenset("\n\r\t")


@dataclass(frozen=True)
class Limits:
    """What a request may hold; lengths in characters, `metadata_bytes` as UTF-8 JSON."""

    text_chars: int = 4_000
    sender_chars: int = 255
    key_chars: int = 255
    metadata_bytes: int = 16_384
    metadata_depth: int = 16


def check_content_type(value: str | None) -> None:
    """Raises InvalidMessage (415) for anything but JSON in UTF-8."""
    if value == "application/json":
        return
    header = Message()
    header["content-type"] = value or ""
    charset = header.get_content_charset("utf-8")
    if not value or header.get_content_type() != "application/json" or charset != "utf-8":
        raise InvalidMessage(
            "unsupported_media_type",
            "Send the message as JSON in UTF-8, with the header Content-Type: application/json.",
            415,
        )


def parse_message(
    body: bytes, *, event_id: str, key: str | None, received_at: float, limits: Limits
) -> Inbound:
    """The message in a request's body `{"sender", "message", "metadata"}`.

    `key` is the Idempotency-Key header's value; it, else `metadata.message_id`, else `event_id`,
    becomes the message's event id. A message that begins with "/" is a pressed button's payload.
    Raises InvalidMessage.
    """
    data = _json_object(body)
    sender = check_sender(data.get("sender"), limits)
    text = _text(data.get("message"), limits)
    metadata = _metadata(data.get("metadata"), limits)
    # The engine strips what it reads before it looks for a payload, so the check must too.
    stripped = text.strip()
    return Inbound(
        channel=CHANNEL,
        sender=sender,
        conversation_id=f"{CHANNEL}:{sender}",
        event_id=_event_id(key, metadata.get("message_id"), limits) or event_id,
        text=text,
        received_at=received_at,
        payload=stripped if stripped.startswith("/") else None,
        metadata=metadata,
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidMessage(
            "not_utf8", f"The body is not UTF-8: the byte at {error.start} can't be read."
        ) from error
    if not text.strip():
        raise InvalidMessage(
            "empty_body", 'The body is empty. Send {"sender": "...", "message": "..."}.'
        )
    try:
        data = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
        )
    except RecursionError:
        raise InvalidMessage("too_deep", "The JSON is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise InvalidMessage(
            "invalid_json",
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
        ) from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise InvalidMessage("invalid_json", "A number in the JSON is too long.") from error
    if not isinstance(data, dict):
        raise InvalidMessage(
            "not_an_object", 'The JSON must be an object: {"sender": "...", "message": "..."}.'
        )
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise InvalidMessage("duplicate_key", "A key occurs twice in one JSON object.")
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidMessage("invalid_json", f"{name} is not a number in JSON: leave it out.")


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise InvalidMessage("invalid_json", "A number in the JSON is too large.")
    return value


def check_sender(value: Any, limits: Limits) -> str:
    """The sender's name. Raises InvalidMessage."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidMessage(
            "invalid_sender", '"sender" must be a non-empty text: it names the conversation.'
        )
    if len(value) > limits.sender_chars:
        raise InvalidMessage(
            "invalid_sender", f'"sender" may have at most {limits.sender_chars} characters.'
        )
    _check_characters("sender", value, allowed=frozenset())
    return value


def _text(value: Any, limits: Limits) -> str:
    if not isinstance(value, str):
        raise InvalidMessage("invalid_message", '"message" must be a text.')
    if len(value) > limits.text_chars:
        raise InvalidMessage(
            "message_too_long", f'"message" may have at most {limits.text_chars} characters.'
        )
    _check_characters("message", value, allowed=_LINE_CHARACTERS)
    if not any(char.isprintable() and not char.isspace() for char in value):
        raise InvalidMessage("empty_message", '"message" is empty: there is nothing to answer.')
    return value


def _metadata(value: Any, limits: Limits) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidMessage("invalid_metadata", '"metadata" must be an object.')
    if not _fits(value, limits.metadata_depth):
        raise InvalidMessage("too_deep", '"metadata" is nested too deeply.')
    try:
        size = len(json.dumps(value, ensure_ascii=False).encode("utf-8"))
    except UnicodeEncodeError:
        raise _surrogate("metadata") from None
    if size > limits.metadata_bytes:
        raise InvalidMessage(
            "invalid_metadata", f'"metadata" may have at most {limits.metadata_bytes} bytes.'
        )
    return value


def _fits(value: Any, depth: int) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    items = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_fits(item, depth - 1) for item in items)


def _event_id(key: str | None, message_id: Any, limits: Limits) -> str | None:
    if message_id is not None and not isinstance(message_id, str):
        raise InvalidMessage("invalid_key", '"metadata.message_id" must be a text.')
    if key is not None and message_id is not None and key != message_id:
        raise InvalidMessage(
            "invalid_key", "Idempotency-Key and metadata.message_id differ: send one of them."
        )
    chosen = key if key is not None else message_id
    if chosen is None:
        return None
    if not chosen.strip() or len(chosen) > limits.key_chars:
        raise InvalidMessage(
            "invalid_key", f"The message's id must have 1 to {limits.key_chars} characters."
        )
    _check_characters("message_id", chosen, allowed=frozenset())
    return chosen


def _check_characters(name: str, value: str, allowed: frozenset[str]) -> None:
    if value.isprintable():
        return
    for char in value:
        category = unicodedata.category(char)
        if category == "Cs":
            raise _surrogate(name)
        if category == "Cc" and char not in allowed:
            raise InvalidMessage(
                "control_character",
                f'"{name}" holds the control character U+{ord(char):04X}: leave it out.',
            )


def _surrogate(name: str) -> InvalidMessage:
    return InvalidMessage("not_unicode", f'"{name}" holds half of a surrogate pair.')
