"""What the REST channel answers with, in the form of Rasa's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, get_args

import pytest

from bot.model.choices import choices_of
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
from channels.rest.render import render
from tests.kinds import every_kind

CARD = Card(
    title="Order 10042",
    subtitle="Shipped",
    image="https://shop.example/box.png",
    url="https://track.example/1",
    facts=(Fact("Expected", "Friday 27 November"), Fact("Carrier", "Posten")),
    buttons=(Button("Cancel it", payload="/cancel_order"),),
)


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (Text("**Hi** there"), {"text": "**Hi** there"}),
        (
            Buttons(
                "Choose",
                (
                    Button("My order", payload="/order_status"),
                    Button("Terms", url="https://shop.example/terms"),
                    Button("Something else"),
                ),
            ),
            {
                "text": "Choose",
                "buttons": [
                    {"title": "My order", "payload": "/order_status"},
                    {"title": "Terms", "type": "web_url", "url": "https://shop.example/terms"},
                    {"title": "Something else", "payload": "Something else"},
                ],
            },
        ),
        (Image("https://shop.example/a.png"), {"image": "https://shop.example/a.png"}),
        (
            Image("https://shop.example/a.png", alt="A box"),
            {"image": "https://shop.example/a.png", "text": "A box"},
        ),
        (Custom({"handoff": {"reason": "asked"}}), {"custom": {"handoff": {"reason": "asked"}}}),
        (
            CARD,
            {
                "text": "Order 10042\nShipped\nExpected: Friday 27 November\nCarrier: Posten\n"
                "https://track.example/1",
                "image": "https://shop.example/box.png",
                "buttons": [{"title": "Cancel it", "payload": "/cancel_order"}],
                "custom": {
                    "card": {
                        "title": "Order 10042",
                        "subtitle": "Shipped",
                        "image": "https://shop.example/box.png",
                        "url": "https://track.example/1",
                        "facts": (
                            {"label": "Expected", "value": "Friday 27 November"},
                            {"label": "Carrier", "value": "Posten"},
                        ),
                        "buttons": (
                            {"title": "Cancel it", "payload": "/cancel_order", "url": None},
                        ),
                    }
                },
            },
        ),
        (Card("Alone"), {"text": "Alone"}),
    ],
)
def test_each_content(content: Content, fields: dict[str, Any]) -> None:
    (rendered,) = render("s1", [content])
    assert rendered.pop("recipient_id") == "s1"
    if isinstance(content, Card):
        assert rendered["custom"]["card"]["title"] == content.title
        if len(fields) == 1:
            del rendered["custom"]
    assert rendered == fields


def test_the_order_is_kept_and_all_of_it_is_json() -> None:
    contents: list[Content] = [Text("first"), CARD, Custom({"a": 1}), Text("last")]
    rendered = json.loads(json.dumps(render("s1", contents)))
    assert [item.get("text", "").split("\n")[0] for item in rendered] == [
        "first",
        "Order 10042",
        "",
        "last",
    ]
    assert render("s1", []) == []


@pytest.mark.parametrize("name", sorted(every_kind("en")))
def test_a_program_loses_nothing_of_any_kind(name: str) -> None:
    content = every_kind("en")[name]
    rendered = json.loads(json.dumps(render("s1", [content])))
    if isinstance(content, Carousel):
        assert [item["custom"]["card"]["title"] for item in rendered] == [
            card.title for card in content.cards
        ]
        places = [item["custom"]["carousel"] for item in rendered]
        assert places == [
            {"position": 1, "of": 3},
            {"position": 2, "of": 3},
            {"position": 3, "of": 3},
        ]
        return
    (fields,) = rendered
    told = set(strings(fields))
    assert set(strings(json.loads(json.dumps(asdict(content))))) <= told
    if isinstance(content, DateChoice):
        return  # a day is written, or put into the payload
    # Whoever shows words and buttons only can still be answered.
    assert {choice.payload for choice in choices_of(content)} <= {
        button.get("payload") for button in fields.get("buttons", [])
    }


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (
            QuickReplies("More?", (Button("Yes", "/affirm"),)),
            {"text": "More?", "buttons": [{"title": "Yes", "payload": "/affirm"}]},
        ),
        (
            File("https://shop.example/a.pdf", "a.pdf", "The receipt"),
            {"text": "The receipt", "attachment": "https://shop.example/a.pdf"},
        ),
        (
            ListChoice("Where?", (Option("Oslo", "/oslo", "open"), Option("Bergen", "/bergen"))),
            {
                "text": "Where?\nOslo: open",
                "buttons": [
                    {"title": "Oslo", "payload": "/oslo"},
                    {"title": "Bergen", "payload": "/bergen"},
                ],
            },
        ),
        (DateChoice("When?", "/day$date"), {"text": "When?"}),
        (Request("Where?", "location"), {"text": "Where?"}),
        (
            Rating("How?", "/rate$rating", 2),
            {
                "text": "How?",
                "buttons": [
                    {"title": "1", "payload": "/rate1"},
                    {"title": "2", "payload": "/rate2"},
                ],
            },
        ),
        (
            Shared("", (Attachment("sticker", url="https://x.example/s.webp"), Attachment("file"))),
            {"image": "https://x.example/s.webp"},
        ),
    ],
)
def test_what_rasas_clients_read_of_the_newer_kinds(
    content: Content, fields: dict[str, Any]
) -> None:
    (rendered,) = render("s1", [content])
    assert rendered.pop("recipient_id") == "s1"
    assert len(rendered.pop("custom")) == 1
    assert rendered == fields


def test_every_kind_of_content_has_a_rendering() -> None:
    shown = {type(content) for content in every_kind("en").values()}
    assert shown | {Custom, Typing} == set(get_args(Content))
    # An answer comes all at once.
    assert render("s1", [Typing(), Text("Hi")]) == [{"recipient_id": "s1", "text": "Hi"}]


def strings(value: Any) -> Iterator[str]:
    """All texts in JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value
