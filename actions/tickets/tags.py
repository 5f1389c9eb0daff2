"""The tags by which tickets are found again: they tell nothing to those who do not know the ids."""

from __future__ import annotations

from actions.tickets.model import Link, conversation_key

# On every ticket that the assistant has opened, for the staff's own lists and rules.
OURS = "flerkanal"
_DIGITS = 32


def key_tag(key: str) -> str:
    """The tag of what was done once under `key`."""
    return f"{OURS}-k-{key[:_DIGITS]}"


def conversation_tag(conversation: str) -> str:
    """The tag of the tickets that are linked to a conversation."""
    return f"{OURS}-c-{conversation_key(conversation)}"


def tags_of_new(link: Link, key: str) -> list[str]:
    """The tags of a ticket that is being opened."""
    return [OURS, conversation_tag(link.conversation), key_tag(key)]
