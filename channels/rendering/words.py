"""The few words that channels add themselves, in the customer's language. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date

from bot.model.languages import known_language


@dataclass(frozen=True)
class Words:
    """One language's. `locale` is Babel's, `day` and `short_day` are patterns for its dates."""

    locale: str
    day: str
    short_day: str
    choose: str
    answer_with_number: str
    answer_with_rating: str
    write_date: str
    write_date_between: str
    write_date_from: str
    write_date_until: str
    write_location: str
    write_phone: str
    write_email: str
    picture: str
    read_more: str
    location: str
    attachment: str


_WORDS = {
    "en": Words(
        # Day before month, as the dates in the answers have it.
        locale="en_GB",
        day="EEEE d MMMM",
        short_day="dd/MM/y",
        choose="Choose one:",
        answer_with_number="Answer with a number or the words.",
        answer_with_rating="Answer with a number from 1 to {scale}, where {scale} is best.",
        write_date="Write the date like this: {example}",
        write_date_between="Write a date from {earliest} to {latest}.",
        write_date_from="Write a date, {earliest} at the earliest.",
        write_date_until="Write a date, {latest} at the latest.",
        write_location="Write the address or the name of the place.",
        write_phone="Write your phone number.",
        write_email="Write your e-mail address.",
        picture="Picture",
        read_more="Read more",
        location="Location",
        attachment="Attachment",
    ),
    "nb": Words(
        locale="nb_NO",
        day="EEEE d. MMMM",
        short_day="dd.MM.y",
        choose="Velg ett av disse:",
        answer_with_number="Svar med et tall eller med ordene.",
        answer_with_rating="Svar med et tall fra 1 til {scale}, der {scale} er best.",
        write_date="Skriv datoen slik: {example}",
        write_date_between="Skriv en dato fra og med {earliest} til og med {latest}.",
        write_date_from="Skriv en dato, tidligst {earliest}.",
        write_date_until="Skriv en dato, senest {latest}.",
        write_location="Skriv adressen eller navnet på stedet.",
        write_phone="Skriv telefonnummeret ditt.",
        write_email="Skriv e-postadressen din.",
        picture="Bilde",
        read_more="Les mer",
        location="Posisjon",
        attachment="Vedlegg",
    ),
}

LANGUAGES = tuple(_WORDS)


def words_for(language: str | None) -> Words:
    """The words of a language such as `nb` or `nb-NO`; English where there are none of it."""
    return _WORDS[known_language(language) or "en"]


def day_title(day: date, language: str | None) -> str:
    """`Friday 27 November`, `fredag 27. november`."""
    words = words_for(language)
    return str(format_date(day, words.day, locale=words.locale))


def day_example(day: date, language: str | None) -> str:
    """As a customer may write it: `27/11/2026`, `27.11.2026`."""
    words = words_for(language)
    return str(format_date(day, words.short_day, locale=words.locale))
