"""What the widget is told."""

from __future__ import annotations

from bot.model.content import (
    Attachment,
    Button,
    Buttons,
    Card,
    Content,
    Custom,
    DateChoice,
    Fact,
    Shared,
    Text,
    Typing,
)
from bot.model.messages import Author, Utterance
from bot.ports import Accepted, LinkOffer, Notice
from channels.web import render


def utterance(content: Content, cursor: str = "7-0") -> Utterance:
    return Utterance(cursor, "3-5-0/1", Author.BOT, content, "web", "3-5-0", 1_764_000_000.5)


def test_a_message_tells_who_said_what_when_and_where_it_stands() -> None:
    assert render.message(utterance(Text("Hei"))) == {
        "type": "message",
        "cursor": "7-0",
        "id": "3-5-0/1",
        "from": "bot",
        "at": "2025-11-24T16:00:00.500Z",
        "content": {"kind": "text", "text": "Hei"},
    }


def test_empty_fields_are_left_out_and_filled_ones_are_not() -> None:
    card = Card("Order 10042", facts=(Fact("State", "Shipped"),), buttons=(Button("Track", "/t"),))
    assert render.message(utterance(card))["content"] == {
        "kind": "card",
        "title": "Order 10042",
        "facts": [{"label": "State", "value": "Shipped"}],
        "buttons": [{"title": "Track", "payload": "/t"}],
    }
    buttons = Buttons("", (Button("Open", url="https://shop.example"),))
    assert render.message(utterance(buttons))["content"] == {
        "kind": "buttons",
        "buttons": [{"title": "Open", "url": "https://shop.example"}],
    }


def test_a_welcome_leaves_out_what_is_for_programs_but_counts_it() -> None:
    lines = [utterance(Text("Hei")), utterance(Custom({"handoff": {}}), "8-0")]
    frame = render.welcome("t", lines, replace=True, cursor="8-0", max_text_chars=100)
    assert [message["content"]["kind"] for message in frame["messages"]] == ["text"]
    assert (frame["cursor"], frame["replace"], frame["limits"]) == ("8-0", True, {"text": 100})


def test_signs_that_pass_are_not_in_the_log() -> None:
    assert not render.is_shown(utterance(Typing()))
    assert render.is_shown(utterance(DateChoice("When?", "/day")))


def test_a_message_from_elsewhere_names_its_channel() -> None:
    place = Shared("", (Attachment("location", latitude=0.0, longitude=10.5),))
    said = Utterance("8-0", "77", Author.CUSTOMER, place, "telegram", "3-6-0", 1_764_000_000.0)
    frame = render.message(said)
    assert frame["channel"] == "telegram"
    assert frame["content"] == {
        "kind": "shared",
        "attachments": [{"kind": "location", "latitude": 0.0, "longitude": 10.5}],
    }


def test_other_channels_are_offered_and_the_way_there_told() -> None:
    states = [render.LinkState("telegram", "Telegram", False)]
    told = [{"name": "telegram", "title": "Telegram", "linked": False}]
    welcome = render.welcome("t", [], replace=False, cursor=None, max_text_chars=9, channels=states)
    assert welcome["channels"] == told
    assert render.channels(states) == {"type": "channels", "channels": told}
    by_code = render.link(
        "slack", LinkOffer(None, "ABCD-EFGH"), expires_at=1_764_000_000, expires_in=599.7, qr=None
    )
    assert by_code == {
        "type": "link",
        "channel": "slack",
        "code": "ABCD-EFGH",
        "expires_at": "2025-11-24T16:00:00.000Z",
        "expires_in": 600,
    }
    by_url = render.link(
        "telegram", LinkOffer("https://t.me/x"), expires_at=1, expires_in=1, qr="data:image/svg+xml"
    )
    assert (by_url["url"], by_url["qr"]) == ("https://t.me/x", "data:image/svg+xml")
    assert "code" not in by_url


def test_a_turns_beginning_and_end_are_told_and_its_words_come_from_the_transcript() -> None:
    assert render.notice(Notice("typing", "c", "3-5-0")) == {"type": "typing", "from": "bot"}
    assert render.notice(Notice("typing", "c", "t3-5-0")) == {"type": "typing", "from": "staff"}
    assert render.notice(Notice("answered", "c", "t")) == {"type": "answered", "turn": "t"}
    assert render.notice(Notice("said", "c", "t")) is None


def test_errors_name_the_message_and_the_time_to_wait_where_they_are_known() -> None:
    assert render.error("empty", "Write.") == {
        "type": "error",
        "code": "empty",
        "message": "Write.",
    }
    late = render.error("slow_down", "Later.", "m", 1.23456)
    assert (late["id"], late["retry_after"]) == ("m", 1.235)
    assert render.accepted("m", Accepted("t", "9-0", False)) == {
        "type": "accepted",
        "id": "m",
        "cursor": "9-0",
    }
