from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.tickets.model import (
    MAX_SUBJECT,
    MAX_TEXT,
    Link,
    TicketDraft,
    storable,
    subject_of,
)
from actions.tickets.words import first_text, link_text
from actions.tickets.zendesk import authorization

WHOLE: dict[str, Any] = {
    "text": "The lamp is broken.",
    "email": "kari@kunde.example",
    "link": Link("web:c1", "web"),
}


@pytest.mark.parametrize(
    "fault",
    [
        {"text": ""},
        {"text": " \n\t"},
        {"text": "x" * (MAX_TEXT + 1)},
        {"email": ""},
        {"email": "kari"},
        {"email": "kari@kunde.example ola@kunde.example"},
    ],
)
def test_a_draft_that_no_system_would_take_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a ticket"):
        TicketDraft(**WHOLE | fault)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("The lamp is broken.", "The lamp is broken."),
        ("  The lamp\n\nis\tbroken. ", "The lamp is broken."),
        ("broken " * 40, "broken " * 13 + "broken …"),
        ("x" * 300, "x" * 99 + "…"),
    ],
)
def test_the_subject_is_the_beginning(text: str, subject: str) -> None:
    assert subject_of(text) == subject


@given(st.text(min_size=1).filter(lambda text: text.strip()))
def test_a_subject_is_one_short_line(text: str) -> None:
    subject = subject_of(text)
    assert subject.strip()
    assert len(subject) <= MAX_SUBJECT
    assert "\n" not in subject


@given(st.text(st.characters()))
def test_what_is_stored_can_be_stored(text: str) -> None:
    kept = storable(text)
    kept.encode("utf-8")
    assert "\0" not in kept
    assert storable(kept) == kept


def test_halves_of_characters_are_no_fault() -> None:
    assert storable("a\ud83d b\0") == "a? b"


def test_a_conversation_s_key_gives_nothing_away() -> None:
    key = Link("telegram:4711").key
    assert len(key) == 32
    assert "4711" not in key
    assert key == Link("telegram:4711", "telegram", "somebody").key
    assert key != Link("telegram:4712").key


def test_what_is_not_known_is_not_mentioned() -> None:
    assert first_text(TicketDraft(**WHOLE)) == (
        "The lamp is broken.\n\n---\nChannel: web\nConversation: web:c1"
    )
    assert link_text(Link("web:c1")) == "Conversation: web:c1"


def test_both_of_zendesk_s_tokens_are_taken() -> None:
    assert authorization("abc") == "Bearer abc"
    assert authorization("a@b.no/token:abc") == "Basic YUBiLm5vL3Rva2VuOmFiYw=="
