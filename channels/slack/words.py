"""The words that the Slack channel adds itself, in the customer's language. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.languages import known_language


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
        private="Only you can see this. Answer with {command} and your message, or send me a direct message.",
        write_directly=(
            "Please send me that in a direct message. Conversations can only be connected there."
        ),
        greeting="Customer service",
        hello="Hello! Write to me under *Messages*, or start here:",
        ask="How can I help?",
        quick_starts=("Where is my order?", "I want to return something", "Talk to a person"),
        link_title="One conversation in several places",
        link_how=(
            "Would you like to continue a conversation from our website here? Choose “Continue on"
            " Slack” there, and send me the code you get in a direct message."
        ),
        linked="You can also continue this conversation here: {places}.",
        unlink="Disconnect Slack",
    ),
    "nb": Words(
        choose="Velg",
        choose_day="Velg en dag",
        earliest="fra og med {day}",
        latest="til og med {day}",
        open="Åpne",
        points="{points} av {scale}",
        private="Bare du ser dette. Svar med {command} og meldingen din, eller send meg en direktemelding.",
        write_directly=(
            "Skriv det i en direktemelding til meg. Det er bare der samtaler kan kobles sammen."
        ),
        greeting="Kundeservice",
        hello="Hei! Skriv til meg under *Messages*, eller start her:",
        ask="Hva kan jeg hjelpe deg med?",
        quick_starts=("Hvor er pakken min?", "Jeg vil returnere en vare", "Snakk med et menneske"),
        link_title="Én samtale flere steder",
        link_how=(
            "Vil du fortsette her med en samtale fra nettsidene våre? Velg «Fortsett på Slack» der,"
            " og send meg koden du får, i en direktemelding."
        ),
        linked="Du kan også fortsette samtalen her: {places}.",
        unlink="Koble fra Slack",
    ),
}
LANGUAGES = tuple(_WORDS)


def words_for(language: str | None) -> Words:
    """The words of a language such as `nb` or `nb-NO`; English where there are none of it."""
    return _WORDS[known_language(language) or "en"]
