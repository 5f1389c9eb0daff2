"""From Rasa's bot messages to the channel-neutral content. Pure functions, but for the log.

What a response of `domain.yml` or an action may say is described in `docs/messages.md`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    Image,
    QuickReplies,
    Text,
)
from bot.pipeline.rasa_payloads import (
    BUTTON,
    ELEMENT,
    KINDS,
    QUESTIONS,
    MalformedPayload,
    Question,
    attachment_of,
    button_of,
    check,
    content_of,
)

log = logging.getLogger(__name__)


def contents_of(message: Mapping[str, Any]) -> list[Content]:
    """What one bot message says, in the order in which it is shown.

    `message` is what Rasa hands to an output channel: `text`, `buttons`, `quick_replies`, `image`,
    `attachment`, `elements`, `custom`. A part that can't be read is logged with the response's name
    and left out; the others are shown. A malformed custom payload stays a Custom.
    """
    return list(_Reading(message).contents())


class _Reading:
    """One message as it is read: what asks takes the text, so that it is shown once."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        self._message = message
        self._text = str(message.get("text") or "").strip()

    def contents(self) -> Iterator[Content]:
        buttons, replies = self._buttons("buttons"), self._buttons("quick_replies")
        if any(reply.url for reply in replies):
            # Only buttons open pages.
            buttons, replies = buttons + replies, ()
        questions, others = self._custom()
        if replies:
            questions.insert(0, QuickReplies("", replies))
        if buttons:
            yield Buttons(self._text, buttons)
        elif self._text and not questions:
            yield Text(self._text)
        yield from self._pictures_and_files()
        yield from self._elements()
        yield from others
        # What waits for an answer stands last, the first of it under the text.
        for number, question in enumerate(questions):
            is_asked = number == 0 and not buttons
            yield replace(question, text=self._text) if is_asked else question

    def _custom(self) -> tuple[list[Question], list[Content]]:
        """What the custom payload asks, without text, and what else it holds."""
        custom = self._message.get("custom") or {}
        if not isinstance(custom, Mapping):
            self._complain("custom: it names nothing, such as `card`")
            return [], [Custom({"custom": custom})]
        questions: list[Question] = []
        others: list[Content] = []
        rest = {key: value for key, value in custom.items() if key not in KINDS}
        for kind in KINDS:
            if kind not in custom:
                continue
            try:
                content = content_of(kind, custom[kind])
            except MalformedPayload as error:
                self._complain(f"custom.{error}")
                rest[kind] = custom[kind]
                continue
            if isinstance(content, QUESTIONS):
                questions.append(content)
            else:
                others.append(content)
        if rest:
            others.append(Custom(rest))
        return questions, others

    def _buttons(self, name: str) -> tuple[Button, ...]:
        return tuple(
            button_of(button) for button in self._checked(name, self._message.get(name), BUTTON)
        )

    def _elements(self) -> Iterator[Content]:
        """Rasa's own form of cards: side by side where there are several."""
        cards = [
            Card(
                title=str(element["title"]),
                subtitle=str(element.get("subtitle") or ""),
                image=element.get("image_url") or None,
                url=(element.get("default_action") or {}).get("url") or element.get("item_url"),
                buttons=tuple(button_of(button) for button in element.get("buttons") or ()),
            )
            for element in self._checked("elements", self._message.get("elements"), ELEMENT)
        ]
        if len(cards) > 1:
            yield Carousel(tuple(cards))
        else:
            yield from cards

    def _pictures_and_files(self) -> Iterator[Content]:
        image, attachment = self._message.get("image"), self._message.get("attachment")
        if image:
            yield Image(str(image), alt=str(self._message.get("alt") or ""))
        if not attachment or attachment == image:
            return
        try:
            yield attachment_of(attachment)
        except MalformedPayload as error:
            self._complain(str(error))

    def _checked(
        self, name: str, values: Any, schema: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        if not isinstance(values, Sequence) or isinstance(values, str):
            if values:
                self._complain(f"{name}: it is no list")
            return
        for number, value in enumerate(values):
            try:
                check(schema, value, f"{name}[{number}]")
            except MalformedPayload as error:
                self._complain(str(error))
            else:
                yield value

    def _complain(self, problem: str) -> None:
        log.error(
            "the response %s is malformed, so a part of it was not shown: %s (docs/messages.md)",
            self._message.get("utter_action") or "of an action",
            problem,
        )
