from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.choices import choices_of
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
from channels.messenger.parse import AS_TYPED
from channels.messenger.render import render
from tests.recording.messenger_rules import check_message, length


def messages(content: Content, language: str | None = "en") -> list[dict[str, Any]]:
    found = []
    for call in render(content, language):
        assert call.method == "message"
        check_message(call.arguments["message"])
        found.append(call.arguments["message"])
    return found


def only(content: Content) -> dict[str, Any]:
    (message,) = messages(content)
    return message


def template(content: Content) -> dict[str, Any]:
    attachment = only(content)["attachment"]
    assert attachment["type"] == "template"
    payload: dict[str, Any] = attachment["payload"]
    return payload


def buttons(count: int, title: str = "Choice {}") -> tuple[Button, ...]:
    return tuple(Button(title.format(n), f"/choose_{n}") for n in range(1, count + 1))


def test_text_is_plain_words() -> None:
    text = "**Hello** *there*, [track it](https://track.example/1)\n\n- one\n- two"
    assert only(Text(text)) == {
        "text": "Hello there, track it (https://track.example/1)\n• one\n• two"
    }
    assert messages(Text(" ")) == []


@pytest.mark.parametrize(
    "text", ["x" * 2_000, "😀" * 1_000, "ø" * 2_000], ids=["ascii", "emoji", "letters"]
)
def test_a_text_at_the_limit_is_one_message(text: str) -> None:
    assert only(Text(text)) == {"text": text}


@pytest.mark.parametrize(
    "text",
    ["word " * 500, "👩‍👩‍👧‍👦" * 190, "שלום עולם. " * 190],
    ids=["words", "families", "right-to-left"],
)
def test_a_longer_text_is_several_that_say_the_same(text: str) -> None:
    parts = [message["text"] for message in messages(Text(text))]
    assert len(parts) > 1
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_up_to_three_choices_are_buttons() -> None:
    payload = template(
        Buttons("Which one?", (*buttons(2), Button("Open", url="https://a.example")))
    )
    assert payload["template_type"] == "button"
    assert payload["text"] == "Which one?"
    assert payload["buttons"] == [
        {"type": "postback", "title": "Choice 1", "payload": "/choose_1"},
        {"type": "postback", "title": "Choice 2", "payload": "/choose_2"},
        {"type": "web_url", "title": "Open", "url": "https://a.example"},
    ]


@pytest.mark.parametrize("count", [4, 13])
def test_more_choices_are_quick_replies(count: int) -> None:
    replies = only(Buttons("Which one?", buttons(count)))["quick_replies"]
    assert [(reply["title"], reply["payload"]) for reply in replies] == [
        (f"Choice {n}", f"/choose_{n}") for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("title", ["Choice {}", "A title over twenty characters {}"])
def test_still_more_or_longer_choices_are_a_list_with_numbers_to_press(title: str) -> None:
    choices = buttons(15, title)
    message = only(Buttons("Which one?", choices))
    for number, choice in enumerate(choices, 1):
        assert f"{number}. {choice.title}" in message["text"]
    pressed = {reply["title"]: reply["payload"] for reply in message["quick_replies"]}
    assert pressed == {str(n): f"/choose_{n}" for n in range(1, 14)}


@pytest.mark.parametrize("address", ["/track/10042", "javascript:alert(1)"])
def test_an_address_that_the_platform_refuses_is_written_out(address: str) -> None:
    choice = Button("Return", "/return")
    for content in (
        Image(address, "A lamp"),
        File(address, "receipt.pdf", "A lamp"),
        Buttons("A lamp", (Button("Follow it", url=address), choice)),
        Card("A lamp", "499 kr", image=address, buttons=(choice,)),
        Card("A lamp", "499 kr", url=address),
        Carousel((Card("A lamp", "499 kr", image=address), Card("A chair", url=address))),
    ):
        found = json.dumps(messages(content))
        assert "A lamp" in found
        assert address in found


def test_a_subtitle_is_plain_words() -> None:
    payload = template(Card("A lamp", "**Sold out**, see [more](https://shop.example/l)"))
    assert payload["elements"][0]["subtitle"] == "Sold out, see more (https://shop.example/l)"


def test_words_over_a_template_may_be_longer_than_it_takes() -> None:
    found = messages(Buttons("A sentence of words. " * 100, buttons(2)))
    assert "attachment" in found[-1]
    assert all("text" in message for message in found[:-1])


def test_a_payload_that_is_too_long_is_found_by_its_title() -> None:
    long = "/choose" + "x" * 1_000
    replies = only(QuickReplies("Which?", (Button("This", long), Button("That", "/that"))))
    assert [reply["payload"] for reply in replies["quick_replies"]] == [AS_TYPED, "/that"]


def test_a_card_is_a_template_with_its_facts_where_they_fit() -> None:
    card = Card(
        "Order 10042",
        "Shipped",
        "https://shop.example/p.png",
        "https://shop.example/10042",
        (Fact("Expected", "Friday 27 November"),),
        buttons(3),
    )
    (element,) = template(card)["elements"]
    assert element["title"] == "Order 10042"
    assert element["subtitle"] == "Shipped\nExpected: Friday 27 November"
    assert element["image_url"] == "https://shop.example/p.png"
    assert element["default_action"] == {"type": "web_url", "url": "https://shop.example/10042"}
    assert [button["payload"] for button in element["buttons"]] == [
        "/choose_1",
        "/choose_2",
        "/choose_3",
    ]


def test_a_card_that_does_not_fit_says_all_of_it_otherwise() -> None:
    facts = tuple(Fact(f"Label {n}", f"value {n} that takes its room") for n in range(6))
    card = Card("T" * 81, "Sub", "https://a.example/p.png", None, facts, buttons(5))
    found = messages(card)
    words = "\n".join(message.get("text", "") for message in found)
    assert "T" * 81 in words
    for fact in facts:
        assert f"{fact.label}: {fact.value}" in words
    assert any(message.get("attachment", {}).get("type") == "image" for message in found)
    assert len(found[-1]["quick_replies"]) == 5


def test_a_title_alone_is_words() -> None:
    assert only(Card("Just this")) == {"text": "Just this"}
    assert messages(Carousel((Card("One"), Card("Two")))) == [{"text": "One"}, {"text": "Two"}]


@pytest.mark.parametrize(
    ("card", "title"),
    [
        (Card("", "Shipped", "https://a.example/p.png"), "Shipped"),
        (Card(" ", facts=(Fact("Price", "1 200 kr"),), buttons=buttons(1)), "Price: 1 200 kr"),
        (Card("", image="https://a.example/p.png"), "Picture"),
        (Card("", buttons=buttons(2)), "Choose one:"),
    ],
)
def test_a_card_without_a_title_gets_the_one_that_the_platform_wants(
    card: Card, title: str
) -> None:
    (element,) = template(card)["elements"]
    assert element["title"] == title
    assert "subtitle" not in element


def test_a_card_with_nothing_on_it_is_nothing() -> None:
    assert messages(Card("")) == []


@pytest.mark.parametrize(("count", "templates"), [(2, [2]), (10, [10]), (11, [10, 1])])
def test_a_carousel_holds_ten_cards(count: int, templates: list[int]) -> None:
    cards = tuple(Card(f"Card {n}", "sub", buttons=buttons(1)) for n in range(count))
    found = messages(Carousel(cards))
    assert [len(m["attachment"]["payload"]["elements"]) for m in found] == templates


def test_pictures_and_files_come_with_their_words() -> None:
    assert messages(Image("https://a.example/cat.png", "A cat")) == [
        {"text": "A cat"},
        {
            "attachment": {
                "type": "image",
                "payload": {"url": "https://a.example/cat.png", "is_reusable": False},
            }
        },
    ]
    words, document = messages(File("https://a.example/f.pdf", "f.pdf", "Your invoice"))
    assert words == {"text": "Your invoice"}
    assert document["attachment"]["type"] == "file"
    assert messages(File("https://a.example/f.pdf", "f.pdf"))[0] == {"text": "f.pdf"}
    named = File("https://a.example/download?id=7", "invoice.pdf", "Your invoice")
    assert messages(named)[0] == {"text": "Your invoice\ninvoice.pdf"}


@pytest.mark.parametrize(
    ("what", "kind"), [("phone", "user_phone_number"), ("email", "user_email")]
)
def test_what_the_profile_knows_is_asked_for_at_a_press(what: Any, kind: str) -> None:
    assert only(Request("Where do we reach you?", what)) == {
        "text": "Where do we reach you?",
        "quick_replies": [{"content_type": kind}],
    }


def test_a_place_is_asked_for_in_words() -> None:
    message = only(Request("Where are you?", "location"))
    assert message["text"].startswith("Where are you?")
    assert len(message["text"]) > len("Where are you?")
    assert "quick_replies" not in message


def test_a_rating_and_near_days_can_be_pressed() -> None:
    replies = only(Rating("How was it?", '/rate{"points": $rating}'))["quick_replies"]
    assert [reply["payload"] for reply in replies] == [
        f'/rate{{"points": {n}}}' for n in range(1, 6)
    ]
    days = DateChoice("When?", '/day{"day": "$date"}', "2026-11-24", "2026-11-28")
    found = only(days)["quick_replies"]
    assert [reply["payload"] for reply in found] == [c.payload for c in choices_of(days)]


def test_what_is_for_programs_is_not_shown_and_typing_is_a_sign() -> None:
    assert messages(Custom({"handoff": {}})) == []
    (call,) = render(Typing(), None)
    assert (call.method, dict(call.arguments)) == ("sender_action", {"sender_action": "typing_on"})


# A text over 640 and one over 2,000 are cut; more of them would take long to make and say no more.
LONG = st.sampled_from(["x" * 700, "😀" * 1_100])
WORDS = st.text(max_size=90) | st.sampled_from(["", " ", "**b** [l](https://a.b)"])
TITLES = st.text(min_size=1, max_size=90).filter(str.strip)
URLS = st.none() | st.sampled_from(
    ["https://shop.example/x", "/x.png", "javascript:alert(1)", "https://", "["]
)
BUTTON = st.builds(Button, TITLES, st.none() | st.just("/p") | st.just("/p" * 600), URLS)
BUTTON_LIST = st.lists(BUTTON, max_size=16).map(tuple)
CARD = st.builds(
    Card,
    TITLES | st.just(""),
    WORDS,
    URLS,
    URLS,
    st.lists(st.builds(Fact, TITLES, WORDS), max_size=3).map(tuple),
    st.lists(BUTTON, max_size=5).map(tuple),
)
CONTENT = st.one_of(
    st.builds(Text, WORDS | LONG),
    st.builds(Buttons, WORDS | LONG, BUTTON_LIST),
    st.builds(
        QuickReplies, WORDS, BUTTON_LIST.map(lambda all_: tuple(b for b in all_ if not b.url))
    ),
    CARD,
    st.builds(Carousel, st.lists(CARD, max_size=12).map(tuple)),
    st.builds(
        ListChoice, WORDS, st.lists(st.builds(Option, TITLES, st.just("/o"), WORDS)).map(tuple)
    ),
    st.builds(Rating, WORDS, st.just("/r$rating"), st.integers(1, 20)),
    st.builds(Request, WORDS, st.sampled_from(["location", "phone", "email"])),
    st.builds(Image, st.just("https://a.example/i.png"), WORDS),
    st.builds(File, st.just("https://a.example/f.pdf"), TITLES, WORDS),
)


@settings(max_examples=60, deadline=None)
@given(CONTENT, st.sampled_from(["en", "nb", None]))
def test_the_platform_takes_whatever_there_is(content: Content, language: str | None) -> None:
    for message in messages(content, language):
        assert length(message.get("text", "")) <= 2_000
    assert render(content, language) == render(content, language)
