"""From Rasa's bot messages to content."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.model.content import (
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
    Text,
    Typing,
)
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
        [QuickReplies("Ja?", (Button("Ja", "/affirm"),))],
    ),
    "words and a picture, which Rasa gives as an attachment too": (
        {"text": "Her", "image": "https://a.no/b.png", "attachment": "https://a.no/b.png"},
        [Text("Her"), Image("https://a.no/b.png")],
    ),
    "a file": ({"attachment": "https://a.no/b.pdf"}, [File("https://a.no/b.pdf", "b.pdf")]),
    "a file with its name and what it is": (
        {"attachment": {"url": "https://a.no/?id=7", "name": "faktura.pdf", "text": "Fakturaen"}},
        [File("https://a.no/?id=7", "faktura.pdf", "Fakturaen")],
    ),
    "a file as Facebook has it": (
        {"attachment": {"type": "file", "payload": {"url": "https://a.no/vilk%C3%A5r.pdf"}}},
        [File("https://a.no/vilk%C3%A5r.pdf", "vilkår.pdf")],
    ),
    "an attached picture": ({"attachment": "https://a.no/b.png"}, [Image("https://a.no/b.png")]),
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
    "a card whose variable is empty": (
        {
            "custom": {
                "card": {
                    "title": "Sak 100001",
                    "fields": [
                        {"label": "Ordre", "value": ""},
                        {"label": "Svar til", "value": "k"},
                    ],
                }
            }
        },
        [Card("Sak 100001", facts=(Fact("Svar til", "k"),))],
    ),
    "a carousel": (
        {"elements": [{"title": "A", "image_url": "https://a.no/a.png"}, {"title": "B"}]},
        [Carousel((Card("A", image="https://a.no/a.png"), Card("B")))],
    ),
    "one element": ({"elements": [{"title": "A"}]}, [Card("A")]),
    "a carousel of cards with variables": (
        {"custom": {"carousel": [{"title": "A"}, {"title": "B", "subtitle": 7}]}},
        [Carousel((Card("A"), Card("B", "7")))],
    ),
    "a list": (
        {
            "text": "Hvilken?",
            "custom": {"list": {"label": "Velg", "options": [{"title": "A", "payload": "/a"}]}},
        },
        [ListChoice("Hvilken?", (Option("A", "/a"),), "Velg")],
    ),
    "a day": (
        {
            "text": "Når?",
            "custom": {
                "date": {
                    "payload": '/d{"d": "$date"}',
                    "earliest": date(2026, 11, 27),
                    "latest": "",
                }
            },
        },
        [DateChoice("Når?", '/d{"d": "$date"}', "2026-11-27")],
    ),
    "a request": (
        {"text": "Nummer?", "custom": {"request": "phone"}},
        [Request("Nummer?", "phone")],
    ),
    "a rating, after a picture": (
        {
            "text": "Hvordan gikk det?",
            "image": "https://a.no/b.png",
            "custom": {"rating": {"payload": "/rate$rating", "scale": "3"}},
        },
        [Image("https://a.no/b.png"), Rating("Hvordan gikk det?", "/rate$rating", 3)],
    ),
    "typing": ({"custom": {"typing": True}}, [Typing()]),
    "a picture with words for those who don't see it": (
        {"custom": {"image": {"url": "https://a.no/b.png", "alt": "Kart"}}},
        [Image("https://a.no/b.png", "Kart")],
    ),
    "a choice that says its title, and a quick reply that opens a page": (
        {
            "text": "Hva?",
            "buttons": [{"title": "Annet"}],
            "quick_replies": [{"title": "Vilkår", "url": "https://a.no"}],
        },
        [Buttons("Hva?", (Button("Annet", "Annet"), Button("Vilkår", url="https://a.no")))],
    ),
    "a question after choices": (
        {
            "text": "Hva?",
            "buttons": [{"title": "A", "payload": "/a"}],
            "custom": {"request": {"what": "location"}},
        },
        [Buttons("Hva?", (Button("A", "/a"),)), Request("", "location")],
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


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "a list without options": ({"list": {"label": "Velg"}}, "list: 'options' is a required"),
    "a list with an empty title": (
        {"list": {"options": [{"title": " ", "payload": "/a"}]}},
        "list.options[0].title: ' '",
    ),
    "an unknown name": ({"card": {"title": "A", "titel": "B"}}, "card: Additional properties"),
    "a card's address": ({"card": {"title": "A", "url": "javascript:x"}}, "card.url: "),
    "an empty carousel": ({"carousel": []}, "carousel: [] "),
    "a day that is none": (
        {"date": {"payload": "/d$date", "earliest": "27.11.2026"}},
        "date.earliest: '27.11.2026' is no day",
    ),
    "days the wrong way round": (
        {"date": {"payload": "/d$date", "earliest": "2026-11-27", "latest": "2026-11-26"}},
        "date.latest: 2026-11-26 is before",
    ),
    "a day without a place for it": ({"date": {"payload": "/d"}}, "it must hold $date"),
    "a rating without a place for it": ({"rating": {"payload": "/r"}}, "it must hold $rating"),
    "a rating from one to one": ({"rating": {"payload": "/r$rating", "scale": 1}}, "scale: 1 is"),
    "a request for something else": ({"request": "name"}, "request: 'name' is not one of"),
    "a file that is a word": ({"file": "b.pdf"}, "file: 'b.pdf' is not of type 'object'"),
    "typing that is none": ({"typing": False}, "typing: False"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_payload_is_told_and_loses_nothing_else(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    custom, problem = MALFORMED[case]
    message = {"text": "Hei", "custom": {**custom, "handoff": {}}, "utter_action": "utter_x"}
    assert contents_of(message) == [Text("Hei"), Custom({"handoff": {}, **custom})]
    (record,) = caplog.records
    assert "utter_x" in record.getMessage()
    assert problem in record.getMessage()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"buttons": [{"title": ""}, {"title": "A", "payload": "/a"}]}, "buttons[0].title"),
        ({"buttons": ["B", {"title": "A", "payload": "/a"}]}, "buttons[0]: 'B'"),
        ({"buttons": [{"title": "A", "payload": "/a"}], "quick_replies": "B"}, "quick_replies: it"),
        ({"buttons": [{"title": "A", "payload": "/a"}], "elements": [{}]}, "elements[0]: 'title'"),
        ({"buttons": [{"title": "A", "payload": "/a"}], "attachment": {"a": 1}}, "attachment"),
    ],
)
def test_a_malformed_part_is_told_and_the_others_are_shown(
    fields: dict[str, Any], problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert contents_of({"text": "Hei", **fields}) == [Buttons("Hei", (Button("A", "/a"),))]
    (record,) = caplog.records
    assert problem in record.getMessage()
