"""Choices in the form that a channel has room for: buttons, quick replies, a list, numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.model.content import (
    Button,
    Buttons,
    Content,
    DateChoice,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Request,
    Text,
)
from channels.rendering.abilities import Abilities
from channels.rendering.split import split_text
from channels.rendering.words import words_for
from channels.rendering.writing import link, list_line

Form = Literal["buttons", "quick_replies", "list_choice", "numbers"]
_FORMS: tuple[Form, ...] = ("buttons", "quick_replies", "list_choice")


@dataclass(frozen=True)
class Asked:
    """What to show: words, addresses that no button can open, and the choices in their form.

    `descriptions` are as many as the choices, or none.
    """

    text: str
    choices: tuple[Button, ...]
    form: Form
    links: tuple[Button, ...] = ()
    descriptions: tuple[str, ...] = ()
    label: str = ""


def texts(text: str, abilities: Abilities) -> list[Content]:
    """A text, as many as it takes; none of an empty one."""
    parts = split_text(text, abilities.text, abilities.length, abilities.rendered)
    return [Text(part) for part in parts]


Worded = Buttons | QuickReplies | ListChoice | DateChoice | Request | Rating


def over(content: Worded, limit: int, abilities: Abilities, language: str | None) -> list[Content]:
    """The content with the last part of its text; what does not fit into `limit` as texts before.

    Empty words become "Choose one:".
    """
    limit = min(limit, abilities.text)
    parts = split_text(content.text, limit, abilities.length, abilities.rendered)
    last = parts[-1] if parts else words_for(language).choose
    return [*map(Text, parts[:-1]), replace(content, text=last)]


def plan(
    text: str,
    buttons: Sequence[Button],
    abilities: Abilities,
    prefer: Form,
    described: tuple[str, ...] = (),
    label: str = "",
) -> Asked:
    """Which form the choices get: the preferred one if they fit, else the next that holds them.

    `described`: a description for each of them, or none at all; those have no addresses.
    """
    buttons = tuple(
        button if button.url or button.payload is not None else Button(button.title, button.title)
        for button in buttons
    )
    form = _form(buttons, abilities, prefer, described)
    if form is not None:
        return Asked(text, buttons, form, (), described, label)
    links = tuple(button for button in buttons if button.url is not None)
    chosen = tuple(button for button in buttons if button.url is None)
    form = _form(chosen, abilities, prefer, described) or "numbers"
    return Asked(text, chosen, form, links, described, label)


def show(asked: Asked, abilities: Abilities, language: str | None) -> list[Content]:
    """The contents of a plan."""
    lines = [link(button.title, button.url or "") for button in asked.links]
    text = paragraphs(asked.text, "\n".join(lines))
    if not asked.choices:
        return texts(text, abilities)
    if asked.form == "numbers":
        return _numbers(replace(asked, text=text), abilities, language)
    if asked.form == "buttons":
        return over(Buttons(text, asked.choices), abilities.buttons_text, abilities, language)
    if asked.form == "quick_replies":
        return over(QuickReplies(text, asked.choices), abilities.text, abilities, language)
    options = tuple(
        Option(choice.title, choice.payload or choice.title, described)
        for choice, described in _described(asked)
    )
    content = ListChoice(text, options, asked.label)
    return over(content, abilities.prompt, abilities, language)


def paragraphs(*texts: str) -> str:
    """Those that are not empty, with an empty line between."""
    return "\n\n".join(text for text in texts if text.strip())


def fits_under(buttons: Sequence[Button], most: int, abilities: Abilities) -> bool:
    """Whether they can be buttons of a content that has at most so many."""
    return (
        len(buttons) <= most
        and abilities.all_fit((button.title for button in buttons), abilities.button_title)
        and all(
            button.url is None or (abilities.url_buttons and abilities.opens(button.url))
            for button in buttons
        )
    )


def _form(
    buttons: Sequence[Button],
    abilities: Abilities,
    prefer: Form,
    described: Sequence[str],
) -> Form | None:
    for form in (prefer, *_FORMS):
        if form not in abilities.kinds or (any(described) and form != "list_choice"):
            continue
        if _fits(form, buttons, abilities, described):
            return form
    return None


def _fits(
    form: Form,
    buttons: Sequence[Button],
    abilities: Abilities,
    described: Sequence[str],
) -> bool:
    if form == "buttons":
        return fits_under(buttons, abilities.buttons, abilities)
    if any(button.url is not None for button in buttons):
        return False
    titles = [button.title for button in buttons]
    if form == "quick_replies":
        most, longest = abilities.quick_replies, abilities.reply_title
    else:
        most, longest = abilities.options, abilities.option_title
        if max(map(abilities.length, described), default=0) > abilities.option_description:
            return False
    return len(titles) <= most and abilities.all_fit(titles, longest)


def _described(asked: Asked) -> Iterator[tuple[Button, str]]:
    return zip(asked.choices, asked.descriptions or ("",) * len(asked.choices), strict=True)


def _numbers(asked: Asked, abilities: Abilities, language: str | None) -> list[Content]:
    lines = []
    for number, (choice, described) in enumerate(_described(asked), start=1):
        shown_words = f"{choice.title} – {described}" if described else choice.title
        lines.append(list_line(number, shown_words))
    numbers = [
        Button(str(number), choice.payload) for number, choice in enumerate(asked.choices, start=1)
    ]
    words = words_for(language)
    text = paragraphs(asked.text or words.choose, "\n".join(lines))
    for form, most in (
        ("quick_replies", abilities.quick_replies),
        ("buttons", abilities.buttons),
    ):
        shown = tuple(numbers[: max(0, most)])
        if form not in abilities.kinds or not shown:
            continue
        if len(shown) < len(numbers):
            text = paragraphs(text, words.answer_with_number)
        if form == "quick_replies":
            return over(QuickReplies(text, shown), abilities.text, abilities, language)
        return over(Buttons(text, shown), abilities.buttons_text, abilities, language)
    return texts(paragraphs(text, words.answer_with_number), abilities)
