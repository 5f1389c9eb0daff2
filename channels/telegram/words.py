"""The few words that this channel adds itself, in the customer's language."""

from __future__ import annotations

_NORWEGIAN = ("nb", "no", "nn")


def choice_is_over(locale: str | None) -> str:
    """For a button that stands for nothing any more; at most 200 characters."""
    if _is_norwegian(locale):
        return "Dette valget gjelder ikke lenger. Skriv gjerne hva du vil."
    return "This choice no longer works. Please write what you would like."


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
            ("start", "Begynn på nytt med en hilsen"),
            ("help", "Hva jeg kan hjelpe med"),
            ("unlink", "Koble denne chatten fra andre kanaler"),
        )
    return (
        ("start", "Say hello"),
        ("help", "What I can help with"),
        ("unlink", "Take this chat apart from other channels"),
    )


def _is_norwegian(locale: str | None) -> bool:
    return locale is not None and locale.lower().split("-")[0] in _NORWEGIAN
