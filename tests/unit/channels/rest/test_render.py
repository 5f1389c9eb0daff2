"""What the REST channel answers with, in the form of Rasa's own."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest

from bot.model.content import Button, Buttons, Card, Content, Custom, Fact, Image, Text
from channels.rest.render import render

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


def test_every_kind_of_content_has_a_rendering() -> None:
    examples: dict[type[Any], tuple[Any, ...]] = {
        Text: ("a",),
        Buttons: ("a", ()),
        Image: ("u",),
        Card: ("a",),
        Custom: ({},),
    }
    for kind in get_args(Content):
        assert len(render("s1", [kind(*examples[kind])])) == 1
