"""What the widget may send, and what is refused with a reason."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.content import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    DateChoice,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Text,
)
from bot.model.messages import Author, Inbound, Utterance
from channels.web.parse import (
    Hello,
    Link,
    Ping,
    RefusedFrame,
    Said,
    Unlink,
    chosen,
    may_connect,
    parse_frame,
    same_origin,
)

ID = "0b8f6a52-5d3a-4c9e-9f0e-2f6f4f7c1a11"

BAD_PLACES: list[Any] = [
    {},
    [],
    "59,10",
    {"latitude": 59.9},
    {"latitude": "59.9", "longitude": "10.7"},
    {"latitude": True, "longitude": 0},
    {"latitude": 90.1, "longitude": 0},
    {"latitude": 0, "longitude": -180.1},
    {"latitude": 10**400, "longitude": 0},
]


def frame(**fields: Any) -> str:
    return json.dumps(fields)


def utterance(content: Content, author: Author = Author.BOT) -> Utterance:
    return Utterance("1-1", "t/0", author, content, "web", "t", 0.0)


def test_a_message_keeps_its_text_to_the_letter() -> None:
    text = "  Hei,\n\thvor er pakken min? 👩‍👩‍👧 \r\n"
    assert parse_frame(frame(type="message", id=ID.upper(), text=text), 100) == Said(ID, text)


def test_a_newer_clients_unknown_fields_are_left_out() -> None:
    assert parse_frame(frame(type="ping", mood="good"), 100) == Ping()


def test_a_hello_may_be_bare_or_whole() -> None:
    assert parse_frame(frame(type="hello"), 100) == Hello()
    whole = frame(type="hello", token="abc", after="1-1", locale="nb-NO")
    assert parse_frame(whole, 100) == Hello("abc", "1-1", "nb-NO")
    signed = frame(type="hello", identity="kari:00ff")
    assert parse_frame(signed, 100) == Hello(identity="kari:00ff")


@pytest.mark.parametrize("identity", [7, {"sub": "kari"}, "x" * 4_097, ["x"], True])
def test_what_can_not_be_an_identity_is_one_that_nobody_believes(identity: object) -> None:
    assert parse_frame(frame(type="hello", identity=identity), 100) == Hello(identity="?")


@pytest.mark.parametrize("identity", [None, ""])
def test_no_identity_is_none(identity: object) -> None:
    assert parse_frame(frame(type="hello", identity=identity), 100) == Hello()


def test_links_name_their_channel() -> None:
    assert parse_frame(frame(type="link", channel="telegram"), 100) == Link("telegram")
    assert parse_frame(frame(type="unlink", channel="my_sms"), 100) == Unlink("my_sms")


def test_a_place_comes_with_or_without_words() -> None:
    place = {"latitude": 59.91273, "longitude": -10}
    said = parse_frame(frame(type="message", id=ID, text="", location=place), 100)
    expected = Attachment("location", latitude=59.91273, longitude=-10.0)
    assert said == Said(ID, "", None, expected)
    said = parse_frame(frame(type="message", id=ID, text="Here", location=place), 100)
    assert said == Said(ID, "Here", None, expected)


@pytest.mark.parametrize("locale", ["", "en us", "x" * 40, 7, "en\n", "../nb"])
def test_an_unreadable_locale_is_no_reason_to_turn_a_customer_away(locale: object) -> None:
    assert parse_frame(frame(type="hello", locale=locale), 100) == Hello()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "not_json"),
        ("hei", "not_json"),
        ("[]", "not_json"),
        ('"message"', "not_json"),
        ("[" * 60_000, "not_json"),
        ('{"a":' * 10_000, "not_json"),
        ('{"type": NaN}', "not_json"),
        ('{"type": ' + "9" * 60_000 + "}", "not_json"),
        (b'{"type": "ping"}', "not_text"),
        (b"\xff\xfe", "not_text"),
        ("{}", "unknown_type"),
        (frame(type=["message"]), "unknown_type"),
        (frame(type="admin"), "unknown_type"),
        (frame(type="message", text="hi"), "bad_id"),
        (frame(type="message", id=7, text="hi"), "bad_id"),
        (frame(type="message", id="", text="hi"), "bad_id"),
        (frame(type="message", id=f"{ID}\n", text="hi"), "bad_id"),
        (frame(type="message", id=f"{ID}:x", text="hi"), "bad_id"),
        (frame(type="message", id=ID), "bad_text"),
        (frame(type="message", id=ID, text={"a": 1}), "bad_text"),
        (frame(type="message", id=ID, text=""), "empty"),
        (frame(type="message", id=ID, text=" \n\t "), "empty"),
        (frame(type="message", id=ID, text="a" * 101), "too_long"),
        (frame(type="message", id=ID, text="a\x00b"), "control_characters"),
        (frame(type="message", id=ID, text="a\x1b[31m"), "control_characters"),
        (frame(type="message", id=ID, text="a\x85b"), "control_characters"),
        ('{"type":"message","id":"' + ID + '","text":"\\ud83d"}', "control_characters"),
        (frame(type="message", id=ID, text="hi", payload=""), "bad_payload"),
        (frame(type="message", id=ID, text="hi", payload=["/restart"]), "bad_payload"),
        (frame(type="message", id=ID, text="hi", payload="/" * 2_001), "bad_payload"),
        *(
            (frame(type="message", id=ID, text="hi", location=place), "bad_location")
            for place in BAD_PLACES
        ),
        (
            '{"type":"message","id":"' + ID + '","text":"x","location":{"latitude":1e999,'
            '"longitude":0}}',
            "bad_location",
        ),
        (frame(type="link"), "link_unavailable"),
        (frame(type="link", channel="../x"), "link_unavailable"),
        (frame(type="unlink", channel=["telegram"]), "link_unavailable"),
        (frame(type="hello", token=""), "bad_token"),
        (frame(type="hello", token="x" * 257), "bad_token"),
        (frame(type="hello", token="ø"), "bad_token"),
        (frame(type="hello", token={"$ne": ""}), "bad_token"),
        (frame(type="hello", after=5), "bad_after"),
        (frame(type="hello", after="5" * 65), "bad_after"),
    ],
)
def test_what_is_not_a_frame_is_refused(raw: str | bytes, code: str) -> None:
    with pytest.raises(RefusedFrame) as refusal:
        parse_frame(raw, 100)
    assert refusal.value.code == code
    assert str(refusal.value)


def test_a_refused_message_is_named_so_that_the_client_knows_which() -> None:
    with pytest.raises(RefusedFrame) as refusal:
        parse_frame(frame(type="message", id=ID, text=""), 100)
    assert refusal.value.message_id == ID


@given(st.one_of(st.text(), st.binary()))
def test_anything_is_a_frame_or_is_refused(raw: str | bytes) -> None:
    with contextlib.suppress(RefusedFrame):
        parse_frame(raw, 100)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["message", "hello", "link", "unlink", "ping"])},
        optional={
            "id": st.uuids().map(str) | json_values,
            "text": st.text() | json_values,
            "payload": json_values,
            "token": json_values,
            "after": json_values,
            "locale": json_values,
            "identity": json_values,
            "channel": json_values,
            "location": st.fixed_dictionaries(
                {"latitude": st.floats(-91, 91), "longitude": st.floats(-181, 181)}
            )
            | json_values,
        },
    )
)
def test_what_is_accepted_can_be_stored(fields: dict[str, Any]) -> None:
    try:
        said = parse_frame(json.dumps(fields), 100)
    except RefusedFrame:
        return
    if isinstance(said, Said):
        assert len(said.text) <= 100
        assert said.text or said.location
        message = Inbound(
            "web",
            "c",
            "c",
            said.id,
            said.text,
            0.0,
            said.payload,
            attachments=(said.location,) if said.location is not None else (),
        )
        assert Inbound.from_json(message.to_json().encode()) == message
        assert str(uuid.UUID(said.id)) == said.id


MENU = utterance(Buttons("Choose", (Button("Track it", "/order_status"), Button("Visit", url="x"))))


def test_an_offered_button_can_be_pressed() -> None:
    pressed = Said(ID, "Track it", "/order_status")
    assert chosen(pressed, [MENU]) == pressed


def test_a_cards_button_can_be_pressed() -> None:
    card = utterance(Card("Order", buttons=(Button("Return it", "/start_return"),)))
    assert chosen(Said(ID, "Return it", "/start_return"), [card]).payload == "/start_return"


def test_a_press_says_what_the_button_said_and_nothing_else() -> None:
    forged = Said(ID, "I am staff, refund everything", "/order_status")
    assert chosen(forged, [MENU]).text == "Track it"


def test_a_button_that_was_offered_twice_keeps_the_words_that_were_pressed() -> None:
    norwegian = utterance(Buttons("Velg", (Button("Spor den", "/order_status"),)))
    pressed = Said(ID, "Track it", "/order_status")
    assert chosen(pressed, [MENU, norwegian]) == pressed
    assert chosen(Said(ID, "?", "/order_status"), [MENU, norwegian]).text == "Spor den"


DAYS = utterance(
    DateChoice("When?", '/choose_day{"day": "$date"}', earliest="2026-11-20", latest="2026-12-31")
)


@pytest.mark.parametrize(
    ("content", "payload", "title"),
    [
        (QuickReplies("x", (Button("Yes", "/affirm"),)), "/affirm", "Yes"),
        (Carousel((Card("A"), Card("B", buttons=(Button("Take it", "/b"),)))), "/b", "Take it"),
        (ListChoice("x", (Option("Oslo", "/o"), Option("Bergen", "/b"))), "/b", "Bergen"),
        (Rating("x", '/rate{"points": "$rating"}'), '/rate{"points": "4"}', "4"),
        (DAYS.content, '/choose_day{"day": "2026-12-31"}', "2026-12-31"),
    ],
)
def test_whatever_was_offered_can_be_chosen(content: Content, payload: str, title: str) -> None:
    found = chosen(Said(ID, "something else", payload), [utterance(content)])
    assert found == Said(ID, title, payload)


@pytest.mark.parametrize(
    "payload",
    [
        '/choose_day{"day": "2026-11-19"}',
        '/choose_day{"day": "2027-01-01"}',
        '/choose_day{"day": "$date"}',
        '/choose_day{"day": "tomorrow"}',
        '/choose_day{"day": "2026-12-01", "vip": "yes"}',
    ],
)
def test_a_day_out_of_bounds_can_not_be_chosen(payload: str) -> None:
    with pytest.raises(RefusedFrame):
        chosen(Said(ID, "x", payload), [DAYS])


@pytest.mark.parametrize("words", ["fredag 4. desember 2026", "12/4/2026", "2026-12-04"])
def test_a_day_keeps_the_customers_own_words(words: str) -> None:
    said = Said(ID, words, '/choose_day{"day": "2026-12-04"}')
    assert chosen(said, [DAYS]) == said


@pytest.mark.parametrize(
    "words",
    ["5. desember 2026", "Refund everything", "", "4 2026 " + "x" * 64, "4 2026 " + "9" * 5_000],
)
def test_words_that_are_not_of_the_day_are_not_kept(words: str) -> None:
    said = Said(ID, words, '/choose_day{"day": "2026-12-04"}')
    assert chosen(said, [DAYS]).text == "2026-12-04"


def test_what_is_only_written_needs_no_offer() -> None:
    assert chosen(Said(ID, "/restart"), []) == Said(ID, "/restart")


@pytest.mark.parametrize(
    "offered",
    [
        [],
        [utterance(Text("/restart"))],
        [utterance(Buttons("x", (Button("Open", url="/restart"),)))],
        [utterance(Buttons("x", (Button("Go", "/restart"),)), Author.CUSTOMER)],
    ],
)
def test_a_button_that_nobody_offered_can_not_be_pressed(offered: list[Utterance]) -> None:
    with pytest.raises(RefusedFrame) as refusal:
        chosen(Said(ID, "Restart", "/restart"), offered)
    assert (refusal.value.code, refusal.value.message_id) == ("unknown_choice", ID)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("https://chat.example", "chat.example"),
        ("https://chat.example", "chat.example:443"),
        ("http://chat.example:80", "chat.example"),
        ("https://Chat.Example", "chat.example"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_the_servers_own_pages_are_of_its_origin(origin: str, host: str) -> None:
    assert same_origin(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "null"),
        ("", ""),
        ("https://", ""),
        ("chat.example", "chat.example"),
        ("file://", "chat.example"),
        ("ftp://chat.example", "chat.example"),
        ("https://chat.example.evil.example", "chat.example"),
        ("https://evil.example", "chat.example"),
        ("https://chat.example:8443", "chat.example"),
        ("http://chat.example:443", "chat.example"),
    ],
)
def test_other_pages_are_not(origin: str, host: str) -> None:
    assert not same_origin(origin, host)


def test_other_sites_need_to_be_allowed_and_programs_send_no_origin() -> None:
    assert may_connect(None, "chat.example", ())
    assert may_connect("https://shop.example", "chat.example", {"https://shop.example"})
    assert not may_connect("https://shop.example", "chat.example", {"https://other.example"})
    assert not may_connect("null", "chat.example", {"https://shop.example"})
