"""From the channel-neutral content to the dicts that Rasa's REST channel answers with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from bot.model.choices import rating_choices
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    DateChoice,
    File,
    Image,
    ListChoice,
    QuickReplies,
    Rating,
    Request,
    Shared,
    Text,
    Typing,
)
from bot.model.messages import Utterance

Fields = dict[str, Any]


def render(recipient: str, contents: Iterable[Content]) -> list[Fields]:
    """Dicts with `recipient_id` and what a client of Rasa's knows. What that can't say, or not all
    of, is under `custom` as well, with all the fields of the content:

    | content      | dict                                                                         |
    | ------------ | ---------------------------------------------------------------------------- |
    | Text         | `text`, with its small markup as it is; none of a blank one                  |
    | Buttons      | `text`, `buttons`: `{"title", "payload"}`, or `{"title", "type", "url"}`     |
    | QuickReplies | `text`, `buttons`, `custom.quick_replies`                                    |
    | Image        | `image`; `text` where the picture has a description                          |
    | File         | `attachment` (the address), `text`, `custom.file`                            |
    | Card         | `text` that says all of it, `image`, `buttons`, and `custom.card` as data    |
    | Carousel     | a dict for each card, as above, with `custom.carousel`: `{"position", "of"}` |
    | ListChoice   | `text` with the options' descriptions, `buttons`, `custom.list`              |
    | DateChoice   | `text`, `custom.date`                                                        |
    | Request      | `text`, `custom.request`                                                     |
    | Rating       | `text`, `buttons` from 1 on, `custom.rating`                                 |
    | Shared       | `text`, `image` or `attachment` where it has an address, `custom.shared`     |
    | Custom       | `custom`                                                                     |
    | Typing       | none: the answer comes all at once                                           |
    """
    return [
        {"recipient_id": recipient, **fields} for content in contents for fields in _dicts(content)
    ]


def render_line(recipient: str, line: Utterance) -> list[Fields]:
    """As `render`, with `metadata` that tells who said it: `id`, `author` (`bot` or `staff`), `at`
    (ISO 8601, UTC), and the person's `name`.
    """
    metadata = {"id": line.id, "author": line.author.value, "at": _iso(line.at)}
    if line.name is not None:
        metadata["name"] = line.name
    return [{**fields, "metadata": metadata} for fields in render(recipient, [line.content])]


def _dicts(content: Content) -> Iterator[Fields]:
    if isinstance(content, Typing) or (isinstance(content, Text) and not content.text.strip()):
        return
    if isinstance(content, Carousel):
        for position, card in enumerate(content.cards, start=1):
            fields = _card(card)
            fields["custom"]["carousel"] = {"position": position, "of": len(content.cards)}
            yield fields
        return
    yield _fields(content)


def _fields(content: Content) -> Fields:
    if isinstance(content, Text):
        return {"text": content.text}
    if isinstance(content, Image):
        return {"image": content.url, **_text(content.alt)}
    if isinstance(content, Card):
        return _card(content)
    if isinstance(content, Custom):
        return {"custom": dict(content.data)}
    if isinstance(content, Shared):
        return _shared(content)
    if isinstance(content, File):
        return {"attachment": content.url, **_text(content.text), **_data("file", content)}
    return _question(content)


def _question(content: Content) -> Fields:
    if isinstance(content, Buttons):
        return {**_text(content.text), "buttons": _buttons(content.buttons)}
    if isinstance(content, QuickReplies):
        buttons = _buttons(content.replies)
        return {**_text(content.text), "buttons": buttons, **_data("quick_replies", content)}
    if isinstance(content, ListChoice):
        lines = [content.text]
        lines += [
            f"{option.title}: {option.description}"
            for option in content.options
            if option.description
        ]
        options = _buttons([Button(option.title, option.payload) for option in content.options])
        return {**_text(*lines), "buttons": options, **_data("list", content)}
    if isinstance(content, DateChoice):
        return {**_text(content.text), **_data("date", content)}
    if isinstance(content, Request):
        return {**_text(content.text), **_data("request", content)}
    if isinstance(content, Rating):
        buttons = _buttons(rating_choices(content))
        return {**_text(content.text), "buttons": buttons, **_data("rating", content)}
    raise TypeError(f"no rendering for {type(content).__name__}")


def _text(*lines: str) -> Fields:
    text = "\n".join(line for line in lines if line)
    return {"text": text} if text else {}


def _data(name: str, content: Content) -> Fields:
    return {"custom": {name: asdict(content)}}


def _buttons(buttons: Sequence[Button]) -> list[dict[str, str]]:
    rendered = []
    for button in buttons:
        if button.url is not None:
            rendered.append({"title": button.title, "type": "web_url", "url": button.url})
        else:
            # A choice without a payload says its own title, as Rasa's clients expect.
            rendered.append({"title": button.title, "payload": button.payload or button.title})
    return rendered


def _card(card: Card) -> Fields:
    facts = [f"{fact.label}: {fact.value}" for fact in card.facts]
    fields = _text(card.title, card.subtitle, *facts, card.url or "")
    if card.image is not None:
        fields["image"] = card.image
    if card.buttons:
        fields["buttons"] = _buttons(card.buttons)
    return {**fields, **_data("card", card)}


def _shared(content: Shared) -> Fields:
    fields = _text(content.text)
    for attachment in content.attachments:
        if attachment.url is not None:
            field = "image" if attachment.kind in ("image", "sticker") else "attachment"
            fields.setdefault(field, attachment.url)
    return {**fields, **_data("shared", content)}


def _iso(at: float) -> str:
    moment = datetime.fromtimestamp(at, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
