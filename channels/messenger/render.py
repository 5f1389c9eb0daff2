"""From a content to calls of the Send API. Pure.

Source of the limits: Meta, "Messenger Platform: Send API Reference", "Quick Replies", "Button
Template", "Generic Template". The platform shows no markup, so texts are plain words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.errors import DeliveryRefused
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    File,
    Image,
    QuickReplies,
    Request,
    Text,
    Typing,
)
from bot.ports import Call
from channels.messenger.parse import AS_TYPED
from channels.rendering.abilities import Abilities
from channels.rendering.addresses import is_web_address
from channels.rendering.degrade import simplify
from channels.rendering.markup import plain
from channels.rendering.split import utf16_length
from channels.rendering.words import words_for

# A call's method: what it posts to me/messages.
MESSAGE = "message"
ACTION = "sender_action"

PAYLOAD_LENGTH = 1_000
_SUBTITLE = 80

# The platform does not say what a character is. UTF-16 units are never fewer than code points or
# graphemes, so what fits by them fits by those as well.
_ABILITIES = Abilities(
    kinds=frozenset(
        {"text", "buttons", "quick_replies", "image", "file", "card", "carousel", "typing"}
    ),
    text=2_000,
    length=utf16_length,
    buttons=3,
    button_title=20,
    buttons_text=640,
    url_buttons=True,
    quick_replies=13,
    reply_title=20,
    prompt=2_000,
    card_title=80,
    card_subtitle=_SUBTITLE,
    card_facts=0,
    card_buttons=3,
    cards=10,
    opens=is_web_address,
)
# The telephone number and the e-mail address come from the customer's profile, at a press. For a
# place there was such a button once; the platform has taken it away.
_ASKING = replace(_ABILITIES, kinds=_ABILITIES.kinds | {"request"})
_PROFILE = {"phone": "user_phone_number", "email": "user_email"}

_Rendered = Iterator[Mapping[str, Any]]


def abilities_for(content: Content) -> Abilities:
    """What Messenger shows by itself of this content."""
    asks = isinstance(content, Request) and content.what in _PROFILE
    return _ASKING if asks else _ABILITIES


def render(content: Content, language: str | None) -> Sequence[Call]:
    """The calls that show it, in order. Raises DeliveryRefused for what can't be shown."""
    return [
        call
        for shown in simplify(_folded(content, language), abilities_for(content), language)
        for call in _calls(shown)
    ]


def _calls(content: Content) -> Iterator[Call]:
    if isinstance(content, Typing):
        yield Call(ACTION, {"sender_action": "typing_on"})
        return
    renderer = _RENDERERS.get(type(content))
    if renderer is None:
        raise DeliveryRefused(f"Messenger has no form for {content.kind}")
    for message in renderer(content):
        yield Call(MESSAGE, {"message": message})


def _text(content: Text) -> _Rendered:
    words = plain(content.text)
    if words:
        yield {"text": words}


def _buttons(content: Buttons) -> _Rendered:
    payload = {
        "template_type": "button",
        "text": plain(content.text),
        "buttons": [_button(button) for button in content.buttons],
    }
    yield _template(payload)


def _quick_replies(content: QuickReplies) -> _Rendered:
    replies = [
        {"content_type": "text", "title": reply.title, "payload": _payload(reply)}
        for reply in content.replies
    ]
    yield {"text": plain(content.text), "quick_replies": replies}


def _request(content: Request) -> _Rendered:
    reply = {"content_type": _PROFILE[content.what]}
    yield {"text": plain(content.text), "quick_replies": [reply]}


def _image(content: Image) -> _Rendered:
    # The platform keeps no description with a picture: those who do not see it get it before.
    yield from _words(content.alt)
    yield _attachment("image", content.url)


def _file(content: File) -> _Rendered:
    # The platform calls a file by its address's last part.
    shown = content.url.partition("?")[0].rpartition("/")[2]
    name = "" if content.name == shown and content.text else content.name
    yield from _words("\n".join(filter(None, (content.text, name))))
    yield _attachment("file", content.url)


def _card(content: Card) -> _Rendered:
    element = _element(content)
    if len(element) == 1:
        # A title alone is no template.
        yield from _words(content.title)
        return
    yield _template({"template_type": "generic", "elements": [element]})


def _carousel(content: Carousel) -> _Rendered:
    elements = [_element(card) for card in content.cards]
    if all(len(element) > 1 for element in elements):
        yield _template({"template_type": "generic", "elements": elements})
        return
    for card in content.cards:
        yield from _card(card)


_RENDERERS: Mapping[type[Any], Callable[[Any], _Rendered]] = {
    Text: _text,
    Buttons: _buttons,
    QuickReplies: _quick_replies,
    Request: _request,
    Image: _image,
    File: _file,
    Card: _card,
    Carousel: _carousel,
}


def _words(text: str) -> _Rendered:
    for part in simplify(Text(text), _ABILITIES):
        assert isinstance(part, Text)
        yield from _text(part)


def _element(card: Card) -> dict[str, Any]:
    element: dict[str, Any] = {"title": card.title}
    if card.subtitle.strip():
        element["subtitle"] = card.subtitle
    if card.image is not None:
        element["image_url"] = card.image
    if card.url is not None:
        element["default_action"] = {"type": "web_url", "url": card.url}
    if card.buttons:
        element["buttons"] = [_button(button) for button in card.buttons]
    return element


def _button(button: Button) -> dict[str, str]:
    if button.url is not None:
        return {"type": "web_url", "title": button.title, "url": button.url}
    return {"type": "postback", "title": button.title, "payload": _payload(button)}


def _payload(button: Button) -> str:
    # One that is too long is found again by the title, which comes back as well.
    if button.payload is None or utf16_length(button.payload) > PAYLOAD_LENGTH:
        return AS_TYPED
    return button.payload


def _template(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def _attachment(kind: str, url: str) -> Mapping[str, Any]:
    return {"attachment": {"type": kind, "payload": {"url": url, "is_reusable": False}}}


def _folded(content: Content, language: str | None) -> Content:
    """Cards with a title, which the platform insists on, and with their facts under the subtitle
    where there is room for them.
    """
    if isinstance(content, Card):
        return _folded_card(_titled(content, language))
    if isinstance(content, Carousel):
        return Carousel(tuple(_folded_card(_titled(card, language)) for card in content.cards))
    return content


def _folded_card(card: Card) -> Card:
    lines = [plain(card.subtitle), *(f"{fact.label}: {fact.value}" for fact in card.facts)]
    subtitle = "\n".join(line for line in lines if line.strip())
    if utf16_length(subtitle) > _SUBTITLE:
        return card
    return replace(card, subtitle=subtitle, facts=())


def _titled(card: Card, language: str | None) -> Card:
    if card.title.strip():
        return card
    if card.subtitle.strip():
        return replace(card, title=card.subtitle, subtitle="")
    if card.facts:
        first, *others = card.facts
        return replace(card, title=f"{first.label}: {first.value}", facts=tuple(others))
    words = words_for(language)
    if card.image is not None:
        return replace(card, title=words.picture)
    return replace(card, title=words.choose) if card.buttons else card
