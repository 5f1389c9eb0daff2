"""From Rasa's bot messages to content."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.content import Button, Buttons, Card, Content, Custom, Fact, Image, Text
from bot.pipeline.rasa_answers import contents_of

CASES: dict[str, tuple[dict[str, Any], list[Content]]] = {
    "words": ({"text": "Hei!"}, [Text("Hei!")]),
    "nothing to say": ({"text": "  ", "buttons": [], "custom": {}}, []),
    "choices": (
        {"text": "Hva?", "buttons": [{"title": "Pakken", "payload": "/order_status"}]},
        [Buttons("Hva?", (Button("Pakken", "/order_status"),))],
    ),
    "a choice that opens a page": (
        {"text": "Spor", "buttons": [{"title": "Åpne", "type": "web_url", "url": "https://a.no"}]},
        [Buttons("Spor", (Button("Åpne", url="https://a.no"),))],
    ),
    "quick replies": (
        {"text": "Ja?", "quick_replies": [{"title": "Ja", "payload": "/affirm"}]},
        [Buttons("Ja?", (Button("Ja", "/affirm"),))],
    ),
    "words and a picture, which Rasa gives as an attachment too": (
        {"text": "Her", "image": "https://a.no/b.png", "attachment": "https://a.no/b.png"},
        [Text("Her"), Image("https://a.no/b.png")],
    ),
    "a file": ({"attachment": "https://a.no/b.pdf"}, [Text("https://a.no/b.pdf")]),
    "a card": (
        {
            "text": "Funnet",
            "custom": {
                "card": {
                    "title": "Ordre 10042",
                    "fields": [{"label": "Ventet", "value": "fredag"}],
                    "buttons": [{"title": "Spor", "url": "https://a.no"}],
                }
            },
        },
        [
            Text("Funnet"),
            Card(
                "Ordre 10042",
                facts=(Fact("Ventet", "fredag"),),
                buttons=(Button("Spor", url="https://a.no"),),
            ),
        ],
    ),
    "a carousel": (
        {"elements": [{"title": "A", "image_url": "https://a.no/a.png"}, {"title": "B"}]},
        [Card("A", image="https://a.no/a.png"), Card("B")],
    ),
    "a note for programs": (
        {"text": "Straks", "custom": {"handoff": {"reason": "angry"}}},
        [Text("Straks"), Custom({"handoff": {"reason": "angry"}})],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_contents(case: str) -> None:
    message, expected = CASES[case]
    assert contents_of(message) == expected
