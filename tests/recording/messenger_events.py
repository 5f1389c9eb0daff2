"""What the platform sends to a webhook, and how it signs that. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]


def text(page: str, psid: str, words: str, *, mid: str, at: float, **more: Any) -> Event:
    """A customer wrote; `more` goes into the message, such as `attachments`."""
    return said(page, psid, at, message={"mid": mid, "text": words, **more})


def pressed(page: str, psid: str, title: str, payload: str, *, mid: str, at: float) -> Event:
    """A customer pressed a quick reply."""
    return text(page, psid, title, mid=mid, at=at, quick_reply={"payload": payload})


def postback(
    page: str,
    psid: str,
    title: str,
    payload: str,
    *,
    at: float,
    mid: str | None = None,
    **more: Any,
) -> Event:
    """A customer pressed a button or an item of the menu."""
    content = {"title": title, "payload": payload, **({"mid": mid} if mid else {}), **more}
    return said(page, psid, at, postback=content)


def referral(page: str, psid: str, ref: str, *, at: float) -> Event:
    """A customer who had written before came by `https://m.me/<page>?ref=<ref>`."""
    return said(page, psid, at, referral={"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"})


def read(page: str, psid: str, *, at: float) -> Event:
    """The customer has read what was sent until then."""
    return said(page, psid, at, read={"watermark": int(at * 1_000)})


def delivered(page: str, psid: str, mids: Sequence[str], *, at: float) -> Event:
    """What was sent until then has come to the customer's device."""
    return {
        "sender": {"id": psid},
        "recipient": {"id": page},
        "delivery": {"mids": list(mids), "watermark": int(at * 1_000)},
    }


def echo(page: str, psid: str, message: Mapping[str, Any], *, mid: str, at: float) -> Event:
    """The page's own message comes back."""
    return {
        "sender": {"id": page},
        "recipient": {"id": psid},
        "timestamp": int(at * 1_000),
        "message": {"is_echo": True, "app_id": 1517776481860111, "mid": mid, **message},
    }


def said(page: str, psid: str, at: float, **what: Any) -> Event:
    """Anything that a customer did."""
    return {
        "sender": {"id": psid},
        "recipient": {"id": page},
        "timestamp": int(at * 1_000),
        **what,
    }


def batch(page: str, *events: Event, at: float | None = None) -> bytes:
    """A webhook's body with all of them in one entry."""
    entry = {"id": page, "time": int((at or 0) * 1_000), "messaging": list(events)}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def headers(body: bytes, app_secret: str) -> dict[str, str]:
    """A signed request's headers."""
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
