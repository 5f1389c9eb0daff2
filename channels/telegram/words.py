"""The few words that this channel adds itself, in the customer's language."""

from __future__ import annotations

from bot.model.languages import known_language


def choice_is_over(locale: str | None) -> str:
    """For a button that stands for nothing any more; at most 200 characters."""
    if _is_norwegian(locale):
        return "Dette valget gjelder ikke lenger. Skriv heller hva du trenger hjelp til."
    return "This choice no longer works. Please write what you need instead."


def share_button(what: str, language: str | None) -> str:
    """The title of the button that shares a `location` or a `phone` number."""
    norwegian = _is_norwegian(language)
    if what == "location":
        return "Del posisjonen min" if norwegian else "Share my location"
    return "Del telefonnummeret mitt" if norwegian else "Share my phone number"


def commands(locale: str | None) -> tuple[tuple[str, str], ...]:
    """The commands of the bot's menu, each with what it does."""
    if _is_norwegian(locale):
        return (
            ("start", "Si hei"),
            ("help", "Hva jeg kan hjelpe med"),
            ("unlink", "Koble fra de andre kanalene"),
        )
    return (
        ("start", "Say hello"),
        ("help", "What I can help with"),
        ("unlink", "Disconnect from other channels"),
    )


def _is_norwegian(locale: str | None) -> bool:
    return known_language(locale) == "nb"
