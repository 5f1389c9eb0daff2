"""What people read of each kind of content."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.archive.cursors import plain, sortable
from bot.archive.texts import text_of
from bot.errors import InvalidMessage
from bot.model.content import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    DateChoice,
    Fact,
    File,
    Image,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Request,
    Shared,
    Text,
    Typing,
)

CARD = Card(
    "Order 10042", "On its way", facts=(Fact("Expected", "Friday"),), buttons=(Button("Track"),)
)
READ: list[tuple[Content, str]] = [
    (Text("Hello"), "Hello"),
    (
        Buttons("Choose", (Button("Yes", "/affirm"), Button("Site", url="https://x"))),
        "Choose\nYes\nSite",
    ),
    (QuickReplies("So?", (Button("No", "/deny"),)), "So?\nNo"),
    (Image("https://x/y.png", "A parcel"), "A parcel"),
    (File("https://x", "faktura.pdf", "Your invoice"), "Your invoice\nfaktura.pdf"),
    (CARD, "Order 10042\nOn its way\nExpected: Friday\nTrack"),
    (
        Carousel((CARD, Card("Order 2"))),
        "Order 10042\nOn its way\nExpected: Friday\nTrack\nOrder 2",
    ),
    (
        ListChoice("Which?", (Option("A", "/a", "the first"), Option("B", "/b"))),
        "Which?\nA\nthe first\nB",
    ),
    (DateChoice("When?", "/d"), "When?"),
    (Request("Where?", "location"), "Where?"),
    (Rating("How was it?", "/rate"), "How was it?"),
    (Typing(), ""),
    (Shared("", (Attachment("image", "a.png"), Attachment("location"))), "a.png\n[location]"),
    (Custom({"handoff": {"note": "secret"}}), ""),
]


@pytest.mark.parametrize(("content", "text"), READ, ids=[content.kind for content, _ in READ])
def test_what_is_read(content: Content, text: str) -> None:
    assert text_of(content) == text


def test_every_kind_of_content_is_covered() -> None:
    assert {type(content) for content, _ in READ} == set(get_args(Content))


def test_what_no_database_takes_is_left_out() -> None:
    assert text_of(Text("a\0b \ud83d c\u0327")) == "ab ? ç"


@pytest.mark.parametrize("cursor", ["0-0", "1700000000000-12", "9-9", f"{2**64 - 1}-{2**64 - 1}"])
def test_a_cursor_comes_back_as_it_was(cursor: str) -> None:
    assert plain(sortable(cursor)) == cursor


def test_cursors_are_ordered_as_numbers() -> None:
    given = ["9-0", "10-0", "10-9", "10-10", "100-1"]
    assert sorted(map(sortable, reversed(given))) == list(map(sortable, given))


@pytest.mark.parametrize("cursor", ["", "1", "1-2-3", "a-1", "-1", "²-1", "1" * 30 + "-1"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidMessage):
        sortable(cursor)
