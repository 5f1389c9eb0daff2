"""The custom payloads of responses that are shown to people. Described in `docs/messages.md`.

Pure functions. A payload that is none of these, such as `handoff`, is for programs.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any, get_args
from urllib.parse import unquote, urlsplit

from jsonschema import Draft7Validator

from bot.model.choices import DATE, RATING
from bot.model.content import (
    Button,
    Card,
    Carousel,
    Content,
    DateChoice,
    Fact,
    File,
    Image,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Request,
    Typing,
)

_WORDS = {"type": ["string", "number"]}
_NAME = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"\S"}]}
_ADDRESS = {"type": "string", "pattern": r"^(https?://|mailto:|tel:)\S+$"}
_PAGE = {"type": "string", "pattern": r"^https?://\S+$"}
# Rasa puts text in place of variables: `scale: "{most}"` is one.
_NUMBER = {"type": ["integer", "string"], "pattern": r"^\d+$"}


def _object(required: Sequence[str] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        # An optional value that a variable left empty is none.
        "properties": {
            name: value if name in required else {"anyOf": [{"enum": [None, ""]}, value]}
            for name, value in properties.items()
        },
        "additionalProperties": False,
    }


BUTTON = {
    **_object(["title"], title=_NAME, payload={"type": "string"}, url=_ADDRESS),
    # Rasa's own clients want a `type` with a `url`.
    "additionalProperties": True,
}
_CARD = _object(
    ["title"],
    title=_NAME,
    subtitle=_WORDS,
    image=_PAGE,
    url=_PAGE,
    fields={
        "type": "array",
        "items": _object(["label", "value"], label=_WORDS, value=_WORDS),
    },
    buttons={"type": "array", "items": BUTTON},
)
_WHAT = {"enum": ["location", "phone", "email"]}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "card": _CARD,
    "carousel": {"type": "array", "minItems": 1, "items": _CARD},
    "image": _object(["url"], url=_PAGE, alt=_WORDS),
    "file": _object(["url"], url=_PAGE, name=_WORDS, text=_WORDS),
    "list": _object(
        ["options"],
        label=_WORDS,
        options={
            "type": "array",
            "minItems": 1,
            "items": _object(
                ["title", "payload"], title=_NAME, payload={"type": "string"}, description=_WORDS
            ),
        },
    ),
    "date": _object(["payload"], payload={"type": "string"}, earliest={}, latest={}),
    "request": {"anyOf": [_WHAT, _object(["what"], what=_WHAT)]},
    "rating": _object(["payload"], payload={"type": "string"}, scale=_NUMBER),
    "typing": {"enum": [True]},
}
# In Rasa's own form; Facebook's template has more than is read here.
ELEMENT = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": _NAME,
        "subtitle": {"anyOf": [{"enum": [None]}, _WORDS]},
        "image_url": {"anyOf": [{"enum": [None, ""]}, _PAGE]},
        "item_url": {"anyOf": [{"enum": [None, ""]}, _PAGE]},
        "default_action": {
            "type": ["object", "null"],
            "properties": {"url": {"anyOf": [{"enum": [None, ""]}, _PAGE]}},
        },
        "buttons": {"type": ["array", "null"], "items": BUTTON},
    },
}
_ATTACHMENT = {
    "anyOf": [
        _PAGE,
        _object(["url"], url=_PAGE, name=_WORDS, text=_WORDS),
        {
            "type": "object",
            "required": ["type", "payload"],
            "properties": {
                "payload": {
                    "type": "object",
                    "properties": {"url": _PAGE, "src": _PAGE, "title": _WORDS},
                    "anyOf": [{"required": ["url"]}, {"required": ["src"]}],
                }
            },
        },
    ]
}
KINDS = tuple(_SCHEMAS)

Question = QuickReplies | ListChoice | DateChoice | Request | Rating
# They wait for an answer, and ask with the response's own text.
QUESTIONS = get_args(Question)


class MalformedPayload(ValueError):
    """A custom payload has not the form that `docs/messages.md` describes."""


def content_of(kind: str, payload: Any) -> Content:
    """The content of a custom payload, one of KINDS; a question has no text yet.

    Raises MalformedPayload, which says where and why.
    """
    check(_SCHEMAS[kind], payload, kind)
    return _READERS[kind](payload)


def attachment_of(attachment: Any) -> Image | File:
    """A response's `attachment`: an address, `{url, name, text}`, or `{type, payload: {url}}`.

    Raises MalformedPayload.
    """
    check(_ATTACHMENT, attachment, "attachment")
    if isinstance(attachment, str):
        attachment = {"url": attachment}
    if "payload" in attachment:
        payload = attachment["payload"]
        url, title = payload.get("url") or payload["src"], _words(payload.get("title"))
        if attachment["type"] == "image":
            return Image(url, title)
        return File(url, title or _file_name(url))
    url, name, text = attachment["url"], _words(attachment.get("name")), attachment.get("text")
    media_type, _ = mimetypes.guess_type(urlsplit(url).path)
    if (media_type or "").startswith("image/") and not name:
        return Image(url, _words(text))
    return File(url, name or _file_name(url), _words(text))


def check(schema: Mapping[str, Any], value: Any, name: str) -> None:
    """Raises MalformedPayload where the value does not fit the schema."""
    errors = sorted(Draft7Validator(schema).iter_errors(value), key=lambda error: -len(error.path))
    if not errors:
        return
    error = errors[0]
    # Of what may be empty or a value, say what the value should have been.
    while error.context:
        error = max(error.context, key=lambda one: len(one.path))
    where = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
    )
    raise MalformedPayload(f"{name}{where}: {error.message}")


def button_of(button: Mapping[str, Any]) -> Button:
    """A checked button. One that neither opens a page nor has a payload says its own title."""
    title = _words(button["title"])
    url = button.get("url") or None
    return Button(title, None if url else button.get("payload") or title, url)


def _card(card: Mapping[str, Any]) -> Card:
    return Card(
        title=_words(card["title"]),
        subtitle=_words(card.get("subtitle")),
        image=card.get("image") or None,
        url=card.get("url") or None,
        facts=tuple(
            Fact(_words(fact["label"]), value)
            for fact in card.get("fields") or ()
            if (value := _words(fact["value"]))
        ),
        buttons=tuple(button_of(button) for button in card.get("buttons") or ()),
    )


def _carousel(cards: Sequence[Mapping[str, Any]]) -> Carousel:
    return Carousel(tuple(_card(card) for card in cards))


def _image(image: Mapping[str, Any]) -> Image:
    return Image(image["url"], _words(image.get("alt")))


def _file(file: Mapping[str, Any]) -> File:
    url = file["url"]
    return File(url, _words(file.get("name")) or _file_name(url), _words(file.get("text")))


def _list(choice: Mapping[str, Any]) -> ListChoice:
    options = tuple(
        Option(_words(option["title"]), option["payload"], _words(option.get("description")))
        for option in choice["options"]
    )
    return ListChoice("", options, _words(choice.get("label")))


def _date(choice: Mapping[str, Any]) -> DateChoice:
    _must_hold(choice["payload"], DATE, "date.payload")
    earliest, latest = (_day(choice.get(name), f"date.{name}") for name in ("earliest", "latest"))
    if earliest and latest and latest < earliest:
        raise MalformedPayload(f"date.latest: {latest} is before {earliest}")
    return DateChoice("", choice["payload"], earliest, latest)


def _request(request: Any) -> Request:
    return Request("", request["what"] if isinstance(request, Mapping) else request)


def _rating(rating: Mapping[str, Any]) -> Rating:
    _must_hold(rating["payload"], RATING, "rating.payload")
    scale = int(rating.get("scale") or Rating.scale)
    if not 2 <= scale <= 10:
        raise MalformedPayload(f"rating.scale: {scale} is not from 2 to 10")
    return Rating("", rating["payload"], scale)


def _typing(_: Any) -> Typing:
    return Typing()


_READERS: dict[str, Callable[[Any], Content]] = {
    "card": _card,
    "carousel": _carousel,
    "image": _image,
    "file": _file,
    "list": _list,
    "date": _date,
    "request": _request,
    "rating": _rating,
    "typing": _typing,
}


def _must_hold(payload: str, placeholder: str, name: str) -> None:
    if placeholder not in payload:
        raise MalformedPayload(
            f"{name}: {payload!r} does not say where the choice goes: it must hold {placeholder}"
        )


def _day(value: Any, name: str) -> str | None:
    """YYYY-MM-DD. YAML makes a date of `2026-11-27`, and an action may hand in one too."""
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise MalformedPayload(f"{name}: {value!r} is no day in the form YYYY-MM-DD") from error


def _file_name(url: str) -> str:
    path = PurePosixPath(unquote(urlsplit(url).path))
    return path.name or urlsplit(url).netloc


def _words(value: Any) -> str:
    return "" if value is None else str(value).strip()
