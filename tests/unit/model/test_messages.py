"""What is stored can be read back; what can't be read says so and nothing worse."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UnreadableEntry
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
    content_from_dict,
    content_to_dict,
)
from bot.model.messages import Author, Inbound, Outbound

text = st.text()
maybe = st.none() | st.text()
buttons = st.builds(Button, text, maybe, maybe)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
cards = st.builds(
    Card,
    text,
    text,
    maybe,
    maybe,
    st.lists(st.builds(Fact, text, text)).map(tuple),
    st.lists(buttons).map(tuple),
)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
attachments = st.lists(
    st.builds(
        Attachment,
        st.sampled_from(["image", "audio", "video", "file", "location", "contact", "sticker"]),
        text,
        maybe,
        maybe,
        maybe,
        st.none() | st.integers(0),
        numbers,
        numbers,
    ),
    max_size=3,
).map(tuple)
kinds: dict[type[Content], st.SearchStrategy[Content]] = {
    Text: st.builds(Text, text),
    Buttons: st.builds(Buttons, text, st.lists(buttons).map(tuple)),
    QuickReplies: st.builds(QuickReplies, text, st.lists(buttons).map(tuple)),
    Image: st.builds(Image, text, text),
    File: st.builds(File, text, text, text),
    Card: cards,
    Carousel: st.builds(Carousel, st.lists(cards, max_size=3).map(tuple)),
    ListChoice: st.builds(
        ListChoice, text, st.lists(st.builds(Option, text, text, text)).map(tuple), text
    ),
    DateChoice: st.builds(DateChoice, text, text, maybe, maybe),
    Request: st.builds(Request, text, st.sampled_from(["location", "phone", "email"])),
    Rating: st.builds(Rating, text, text, st.integers(1, 10)),
    Typing: st.builds(Typing),
    Shared: st.builds(Shared, text, attachments),
    Custom: st.builds(Custom, st.dictionaries(text, json_values)),
}
contents: st.SearchStrategy[Content] = st.one_of(*kinds.values())
inbounds = st.builds(
    Inbound,
    text,
    text,
    text,
    text,
    text,
    st.floats(allow_nan=False, allow_infinity=False),
    maybe,
    st.dictionaries(text, json_values),
    attachments,
)
moments = st.floats(allow_nan=False, allow_infinity=False)


def test_every_kind_is_tried_here() -> None:
    assert set(kinds) == set(get_args(Content))


@given(contents)
def test_content_comes_back(content: Content) -> None:
    assert content_from_dict(content_to_dict(content)) == content


@given(inbounds)
def test_inbound_comes_back(message: Inbound) -> None:
    assert Inbound.from_json(message.to_json()) == message


@given(
    st.builds(
        Outbound,
        text,
        text,
        text,
        text,
        st.integers(0),
        contents,
        moments,
        maybe,
        st.sampled_from(Author),
    )
)
def test_outbound_comes_back(message: Outbound) -> None:
    assert Outbound.from_json(message.to_json()) == message


@given(st.binary() | json_values.map(repr).map(str.encode))
def test_anything_else_is_unreadable(raw: bytes) -> None:
    for read in (Inbound.from_json, Outbound.from_json):
        with pytest.raises(UnreadableEntry):
            read(raw)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "hologram"},
        {"kind": ["text"]},
        {"kind": "text"},
        {"kind": "text", "text": "a", "colour": "red"},
        {"kind": "buttons", "text": "a", "buttons": [{"name": "b"}]},
        {"kind": "buttons", "text": "a", "buttons": 3},
        {"kind": "carousel", "cards": [{"title": "a", "buttons": [{"name": "b"}]}]},
        {"kind": "carousel", "cards": ["a"]},
    ],
)
def test_content_that_is_none(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableEntry):
        content_from_dict(data)


def test_a_pressed_button_is_what_the_bot_reads() -> None:
    pressed = Inbound("web", "s", "c", "e", "Where is my order?", 0.0, payload="/order_status")
    assert pressed.for_bot == "/order_status"


PICTURE = Attachment("image", url="https://cdn.example/1.jpg")
PLACE = Attachment("location", latitude=59.91, longitude=10.75)


@pytest.mark.parametrize(
    ("words", "sent_along", "read"),
    [
        ("Look at this", (PICTURE,), "Look at this"),
        ("", (PICTURE,), "/share_attachment"),
        (" \n", (PICTURE, PLACE), "/share_attachment"),
        ("", (PLACE,), '/share_location{"location": "59.91,10.75"}'),
        ("", (), ""),
    ],
)
def test_what_the_bot_reads_of_something_sent_along(
    words: str, sent_along: tuple[Attachment, ...], read: str
) -> None:
    message = Inbound("telegram", "s", "c", "e", words, 0.0, attachments=sent_along)
    assert message.for_bot == read


def test_the_transcript_shows_what_was_sent_along() -> None:
    plain = Inbound("telegram", "s", "c", "e", "Hi", 0.0)
    assert plain.content == Text("Hi")
    message = Inbound("telegram", "s", "c", "e", "Look", 0.0, attachments=(PICTURE,))
    assert message.content == Shared("Look", (PICTURE,))


def test_a_message_has_its_utterances_name() -> None:
    message = Outbound("slack", "T1/D1", "slack:T1/D1", "3-17-0", 2, Text("Hi"), 0.0)
    assert message.id == "3-17-0/2"
