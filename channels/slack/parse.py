"""From Slack's JSON to what a customer did. Pure: no I/O, and no error but InvalidMessage.

The payloads are described at https://docs.slack.dev/apis/events-api/,
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/ and
https://docs.slack.dev/interactivity/implementing-slash-commands/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from bot.errors import InvalidMessage
from bot.model.content import Attachment
from channels.cleaning import clean_json, clean_text
from channels.slack.address import Address, parse_address
from channels.slack.attachments import attachments_of
from channels.slack.mrkdwn import first_mention, mentions, plain_words

Json = Mapping[str, Any]

# What has a subtype and is a customer's own words all the same.
_SAID = (None, "file_share", "thread_broadcast", "me_message")
_ID = re.compile(r"[A-Z0-9]{1,32}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}\.[0-9]{1,8}", re.ASCII)


@dataclass(frozen=True)
class Said:
    """Words, and files, that somebody wrote. `addressed`: to the bot for certain, directly or by
    name; else it is a reply in a thread, and the bot may have no part in that.
    """

    address: Address
    event_id: str
    user: str
    text: str
    attachments: tuple[Attachment, ...]
    addressed: bool


@dataclass(frozen=True)
class HomeOpened:
    """Somebody looks at the app's Home tab. `address` is their direct messages with the bot."""

    address: Address
    user: str


@dataclass(frozen=True)
class Command:
    """A slash command. `text` is what stands after its name."""

    address: Address
    event_id: str
    user: str
    text: str


def read_body(body: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a request, whether it came as JSON, in a form's `payload`, or as a form.

    Raises InvalidMessage.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid("not_utf8", "The body is not UTF-8.") from error
    if (
        content_type.split(";", maxsplit=1)[0].strip().lower()
        == "application/x-www-form-urlencoded"
    ):
        try:
            fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
        except ValueError as error:
            raise _invalid("invalid_form", "The form has too many fields.") from error
        if "payload" not in fields:
            return {clean_text(name): clean_text(value) for name, value in fields.items()}
        text = fields["payload"]
    try:
        data = json.loads(text)
        if "\\u" in text:
            # Only so is anything written that no store takes.
            data = clean_json(data)
    except (ValueError, RecursionError) as error:
        raise _invalid("invalid_json", "The body is not JSON.") from error
    if not isinstance(data, dict):
        raise _invalid("not_an_object", "The JSON is not an object.")
    return data


def read_event(body: Json) -> Said | HomeOpened | None:
    """What an `event_callback` tells of a customer; None where nothing that the bot answers to.

    Raises InvalidMessage.
    """
    event = body.get("event")
    if not isinstance(event, dict):
        raise _invalid("no_event", 'The field "event" must be an object.')
    if event.get("type") == "app_home_opened":
        return _home_opened(body, event)
    if event.get("type") not in ("message", "app_mention") or not _is_customers(event):
        return None
    return _said(body, event)


def read_command(form: Json) -> Command:
    """A slash command's form. Raises InvalidMessage."""
    channel, user = _id(form, "channel_id"), _id(form, "user_id")
    team = _text(form, "team_id") or _text(form, "enterprise_id")
    if not _ID.fullmatch(team):
        raise _invalid("no_team", 'The field "team_id" must be an id.')
    trigger = _text(form, "trigger_id")
    if not trigger:
        raise _invalid("no_trigger", 'The field "trigger_id" must name the call.')
    direct = channel.startswith("D")
    return Command(
        address=Address(team, channel, user=None if direct else user),
        event_id=f"command/{trigger}",
        user=user,
        text=plain_words(_text(form, "text")),
    )


def team_of(body: Json) -> str:
    """The workspace, or the organisation, that the app is installed in. Raises InvalidMessage.

    In a channel that workspaces share, `team_id` may be the other one.
    """
    authorization = _authorization(body)
    for candidate in (
        authorization.get("team_id"),
        authorization.get("enterprise_id"),
        body.get("team_id"),
        _inner(body, "team", "id"),
        _inner(body, "user", "team_id"),
        _inner(body, "enterprise", "id"),
        body.get("enterprise_id"),
    ):
        if isinstance(candidate, str) and _ID.fullmatch(candidate):
            return candidate
    raise _invalid("no_team", "The event does not say which workspace it is from.")


def address_in(block_id: Any) -> Address | None:
    """The address that a block of ours carries, so that a press finds back whoever shares a channel."""
    if not isinstance(block_id, str) or "|" not in block_id:
        return None
    try:
        return parse_address(block_id.split("|")[0])
    except ValueError:
        return None


def _said(body: Json, event: Json) -> Said | None:
    channel, user = _id(event, "channel"), _id(event, "user")
    text = event.get("text")
    words = text if isinstance(text, str) else ""
    timestamp = _timestamp(event, "ts")
    thread = _timestamp(event, "thread_ts") if event.get("thread_ts") else None
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    bot = _bot_user(body)
    mentioned = event["type"] == "app_mention"
    if mentioned and bot is None:
        bot = first_mention(words)
    named = mentioned or (bot is not None and mentions(words, bot))
    if not direct and not mentioned:
        if named and event.get("channel_type") != "mpim":
            # Slack tells it as an app_mention as well; of direct messages among several it does not.
            return None
        if not named and thread is None:
            return None
    attachments = attachments_of(event.get("files"))
    plain = plain_words(words, bot)
    if not plain and not attachments and not named:
        return None
    return Said(
        address=Address(team_of(body), channel, None if direct else thread or timestamp),
        event_id=_text(body, "event_id") or f"{channel}/{timestamp}",
        user=user,
        text=plain,
        attachments=attachments,
        addressed=direct or named,
    )


def _home_opened(body: Json, event: Json) -> HomeOpened | None:
    if event.get("tab", "home") != "home":
        return None
    return HomeOpened(Address(team_of(body), _id(event, "channel")), _id(event, "user"))


def _is_customers(event: Json) -> bool:
    if event.get("subtype") not in _SAID or event.get("hidden") is True:
        return False
    if event.get("edited"):
        # Slack tells of a mention again, as a new event, where somebody corrects their message.
        return False
    # Every message of an app has one of these, our own ones too.
    if any(event.get(field) for field in ("bot_id", "bot_profile", "app_id")):
        return False
    return bool(event.get("user")) and event["user"] != "USLACKBOT"


def _bot_user(body: Json) -> str | None:
    authorization = _authorization(body)
    user = authorization.get("user_id")
    return user if authorization.get("is_bot") is True and isinstance(user, str) else None


def _authorization(body: Json) -> Json:
    authorizations = body.get("authorizations")
    if isinstance(authorizations, list):
        for item in authorizations:
            if isinstance(item, dict):
                return item
    return {}


def _inner(body: Json, name: str, field: str) -> Any:
    inner = body.get(name)
    return inner.get(field) if isinstance(inner, dict) else None


def _id(data: Json, field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _invalid(f"bad_{field}", f'The field "{field}" must be an id of Slack\'s.')
    return value


def _timestamp(data: Json, field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        raise _invalid(f"bad_{field}", f'The field "{field}" must be a timestamp of Slack\'s.')
    return value


def _text(data: Json, field: str) -> str:
    value = data.get(field)
    return value if isinstance(value, str) else ""


def _invalid(code: str, message: str) -> InvalidMessage:
    return InvalidMessage(code, message)
