"""The words that the Slack channel adds itself, in the customer's language. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One language's. `{...}` is filled in."""

    choose: str
    choose_day: str
    earliest: str
    latest: str
    open: str
    points: str
    private: str
    chosen: str
    chosen_by: str
    write_directly: str
    greeting: str
    hello: str
    ask: str
    quick_starts: tuple[str, ...]
    link_title: str
    link_how: str
    linked: str
    unlink: str


_WORDS = {
    "en": Words(
        choose="Choose",
        choose_day="Choose a day",
        earliest="from {day}",
        latest="until {day}",
        open="Open",
        points="{points} of {scale}",
        private="Only you can see this. Answer with {command} and your words, or write to me directly.",
        chosen="You chose: {choice}",
        chosen_by="<@{user}> chose: {choice}",
        write_directly=(
            "Please write that to me directly: connecting conversations works in direct messages only."
        ),
        greeting="Customer service",
        hello="Hello! Write to me under *Messages*, or begin here:",
        ask="How can I help?",
        quick_starts=("Where is my order?", "I want to return something", "Talk to a person"),
        link_title="One conversation in several places",
        link_how=(
            "To go on here with what you began on our website, choose “Continue on Slack” there and"
            " send me the code that you get, as a direct message."
        ),
        linked="This conversation goes on in: {places}.",
        unlink="Disconnect Slack",
    ),
    "nb": Words(
        choose="Velg",
        choose_day="Velg en dag",
        earliest="fra og med {day}",
        latest="til og med {day}",
        open="Åpne",
        points="{points} av {scale}",
        private="Bare du ser dette. Svar med {command} og ordene dine, eller skriv direkte til meg.",
        chosen="Du valgte: {choice}",
        chosen_by="<@{user}> valgte: {choice}",
        write_directly=(
            "Skriv det direkte til meg, er du snill: samtaler kan bare kobles i direktemeldinger."
        ),
        greeting="Kundeservice",
        hello="Hei! Skriv til meg under *Meldinger*, eller begynn her:",
        ask="Hva kan jeg hjelpe deg med?",
        quick_starts=("Hvor er pakken min?", "Jeg vil returnere en vare", "Snakke med et menneske"),
        link_title="Én samtale flere steder",
        link_how=(
            "Vil du fortsette her med det du begynte på nettstedet vårt, så velg «Fortsett på Slack»"
            " der og send meg koden du får, som direktemelding."
        ),
        linked="Denne samtalen går også i: {places}.",
        unlink="Koble fra Slack",
    ),
}
LANGUAGES = tuple(_WORDS)


def words_for(language: str | None) -> Words:
    """The words of a language such as `nb` or `nb-NO`; English where there are none of it."""
    return _WORDS[known_language(language) or "en"]


def known_language(locale: str | None) -> str | None:
    """`en` or `nb` of a locale such as `nn-NO`, None where it is neither."""
    name = (locale or "").replace("_", "-").partition("-")[0].lower()
    if name in ("no", "nn", "nb"):
        return "nb"
    return name if name in _WORDS else None
