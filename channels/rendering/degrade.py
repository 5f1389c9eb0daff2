"""What a channel can't show natively, shown otherwise and without losing meaning. Pure functions.

| content | natively, else |
| --- | --- |
| Text | over the limit: several, cut at the ends of paragraphs or sentences |
| Buttons, QuickReplies | each as the other, else as a list choice, else as a numbered list whose numbers are quick replies or buttons as far as they go; number and title may be typed. A button that opens a page becomes a `[title](url)` line where buttons can't |
| ListChoice | quick replies or buttons where they are few and short, else a numbered list with the descriptions |
| Rating | quick replies or buttons 1 to n, else words that ask for a number |
| DateChoice | up to 10 days: choices, each a day; else words that ask for the date, with an example |
| Request | words that say what to write |
| Card | picture; title in bold, subtitle, facts and address as text; choices with the last of the text |
| Carousel | over the limit of cards: several; else a card after the other. Choices that don't fit under each card are one numbered list after the last |
| Image | a link with what it shows |
| File | words and a link with its name |
| Shared | the words, and a line for each thing that was sent along |
| Typing, Custom | nothing |

An address that the platform does not take is written out in words, and so is what only it was for.
Titles over a limit are never cut, since two could become the same: they make a numbered list.
Where words are over a limit they are split, and the choices stay with the last part. An empty text
makes no message; empty words over choices become "Choose one:".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from bot.model.choices import DATE, days_of, rating_choices
from bot.model.content import (
    Attachment,
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
from channels.rendering.abilities import Abilities
from channels.rendering.forms import Asked, fits_under, over, paragraphs, plan, show, texts
from channels.rendering.words import LANGUAGES, day_example, day_title, words_for
from channels.rendering.writing import bold, link

# A day for the example where nothing bounds the dates.
_SOME_DAY = date(2030, 1, 31)


def simplify(content: Content, abilities: Abilities, language: str | None = None) -> list[Content]:
    """The content as contents that the channel shows natively, each within its limits, in order.

    `language` is the customer's, for added words. Empty where the channel shows nothing of it.
    Raises ValueError where a limit is less than a single character takes.
    """
    if isinstance(content, Text):
        return texts(content.text, abilities)
    if isinstance(content, (Typing, Custom)):
        return [content] if content.kind in abilities.kinds else []
    if isinstance(content, (Image, File, Shared)):
        return _media(content, abilities, language)
    if isinstance(content, Card):
        return _card(content, abilities, language)
    if isinstance(content, Carousel):
        return _carousel(content, abilities, language)
    if isinstance(content, Request):
        return _request(content, abilities, language)
    return _question(content, abilities, language)


def is_numbered(content: Content, abilities: Abilities) -> bool:
    """Whether `simplify` shows its choices as numbers from 1, so that a typed number means one.

    The numbers are those of `bot.model.choices.choices_of`. A rating's points always are. Days are
    where their titles are too long in any of the languages.
    """
    if isinstance(content, Rating):
        return True
    if isinstance(content, Card):
        return not _fits_card(content, abilities) and _is_numbers(_asked_by(content, abilities))
    if isinstance(content, Carousel):
        return not _fits_carousel(content, abilities) and any(
            is_numbered(card, abilities) for card in content.cards
        )
    if isinstance(content, (Buttons, QuickReplies, ListChoice, DateChoice)):
        return not _is_native(content, abilities) and any(
            _is_numbers(_asked(content, abilities, language)) for language in LANGUAGES
        )
    return False


def _is_numbers(asked: Asked | None) -> bool:
    return asked is not None and asked.form == "numbers" and bool(asked.choices)


# ----------------------------------------------------------------------------------- questions


def _question(
    content: Buttons | QuickReplies | ListChoice | DateChoice | Rating,
    abilities: Abilities,
    language: str | None,
) -> list[Content]:
    if isinstance(content, (DateChoice, Rating)) and _is_native(content, abilities):
        return over(content, abilities.prompt, abilities, language)
    asked = _asked(content, abilities, language)
    if asked is None:
        assert isinstance(content, DateChoice)
        return texts(paragraphs(content.text, _date_hint(content, language)), abilities)
    return show(asked, abilities, language)


def _is_native(
    content: Buttons | QuickReplies | ListChoice | DateChoice | Rating, abilities: Abilities
) -> bool:
    if isinstance(content, Rating):
        return content.kind in abilities.kinds and content.scale <= abilities.scale
    return isinstance(content, DateChoice) and content.kind in abilities.kinds


def _asked(
    content: Buttons | QuickReplies | ListChoice | DateChoice | Rating,
    abilities: Abilities,
    language: str | None,
) -> Asked | None:
    """The content as choices; None where it has too many to be listed."""
    if isinstance(content, Buttons):
        return plan(content.text, content.buttons, abilities, "buttons")
    if isinstance(content, QuickReplies):
        return plan(content.text, content.replies, abilities, "quick_replies")
    if isinstance(content, ListChoice):
        options = [Button(option.title, option.payload) for option in content.options]
        described = tuple(option.description for option in content.options)
        return plan(content.text, options, abilities, "list_choice", described, content.label)
    if isinstance(content, Rating):
        hint = words_for(language).answer_with_rating.format(scale=content.scale)
        text = paragraphs(content.text, hint)
        asked = plan(text, rating_choices(content), abilities, "quick_replies")
        # Points are numbers already: a numbered list of them would say nothing more.
        return replace(asked, choices=()) if asked.form == "numbers" else asked
    days = [
        Button(day_title(day, language), content.payload.replace(DATE, day.isoformat()))
        for day in days_of(content)
    ]
    return plan(content.text, days, abilities, "quick_replies") if days else None


def _date_hint(content: DateChoice, language: str | None) -> str:
    words = words_for(language)
    earliest = date.fromisoformat(content.earliest) if content.earliest else None
    latest = date.fromisoformat(content.latest) if content.latest else None
    bounds = {
        "earliest": day_example(earliest or _SOME_DAY, language),
        "latest": day_example(latest or _SOME_DAY, language),
    }
    if earliest and latest:
        hint = words.write_date_between
    elif earliest:
        hint = words.write_date_from
    elif latest:
        hint = words.write_date_until
    else:
        return words.write_date.format(example=day_example(_SOME_DAY, language))
    return hint.format(**bounds)


def _request(content: Request, abilities: Abilities, language: str | None) -> list[Content]:
    if content.kind in abilities.kinds and content.what in abilities.requests:
        if content.text.strip():
            return over(content, abilities.prompt, abilities, language)
        return [replace(content, text=_request_hint(content, language))]
    return texts(paragraphs(content.text, _request_hint(content, language)), abilities)


def _request_hint(content: Request, language: str | None) -> str:
    words = words_for(language)
    hints = {
        "location": words.write_location,
        "phone": words.write_phone,
        "email": words.write_email,
    }
    return hints[content.what]


# --------------------------------------------------------------------------------------- cards


def _card(card: Card, abilities: Abilities, language: str | None) -> list[Content]:
    if _fits_card(card, abilities):
        return [card]
    without = replace(card, buttons=())
    asked = _asked_by(card, abilities)
    if _fits_card(without, abilities):
        return [without, *show(asked, abilities, language)]
    image = [] if card.image is None else _image(Image(card.image, card.title), abilities, language)
    return [*image, *show(replace(asked, text=_card_text(card, language)), abilities, language)]


def _carousel(carousel: Carousel, abilities: Abilities, language: str | None) -> list[Content]:
    cards = carousel.cards
    if _fits_carousel(carousel, abilities):
        return [
            Carousel(cards[first : first + abilities.cards])
            for first in range(0, len(cards), abilities.cards)
        ]
    if not is_numbered(carousel, abilities):
        return [shown for card in cards for shown in _card(card, abilities, language)]
    contents: list[Content] = []
    choices: list[Button] = []
    for card in cards:
        links = tuple(button for button in card.buttons if button.url is not None)
        contents += _card(replace(card, buttons=links), abilities, language)
        choices += [
            Button(f"{card.title}: {button.title}", button.payload)
            for button in card.buttons
            if button.url is None
        ]
    return [*contents, *show(Asked("", tuple(choices), "numbers"), abilities, language)]


def _asked_by(card: Card, abilities: Abilities) -> Asked:
    return plan("", card.buttons, abilities, "buttons")


def _fits_card(card: Card, abilities: Abilities) -> bool:
    return card.kind in abilities.kinds and _within_card(card, abilities)


def _fits_carousel(carousel: Carousel, abilities: Abilities) -> bool:
    return carousel.kind in abilities.kinds and all(
        _within_card(card, abilities) for card in carousel.cards
    )


def _within_card(card: Card, abilities: Abilities) -> bool:
    return (
        abilities.length(card.title) <= abilities.card_title
        and abilities.length(card.subtitle) <= abilities.card_subtitle
        and len(card.facts) <= abilities.card_facts
        and fits_under(card.buttons, abilities.card_buttons, abilities)
        and all(abilities.opens(url) for url in (card.image, card.url) if url is not None)
    )


def _card_text(card: Card, language: str | None) -> str:
    lines = [bold(card.title) if card.title else "", card.subtitle]
    lines += [f"{fact.label}: {fact.value}" for fact in card.facts]
    if card.url:
        lines.append(link(words_for(language).read_more, card.url))
    return "\n".join(line for line in lines if line.strip())


# ----------------------------------------------------------------------- pictures and documents


def _media(
    content: Image | File | Shared, abilities: Abilities, language: str | None
) -> list[Content]:
    if isinstance(content, Image):
        return _image(content, abilities, language)
    if isinstance(content, File):
        return _file(content, abilities, language)
    return _shared(content, abilities, language)


def _image(image: Image, abilities: Abilities, language: str | None) -> list[Content]:
    if image.kind in abilities.kinds and abilities.opens(image.url):
        return [image]
    return texts(link(image.alt or words_for(language).picture, image.url), abilities)


def _file(file: File, abilities: Abilities, language: str | None) -> list[Content]:
    if file.kind not in abilities.kinds or not abilities.opens(file.url):
        shown = link(file.name or words_for(language).attachment, file.url)
        return texts("\n".join(line for line in (file.text, shown) if line.strip()), abilities)
    parts = texts(file.text, replace(abilities, text=min(abilities.text, abilities.prompt)))
    if len(parts) <= 1:
        return [file]
    return [*texts(file.text, abilities), replace(file, text="")]


def _shared(shared: Shared, abilities: Abilities, language: str | None) -> list[Content]:
    if shared.kind in abilities.kinds:
        return [shared]
    lines = "\n".join(_attachments(shared.attachments, language))
    return texts(paragraphs(shared.text, lines), abilities)


def _attachments(attachments: tuple[Attachment, ...], language: str | None) -> Iterator[str]:
    words = words_for(language)
    for attachment in attachments:
        if attachment.kind == "location":
            yield f"{words.location}: {attachment.latitude}, {attachment.longitude}"
            continue
        name = attachment.name or (
            words.picture if attachment.kind == "image" else words.attachment
        )
        yield link(name, attachment.url) if attachment.url else name
