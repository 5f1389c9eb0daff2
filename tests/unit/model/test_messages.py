"""What is stored can be read back; what can't be read says so and nothing worse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UnreadableEntry
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Content,
    Custom,
    Fact,
    Image,
    Text,
    content_from_dict,
    content_to_dict,
)
from bot.model.messages import Inbound, Outbound

text = st.text()
maybe = st.none() | st.text()
buttons = st.builds(Button, text, maybe, maybe)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
contents: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, text),
    st.builds(Buttons, text, st.lists(buttons).map(tuple)),
    st.builds(Image, text, text),
    st.builds(
        Card,
        text,
        text,
        maybe,
        maybe,
        st.lists(st.builds(Fact, text, text)).map(tuple),
        st.lists(buttons).map(tuple),
    ),
    st.builds(Custom, st.dictionaries(text, json_values)),
)
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
)


@given(contents)
def test_content_comes_back(content: Content) -> None:
    assert content_from_dict(content_to_dict(content)) == content


@given(inbounds)
def test_inbound_comes_back(message: Inbound) -> None:
    assert Inbound.from_json(message.to_json()) == message


@given(st.builds(Outbound, text, text, text, text, st.integers(0), contents))
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
    ],
)
def test_content_that_is_none(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableEntry):
        content_from_dict(data)


def test_a_pressed_button_is_what_the_bot_reads() -> None:
    pressed = Inbound("web", "s", "c", "e", "Where is my order?", 0.0, payload="/order_status")
    assert pressed.for_bot == "/order_status"
