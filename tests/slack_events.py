"""Events as Slack delivers them, signed, for tests of the Slack channel."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
TEAM = "T0NORDLYS"
BOT_USER = "U0BOT"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Delivery:
    """What is posted to the webhook."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def signed(
    body: bytes,
    content_type: str = JSON,
    *,
    secret: str = SECRET,
    at: float | None = None,
    retry: int | None = None,
) -> Delivery:
    """The body with Slack's headers. `retry` counts how often it came before."""
    timestamp = str(int(time.time() if at is None else at))
    base = b"v0:" + timestamp.encode() + b":" + body
    signature = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    headers = {
        "content-type": content_type,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": f"v0={signature}",
    }
    if retry is not None:
        headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
    return Delivery(body, headers)


def event_delivery(payload: Mapping[str, Any], **options: Any) -> Delivery:
    """An Events API payload."""
    return signed(json.dumps(payload).encode(), JSON, **options)


def press_delivery(payload: Mapping[str, Any], **options: Any) -> Delivery:
    """An interaction's payload."""
    return signed(urlencode({"payload": json.dumps(payload)}).encode(), FORM, **options)


def command_delivery(fields: Mapping[str, str], **options: Any) -> Delivery:
    """A slash command's form."""
    return signed(urlencode(fields).encode(), FORM, **options)


def callback(event: Mapping[str, Any], event_id: str | None = None) -> dict[str, Any]:
    """The envelope of an event."""
    return {
        "token": "Jhj5dZrVaK7ZwHHjRyZWjbDl",
        "team_id": TEAM,
        "api_app_id": "A0BOT",
        "event": dict(event),
        "type": "event_callback",
        "event_id": event_id or f"Ev{next(_numbers):08d}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def message(
    text: str,
    channel: str = "D0KARI",
    user: str = "U0KARI",
    event_id: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Somebody wrote: a direct message by default."""
    ts = timestamp()
    event = {
        "type": "message",
        "user": user,
        "text": escaped(text),
        "team": TEAM,
        "channel": channel,
        "channel_type": "im" if channel.startswith("D") else "channel",
        "ts": ts,
        "event_ts": ts,
        **fields,
    }
    return callback(event, event_id)


def mention(
    text: str,
    channel: str = "C0SHOP",
    user: str = "U0KARI",
    event_id: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Somebody named the bot in a channel."""
    ts = timestamp()
    event = {
        "type": "app_mention",
        "user": user,
        "text": f"<@{BOT_USER}> {escaped(text)}".strip(),
        "team": TEAM,
        "channel": channel,
        "ts": ts,
        "event_ts": ts,
        **fields,
    }
    return callback(event, event_id)


def command(
    text: str, channel: str = "D0KARI", user: str = "U0KARI", name: str = "/help-me"
) -> dict[str, str]:
    """A slash command."""
    return {
        "token": "Jhj5dZrVaK7ZwHHjRyZWjbDl",
        "team_id": TEAM,
        "team_domain": "nordlys",
        "channel_id": channel,
        "channel_name": "directmessage" if channel.startswith("D") else "shop",
        "user_id": user,
        "user_name": "kari",
        "command": name,
        "text": text,
        "api_app_id": "A0BOT",
        "is_enterprise_install": "false",
        "response_url": f"https://hooks.slack.com/commands/{TEAM}/1/x",
        "trigger_id": f"1.2.{next(_numbers):08x}",
    }


def press(
    posted: Mapping[str, Any],
    title: str,
    *,
    channel: str = "D0KARI",
    user: str = "U0KARI",
    day: str | None = None,
    response_url: str | None = None,
    moment: str | None = None,
) -> dict[str, Any]:
    """Somebody chose `title`, or `day`, in a message that the recording server took.

    Raises LookupError where the message offers no such thing.
    """
    action = {**_action(posted, title, day), "action_ts": moment or timestamp()}
    thread = posted.get("thread_ts")
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": channel,
        "is_ephemeral": "user" in posted and "bot_id" not in posted,
    }
    payload: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": user, "username": "kari", "name": "kari", "team_id": TEAM},
        "api_app_id": "A0BOT",
        "container": {**container, "thread_ts": thread} if thread else container,
        "trigger_id": f"1.2.{next(_numbers):08x}",
        "team": {"id": TEAM, "domain": "nordlys"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": channel, "name": "directmessage"},
        "message": {**posted, "type": "message"},
        "actions": [action],
    }
    if response_url is not None:
        payload["response_url"] = response_url
    return payload


def choices(blocks: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything that can be chosen in blocks: its title and the action that Slack would send.

    A date picker has no title; a day is to be filled in.
    """
    for block in blocks:
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            base = {
                "type": element["type"],
                "action_id": element["action_id"],
                "block_id": block["block_id"],
            }
            if element["type"] == "button":
                found = {name: element[name] for name in ("text", "value") if name in element}
                yield element["text"]["text"], {**base, **found}
            elif element["type"] == "datepicker":
                yield "", base
            else:
                for option in element["options"]:
                    yield option["text"]["text"], {**base, "selected_option": option}


def escaped(text: str) -> str:
    """As Slack's clients send what somebody typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def timestamp() -> str:
    """A message's `ts`, never the same twice."""
    return f"{int(time.time())}.{next(_numbers):06d}"


def _action(posted: Mapping[str, Any], title: str, day: str | None) -> dict[str, Any]:
    for found, action in choices(list(posted["blocks"])):
        if day is not None and action["type"] == "datepicker":
            return {**action, "selected_date": day}
        if day is None and found == title:
            return action
    raise LookupError(f"{title or day!r} is not offered")
