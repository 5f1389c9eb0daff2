"""From the channel-neutral content to the dicts that Rasa's REST channel answers with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from bot.model.content import Button, Buttons, Card, Content, Custom, Image, Text


def render(recipient: str, contents: Iterable[Content]) -> list[dict[str, Any]]:
    """One dict for each content, all with `recipient_id`:

    | content | dict                                                                      |
    | ------- | ------------------------------------------------------------------------- |
    | Text    | `text`, with its small markup as it is                                    |
    | Buttons | `text`, `buttons`: `{"title", "payload"}`, or `{"title", "type", "url"}`  |
    | Image   | `image`; `text` where the picture has a description                       |
    | Card    | `text` that says all of it, `image`, `buttons`, and `custom.card` as data |
    | Custom  | `custom`                                                                  |
    """
    return [{"recipient_id": recipient, **_fields(content)} for content in contents]


def _fields(content: Content) -> dict[str, Any]:
    if isinstance(content, Text):
        return {"text": content.text}
    if isinstance(content, Buttons):
        return {"text": content.text, "buttons": _buttons(content.buttons)}
    if isinstance(content, Image):
        return {"image": content.url, **({"text": content.alt} if content.alt else {})}
    if isinstance(content, Card):
        return _card(content)
    if isinstance(content, Custom):
        return {"custom": dict(content.data)}
    raise TypeError(f"no rendering for {type(content).__name__}")


def _buttons(buttons: Sequence[Button]) -> list[dict[str, str]]:
    rendered = []
    for button in buttons:
        if button.url is not None:
            rendered.append({"title": button.title, "type": "web_url", "url": button.url})
        else:
            # A choice without a payload says its own title, as Rasa's clients expect.
            rendered.append({"title": button.title, "payload": button.payload or button.title})
    return rendered


def _card(card: Card) -> dict[str, Any]:
    lines = [card.title, card.subtitle]
    lines += [f"{fact.label}: {fact.value}" for fact in card.facts]
    lines.append(card.url or "")
    fields: dict[str, Any] = {"text": "\n".join(line for line in lines if line)}
    if card.image is not None:
        fields["image"] = card.image
    if card.buttons:
        fields["buttons"] = _buttons(card.buttons)
    fields["custom"] = {"card": asdict(card)}
    return fields
