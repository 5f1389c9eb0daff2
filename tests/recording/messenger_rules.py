"""What the Send API takes, as its reference says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TEXT = 2_000
METADATA = 1_000
PAYLOAD = 1_000
TITLE = 20
DAY = 24 * 3600.0
WEEK = 7 * DAY
TAGS = {"ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "CUSTOMER_FEEDBACK", "HUMAN_AGENT"}
ACTIONS = {"typing_on", "typing_off", "mark_seen"}


@dataclass(frozen=True)
class Fault(Exception):
    """An error of the Graph API's, as it documents it."""

    code: int
    message: str
    subcode: int | None = None
    status: int = 400


def length(text: str) -> int:
    """In UTF-16 units: what fits so fits by any other way of counting that Meta may mean."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_window(body: Mapping[str, Any], age: float) -> None:
    """Raises Fault unless a message may be sent `age` seconds after the customer's last word."""
    kind, tag = body.get("messaging_type", "RESPONSE"), body.get("tag")
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG"):
        raise param("Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG")
    if kind == "MESSAGE_TAG":
        if tag not in TAGS:
            raise param("Param tag must be one of " + ", ".join(sorted(TAGS)))
        limit = WEEK if tag == "HUMAN_AGENT" else float("inf")
    else:
        limit = DAY
    if age > limit:
        raise Fault(10, "(#10) This message is sent outside of allowed window.", 2018278)


def check_message(message: Any) -> None:
    """Raises Fault unless the Send API would take it."""
    if not isinstance(message, dict):
        raise param("The parameter message is required")
    metadata = message.get("metadata", "")
    if not isinstance(metadata, str) or length(metadata) > METADATA:
        raise param(f"Length of param message[metadata] must be less than or equal to {METADATA}")
    unknown = set(message) - {"text", "attachment", "quick_replies", "metadata", "reply_to"}
    if unknown:
        raise param(f"Invalid keys {sorted(unknown)} were found in param message")
    if ("text" in message) == ("attachment" in message):
        raise param("Message must have either a text or an attachment")
    if "text" in message:
        _text("message[text]", message["text"], TEXT)
    else:
        _attachment(message["attachment"])
    if "quick_replies" in message:
        _quick_replies(message["quick_replies"])


def param(words: str) -> Fault:
    """The Graph API's answer to an argument that it does not take."""
    return Fault(100, f"(#100) {words}")


def _text(name: str, value: Any, most: int, *, least: int = 1) -> None:
    if not isinstance(value, str) or length(value.strip()) < least:
        raise param(f"Param {name} must be a non-empty string")
    if length(value) > most:
        raise param(f"Length of param {name} must be less than or equal to {most}")


def _list(name: str, value: Any, most: int) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise param(f"Param {name} must have 1 to {most} elements")
    if not all(isinstance(item, dict) for item in value):
        raise param(f"Param {name} must be an array of objects")
    return value


def _quick_replies(value: Any) -> None:
    for reply in _list("message[quick_replies]", value, 13):
        kind = reply.get("content_type")
        if kind == "text":
            _text("quick_reply[title]", reply.get("title"), TITLE)
            _text("quick_reply[payload]", reply.get("payload"), PAYLOAD)
        elif kind not in ("user_phone_number", "user_email"):
            raise param(
                "Param quick_reply[content_type] must be text, user_phone_number, user_email"
            )


def _attachment(value: Any) -> None:
    payload = value.get("payload") if isinstance(value, dict) else None
    if not isinstance(payload, dict):
        raise param("Param message[attachment] must have a type and a payload")
    kind = value.get("type")
    if kind in ("image", "file", "audio", "video"):
        _url("attachment[payload][url]", payload.get("url"))
    elif kind == "template" and payload.get("template_type") == "button":
        _text("text", payload.get("text"), 640)
        _buttons(payload.get("buttons"))
    elif kind == "template" and payload.get("template_type") == "generic":
        for element in _list("elements", payload.get("elements"), 10):
            _element(element)
    else:
        raise param("Param message[attachment][type] or template_type is unknown")


def _element(element: Mapping[str, Any]) -> None:
    _text("elements[title]", element.get("title"), 80)
    if "subtitle" in element:
        _text("elements[subtitle]", element["subtitle"], 80)
    if "image_url" in element:
        _url("elements[image_url]", element["image_url"])
    if "default_action" in element:
        action = element["default_action"]
        if not isinstance(action, dict) or action.get("type") != "web_url" or "title" in action:
            raise param("Param elements[default_action] must be a web_url without a title")
        _url("default_action[url]", action.get("url"))
    if "buttons" in element:
        _buttons(element["buttons"])
    if not {"subtitle", "image_url", "default_action", "buttons"} & set(element):
        raise param("An element must have more than a title")


def _buttons(value: Any) -> None:
    for button in _list("buttons", value, 3):
        _text("buttons[title]", button.get("title"), TITLE)
        if button.get("type") == "web_url":
            _url("buttons[url]", button.get("url"))
        elif button.get("type") == "postback":
            _text("buttons[payload]", button.get("payload"), PAYLOAD)
        else:
            raise param("Param buttons[type] must be web_url or postback")


def _url(name: str, value: Any) -> None:
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise param(f"Param {name} should be a valid URL")
