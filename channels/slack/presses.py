"""What a customer chose in Slack: buttons, lists, dates, the App Home. Pure.

Blocks that we sent name themselves: `block_id` is `<address>|<number>`, `action_id` says what kind
of choice it is and, for a date, what it may be and what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import InvalidMessage
from bot.model.choices import day_chosen
from bot.model.content import DateChoice
from channels.slack.address import Address, parse_address
from channels.slack.parse import address_in, team_of

Json = Mapping[str, Any]

ASK = "ask"
UNLINK = "unlink"
LINK = "open"
DATE = "day"
# Stands for a payload that is too long for Slack; the title says the same.
NO_PAYLOAD = "…"


@dataclass(frozen=True)
class Press:
    """A choice. `payload` is None where the title's words are the answer. `unlink`: the customer
    wants to leave the conversation that this one was linked with. `message` is the message that it
    is in, None in the App Home; `response_url` changes it. `settled`: it was one of what was offered.
    """

    address: Address
    event_id: str
    user: str
    text: str
    payload: str | None
    unlink: bool = False
    settled: bool = True
    response_url: str | None = None
    message: Json | None = None
    block_id: str | None = None


def date_action(content: DateChoice) -> str:
    """The `action_id` of a date picker, read back by `read_press`."""
    return f"{DATE}|{content.earliest or ''}|{content.latest or ''}|{content.payload}"


def read_press(body: Json) -> Press | None:
    """A `block_actions` payload; None for what needs no answer. Raises InvalidMessage."""
    actions = body.get("actions")
    if not isinstance(actions, list) or not actions or not isinstance(actions[0], dict):
        raise InvalidMessage("no_action", 'The field "actions" must list what was pressed.')
    action: Json = actions[0]
    user = body.get("user")
    user_id = user.get("id") if isinstance(user, dict) else None
    if not isinstance(user_id, str) or not user_id:
        raise InvalidMessage("no_user", 'The field "user" must say who pressed it.')
    kind = str(action.get("action_id", "")).split("|", 1)[0].split("#", 1)[0]
    choice = _choice(action, kind)
    if kind == LINK or choice is None:
        return None
    address = _address(body, action)
    text, payload = choice
    message = body.get("message")
    response_url = body.get("response_url")
    block_id = action.get("block_id")
    return Press(
        address=address,
        event_id=_event_id(body, action, user_id),
        user=user_id,
        text=text,
        payload=payload,
        unlink=kind == UNLINK,
        settled=kind != DATE or payload is not None,
        response_url=response_url if isinstance(response_url, str) else None,
        message=message if isinstance(message, dict) else None,
        block_id=block_id if isinstance(block_id, str) else None,
    )


def _choice(action: Json, kind: str) -> tuple[str, str | None] | None:
    """The words and the payload of what was chosen; None where nothing was."""
    if kind == DATE:
        return _day(action)
    option = action.get("selected_option")
    chosen = option if isinstance(option, dict) else action
    label = chosen.get("text")
    text = label.get("text") if isinstance(label, dict) else None
    value = chosen.get("value")
    payload = value if isinstance(value, str) and value and value != NO_PAYLOAD else None
    if not isinstance(text, str) or not text.strip():
        return (payload, payload) if payload is not None else None
    return text, payload


def _day(action: Json) -> tuple[str, str | None] | None:
    day = action.get("selected_date")
    if not isinstance(day, str):
        return None
    parts = str(action.get("action_id", "")).split("|", 3)
    if len(parts) != 4:
        return day, None
    _, earliest, latest, payload = parts
    content = DateChoice("", payload, earliest or None, latest or None)
    chosen = day_chosen(content, day)
    # Slack's picker knows no bounds: a day outside them is said in words, and answered as such.
    return (day, None) if chosen is None else (chosen.title, chosen.payload)


def _address(body: Json, action: Json) -> Address:
    carried = address_in(action.get("block_id"))
    container = body.get("container")
    place: Json = container if isinstance(container, dict) else {}
    channel = place.get("channel_id")
    if not isinstance(channel, str):
        outer = body.get("channel")
        channel = outer.get("id") if isinstance(outer, dict) else None
    if carried is not None and (channel is None or _is_there(carried, channel)):
        return carried
    thread = place.get("thread_ts") or place.get("message_ts")
    parts = [team_of(body), channel]
    if not str(channel).startswith("D"):
        parts.append(thread)
    try:
        return parse_address("/".join(map(str, parts)))
    except ValueError as error:
        raise InvalidMessage(
            "no_channel", "The press does not say where the message is."
        ) from error


def _is_there(address: Address, channel: str) -> bool:
    # A command's answer may have gone to the customer's direct messages instead.
    return address.channel == channel or (address.user is not None and channel.startswith("D"))


def _event_id(body: Json, action: Json, user: str) -> str:
    moment = action.get("action_ts")
    if not isinstance(moment, str) or not moment:
        moment = body.get("trigger_id")
    if not isinstance(moment, str) or not moment:
        raise InvalidMessage("no_moment", "The press does not say when it was.")
    return f"press/{user}/{moment}/{str(action.get('action_id', ''))[:40]}"
