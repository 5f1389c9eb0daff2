"""From the SMS gateway's webhook to an Arrival. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.errors import InvalidMessage
from bot.model.people import ChannelIdentity
from channels.reception import Arrival

CHANNEL = "sms"
# A recorded request that is played again later than that is refused.
REPLAY_SECONDS = 300

_NUMBER = re.compile(r"\+[0-9]{5,15}", re.ASCII)
_MAX_TEXT = 4_000
_MAX_ID = 128


def check_signature(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> None:
    """Raises InvalidMessage (401) unless the gateway signed this body within the last 5 minutes.

    `X-Sms-Signature` is the hexadecimal HMAC-SHA256 of `<X-Sms-Timestamp>.<raw body>`.
    """
    timestamp = headers.get("x-sms-timestamp", "")
    signed = timestamp.encode("latin-1") + b"." + body
    wanted = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    given = headers.get("x-sms-signature", "").encode("latin-1")
    if not hmac.compare_digest(given, wanted.encode()):
        raise InvalidMessage(
            "bad_signature", "The signature is not one of SMS_SECRET over this body.", 401
        )
    # Only what is signed is read, and the timestamp is.
    if not timestamp.isascii() or not timestamp.isdigit():
        raise InvalidMessage("bad_timestamp", "X-Sms-Timestamp must be whole seconds.", 401)
    if abs(now - int(timestamp)) > REPLAY_SECONDS:
        raise InvalidMessage(
            "stale", "The request is too old: check the clocks of both sides.", 401
        )


def parse_message(body: bytes, received_at: float) -> Arrival:
    """`{"id": "...", "from": "+4791234567", "text": "..."}`. Raises InvalidMessage."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage("not_json", "The body must be one JSON object.") from error
    if not isinstance(data, dict):
        raise InvalidMessage("not_json", "The body must be one JSON object.")
    number, event_id, text = data.get("from"), data.get("id"), data.get("text")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise InvalidMessage("bad_from", "The field `from` must be a number such as +4791234567.")
    if not isinstance(event_id, str) or not event_id or len(event_id) > _MAX_ID:
        raise InvalidMessage("bad_id", f"The field `id` must have 1 to {_MAX_ID} characters.")
    if not isinstance(text, str) or not text.strip() or len(text) > _MAX_TEXT:
        raise InvalidMessage("bad_text", f"The field `text` must have 1 to {_MAX_TEXT} characters.")
    if not _is_unicode(event_id + text):
        raise InvalidMessage("bad_text", "The body holds half of a surrogate pair.")
    return Arrival(ChannelIdentity(CHANNEL, number), event_id, text, received_at)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
