"""Which of the languages that customers are answered in a locale means. Pure."""

from __future__ import annotations

LANGUAGES = ("en", "nb")

# What Norwegians have set who read Bokmål as well.
_BOKMAAL = frozenset({"nb", "nn", "no"})


def known_language(locale: str | None) -> str | None:
    """`en` or `nb` of a language or locale such as `nn-NO` or `en_GB`, None where it is neither."""
    name = (locale or "").replace("_", "-").partition("-")[0].lower()
    if name in _BOKMAAL:
        return "nb"
    return name if name in LANGUAGES else None
