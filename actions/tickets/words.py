"""The few words that stand in tickets beside the customer's own, for staff, in their customer's language."""

from __future__ import annotations

from actions.tickets.model import Link, TicketDraft

_LABELS = {
    "en": {
        "order": "Order",
        "channel": "Channel",
        "conversation": "Conversation",
        "person": "Person",
    },
    "nb": {
        "order": "Ordre",
        "channel": "Kanal",
        "conversation": "Samtale",
        "person": "Person",
    },
}


def first_text(draft: TicketDraft) -> str:
    """What the customer wrote, and below it where it comes from."""
    labels = _LABELS[draft.language]
    facts = {labels["order"]: draft.order_number, **_facts(draft.link, labels)}
    return f"{draft.text}\n\n---\n{_lines(facts)}"


def link_text(link: Link, language: str = "en") -> str:
    """The note about one more conversation."""
    return _lines(_facts(link, _LABELS[language]))


def _facts(link: Link, labels: dict[str, str]) -> dict[str, str | None]:
    return {
        labels["channel"]: link.channel,
        labels["conversation"]: link.conversation,
        labels["person"]: link.person,
    }


def _lines(facts: dict[str, str | None]) -> str:
    return "\n".join(f"{label}: {fact}" for label, fact in facts.items() if fact)
