"""From Rasa's bot messages to the channel-neutral content. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.model.content import Button, Buttons, Card, Content, Custom, Fact, Image, Text


def contents_of(message: Mapping[str, Any]) -> list[Content]:
    """What one bot message says, in the order in which it is shown.

    `message` is what Rasa hands to an output channel: `text`, `buttons`, `quick_replies`, `image`,
    `attachment`, `elements`, `custom`. `custom: {card: {...}}` becomes a Card; any other custom
    payload stays one.
    """
    return list(_contents(message))


def _contents(message: Mapping[str, Any]) -> Iterator[Content]:
    text = str(message.get("text") or "").strip()
    buttons = _buttons(message.get("buttons")) + _buttons(message.get("quick_replies"))
    image = message.get("image")
    if buttons:
        yield Buttons(text, buttons)
    elif text:
        yield Text(text)
    if image:
        yield Image(str(image), alt=str(message.get("alt") or ""))
    attachment = message.get("attachment")
    if isinstance(attachment, str) and attachment and attachment != image:
        yield Text(attachment)
    for element in message.get("elements") or ():
        yield _card({**element, "image": element.get("image_url")})
    custom = message.get("custom")
    if isinstance(custom, Mapping) and custom:
        rest = {key: value for key, value in custom.items() if key != "card"}
        if isinstance(custom.get("card"), Mapping):
            yield _card(custom["card"])
        if rest:
            yield Custom(rest)


def _card(card: Mapping[str, Any]) -> Card:
    return Card(
        title=str(card.get("title") or ""),
        subtitle=str(card.get("subtitle") or ""),
        image=card.get("image") or None,
        url=card.get("url") or None,
        facts=tuple(
            Fact(str(fact.get("label") or ""), str(fact.get("value") or ""))
            for fact in card.get("fields") or ()
        ),
        buttons=_buttons(card.get("buttons")),
    )


def _buttons(buttons: Sequence[Mapping[str, Any]] | None) -> tuple[Button, ...]:
    return tuple(
        Button(
            title=str(button.get("title") or button.get("payload") or button.get("url") or ""),
            payload=button.get("payload") or None,
            url=button.get("url") or None,
        )
        for button in buttons or ()
    )
