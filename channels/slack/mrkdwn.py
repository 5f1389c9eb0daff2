"""What a customer wrote in Slack, as plain words. Pure.

Slack sends `&`, `<` and `>` escaped and puts links, people and channels between angle brackets:
https://docs.slack.dev/messaging/formatting-message-text/
"""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_SCHEME = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)


def plain_words(text: str, bot: str | None = None) -> str:
    """The words without Slack's marks; mentions of `bot`, a user id, are left out.

    A link becomes its address, with its title before it where it has one of its own.
    """
    words = _REFERENCE.sub(lambda match: _reference(match[1], match[2], bot), text)
    return unescape(words).strip()


def mentions(text: str, user: str) -> bool:
    """Whether the user is named in the text."""
    return any(match[1] == f"@{user}" for match in _REFERENCE.finditer(text))


def first_mention(text: str) -> str | None:
    """The user id that the text begins with, if it begins with a mention."""
    match = _REFERENCE.match(text.lstrip())
    return match[1][1:] if match is not None and match[1].startswith("@") else None


def unescape(text: str) -> str:
    """Slack's three entities as their characters, each once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """A text that Slack shows as it is, and that calls nobody: for fields that can't be plain."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _reference(target: str, label: str | None, bot: str | None) -> str:
    kind = target[0]
    if kind == "@":
        return "" if target[1:] == bot else f"@{label or target[1:]}"
    if kind == "#":
        return f"#{label or target[1:]}"
    if kind == "!":
        if label:
            return label
        name = target[1:].split("^", maxsplit=1)[0]
        return f"@{name}"
    address = re.sub(r"^(?:mailto:|tel:)", "", target, flags=re.IGNORECASE)
    bare = _SCHEME.sub("", target).rstrip("/")
    if not label or label.rstrip("/") in (target.rstrip("/"), address, bare):
        return label or address
    return f"{label} ({address})"
