"""Messages as calls of the Bot API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import TelegramObject

from bot.errors import DeliveryRefused
from bot.model.content import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
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
)
from bot.model.messages import Outbound
from bot.ports import Call
from channels.rendering.split import utf16_length
from channels.telegram.render import BUTTON_TITLE, CAPTION, TEXT, render
from tests.recording import telegram_rules as rules

LONGEST_TURN = "1023-9999999999999-9999999999"
PAGE = "https://nordlys.example/lampe"


def message(content: Content, to: str = "77", position: int = 0, **more: Any) -> Outbound:
    return Outbound("telegram", to, f"telegram:{to}", "3-17-0", position, content, 0.0, **more)


def calls(content: Content, to: str = "77", **more: Any) -> list[Call]:
    return [piece.call for piece in render(message(content, to, **more)).pieces]


def as_json(call: Call) -> dict[str, Any]:
    """The arguments as they leave: the library's objects as JSON."""

    def default(value: object) -> Any:
        assert isinstance(value, TelegramObject)
        return value.to_dict()

    data: dict[str, Any] = json.loads(json.dumps(dict(call.arguments), default=default))
    return data


def problems(call: Call, is_private: bool = True) -> list[str]:
    """What the platform would say against it."""
    arguments = as_json(call)
    found: list[str | None] = [rules.keyboard(arguments, is_private)]
    if call.method == "sendMessage":
        found.append(rules.text(arguments))
    elif call.method == "sendPhoto":
        found += [rules.caption(arguments), rules.address(arguments["photo"])]
    elif call.method == "sendDocument":
        found += [rules.caption(arguments), rules.address(arguments["document"])]
    return [problem for problem in found if problem]


def titles(arguments: Mapping[str, Any]) -> list[list[str]]:
    return [[key["text"] for key in row] for row in arguments["reply_markup"]["inline_keyboard"]]


WORDS = st.text(max_size=40) | st.sampled_from(
    [
        "**b** *i* `c` [l](https://a.example/x)",
        "- one\n- two",
        "```\ncode\n```",
        "👩‍👩‍👧‍👦" * 20,
        " ",
    ]
)
# Over the limit; where any text is cut is another test's matter.
LONG = st.sampled_from(["En setning. " * 400, "**fet** 😀 " * 600, "مرحبا " * 800])
URLS = st.sampled_from(["https://a.example/x.png", "http://localhost/x", "/etc/passwd", "x", ""])
BUTTONS = st.lists(
    st.builds(Button, WORDS, st.none() | st.text(max_size=300), st.none() | URLS), max_size=12
).map(tuple)
FACTS = st.lists(st.builds(Fact, WORDS, WORDS), max_size=3).map(tuple)
CARDS = st.builds(Card, WORDS, WORDS, st.none() | URLS, st.none() | URLS, FACTS, BUTTONS)
PRESSED = st.lists(st.builds(Button, WORDS, st.text(max_size=300)), max_size=12).map(tuple)
OPTIONS = st.lists(st.builds(Option, WORDS, st.text(max_size=9), WORDS), max_size=12).map(tuple)
CONTENTS: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, LONG | WORDS),
    st.builds(Buttons, WORDS, BUTTONS),
    st.builds(QuickReplies, WORDS, PRESSED),
    st.builds(Image, URLS, WORDS),
    st.builds(File, URLS, WORDS, WORDS),
    CARDS,
    st.builds(Carousel, st.lists(CARDS, max_size=3).map(tuple)),
    st.builds(ListChoice, WORDS, OPTIONS),
    st.builds(DateChoice, WORDS, st.just('/day{"day": "$date"}'), st.just("2026-11-24")),
    st.builds(Request, WORDS, st.sampled_from(["location", "phone", "email"])),
    st.builds(Rating, WORDS, st.just("/rate$rating"), st.integers(1, 12)),
    st.builds(Shared, WORDS, st.just((Attachment("image", url="https://a.example/x.png"),))),
)


@settings(max_examples=60, deadline=None)
@given(CONTENTS, st.sampled_from(["77", "-77/5", "-77/5/6"]), st.integers(0, 3))
def test_whatever_it_is_the_platform_takes_it_in_one_form(
    content: Content, to: str, position: int
) -> None:
    sent = message(content, to, position)
    rendered = render(sent)
    assert render(sent) == rendered
    for piece in rendered.pieces:
        found = problems(piece.call, is_private=to == "77")
        if found:
            # An address that Telegram does not open: the words do without its link.
            assert any("Wrong HTTP URL" in problem for problem in found), found
            assert piece.instead is not None
            assert problems(piece.instead, is_private=to == "77") == []


def test_offsets_are_in_utf16_units() -> None:
    (call,) = calls(Text("👩‍👩‍👧‍👦 **fet** og `kode` – [her](https://a.example)"))
    arguments = as_json(call)
    encoded = arguments["text"].encode("utf-16-le")
    found = {
        entity["type"]: encoded[
            2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])
        ].decode("utf-16-le")
        for entity in arguments["entities"]
    }
    assert found == {"bold": "fet", "code": "kode", "text_link": "her"}


def test_a_list_and_lines_of_code() -> None:
    (call,) = calls(Text("Slik:\n\n1. **Finn** den\n2. Send\n\n```\nID 10042\n```"))
    arguments = as_json(call)
    assert arguments["text"] == "Slik:\n1. Finn den\n2. Send\n\nID 10042"
    assert [entity["type"] for entity in arguments["entities"]] == ["bold", "pre"]


def test_links_that_telegram_can_not_open_are_written_out() -> None:
    (call,) = calls(Text("[Ring](tel:+4791234567) eller [skriv](mailto:hei@a.example)"))
    assert as_json(call)["text"] == "Ring (+4791234567) eller skriv (hei@a.example)"
    assert "entities" not in call.arguments


def test_a_long_text_is_several_under_the_limit() -> None:
    text = "Dette er en setning om lamper 💡. " * 300
    parts = [as_json(call)["text"] for call in calls(Text(text))]
    assert len(parts) > 2
    assert all(utf16_length(part) <= TEXT for part in parts)
    assert all(part.endswith(".") for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_more_entities_than_telegram_shows_leave_out_styles_and_no_links() -> None:
    text = "**b** " * 100 + "[l](https://a.example/x) " * 20
    arguments = as_json(calls(Text(text))[0])
    types = [entity["type"] for entity in arguments["entities"]]
    assert (len(types), types.count("text_link")) == (100, 20)


def test_a_button_is_a_reference_of_at_most_64_bytes() -> None:
    content = Buttons("?", tuple(Button(f"Valg {n}", "/x" * 200 + str(n)) for n in range(100)))
    sent = Outbound("telegram", "77", "telegram:77", LONGEST_TURN, 99, content, 0.0)
    rendered = render(sent)
    assert [choice.payload for choice in rendered.choices] == [
        button.payload for button in content.buttons
    ]
    keys = [
        key["callback_data"]
        for row in as_json(rendered.pieces[0].call)["reply_markup"]["inline_keyboard"]
        for key in row
    ]
    assert keys[99] == f"+{LONGEST_TURN}/99/99"
    assert max(len(key) for key in keys) <= rules.MAX_CALLBACK_BYTES


def test_titles_too_long_for_a_phone_are_a_numbered_list() -> None:
    content = Buttons("Hva?", (Button("x" * (BUTTON_TITLE + 1), "/a"), Button("Kort", "/b")))
    rendered = render(message(content))
    arguments = as_json(rendered.pieces[0].call)
    assert titles(arguments) == [["1", "2"]]
    assert "2. Kort" in arguments["text"]
    # The transcript shows what was chosen, not its number.
    assert rendered.choices == content.buttons


def test_short_titles_share_a_row() -> None:
    content = Buttons("?", (Button("Ja", "/a"), Button("Nei", "/b"), Button("Vis meg alt", "/c")))
    assert titles(as_json(calls(content)[0])) == [["Ja", "Nei", "Vis meg alt"]]
    long = Buttons("?", (Button("Spor pakken min", "/a"), Button("Avbestill ordren", "/b")))
    assert titles(as_json(calls(long)[0])) == [["Spor pakken min"], ["Avbestill ordren"]]


def test_a_button_with_neither_payload_nor_page_says_its_title() -> None:
    rendered = render(message(Card("Lampe", buttons=(Button("Ja"),))))
    assert rendered.choices == (Button("Ja", "Ja"),)


def test_a_card_of_buttons_alone() -> None:
    (call,) = calls(Card("", buttons=(Button("Ja", "/a"),)))
    assert as_json(call)["text"] == "Choose one:"


def test_a_card_with_too_much_to_say_for_a_caption() -> None:
    facts = tuple(Fact(f"Felt {n}", "verdi " * 20) for n in range(20))
    card = Card("Lampe", image=f"{PAGE}.png", facts=facts, buttons=(Button("Ja", "/a"),))
    photo, words = calls(card)
    assert photo.method == "sendPhoto"
    assert "caption" not in photo.arguments
    assert len(as_json(words)["text"]) > CAPTION
    assert titles(as_json(words)) == [["Ja"]]


def test_the_keyboard_of_a_request_is_put_away_with_the_next_answer() -> None:
    asked, told = calls(Request("Hvor?", "location")), calls(Text("Takk"))
    assert "keyboard" in as_json(asked[0])["reply_markup"]
    assert as_json(told[0])["reply_markup"] == {"remove_keyboard": True}
    # Not with what follows in the same answer, nor for all members of a group.
    assert "reply_markup" not in as_json(calls(Text("Takk"), position=1)[0])
    assert "reply_markup" not in as_json(calls(Text("Takk"), "-77/5")[0])


def test_a_request_in_the_customers_language() -> None:
    (call,) = calls(Request("Nummer?", "phone"), language="nb")
    (row,) = as_json(call)["reply_markup"]["keyboard"]
    assert row == [{"text": "Del telefonnummeret mitt", "request_contact": True}]


def test_a_day_is_a_button() -> None:
    content = DateChoice("Når?", '/day{"day": "$date"}', "2026-11-24", "2026-11-26")
    rendered = render(message(content, language="nb"))
    assert [choice.title for choice in rendered.choices] == [
        "tirsdag 24. november",
        "onsdag 25. november",
        "torsdag 26. november",
    ]
    assert rendered.choices[0].payload == '/day{"day": "2026-11-24"}'


@pytest.mark.parametrize("to", ["", "kari", "@kari", "1/2/3/4"])
def test_a_recipient_that_is_no_chat_is_refused(to: str) -> None:
    with pytest.raises(DeliveryRefused, match="no address"):
        calls(Text("Hei"), to)
