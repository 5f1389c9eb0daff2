from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from bot.model.content import Attachment
from bot.model.messages import Inbound
from channels.messenger.parse import (
    Echo,
    Event,
    Ignored,
    RawEvent,
    Receipt,
    Said,
    parse_batch,
    parse_event,
)

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "messenger"
PAGE = "108824017345866"
KARI = "7345821990432817"
AT = 1795514400.0
NOW = AT + 60
CODE = "K7QX2M9TRB4WHZ5PNC8DVJ3GYF"


def events(name: str) -> list[Event]:
    found: list[Event] = []
    for raw in parse_batch((PAYLOADS / f"{name}.json").read_bytes()):
        found += parse_event(raw, NOW)
    return found


def only(name: str) -> Event:
    (event,) = events(name)
    return event


def said(name: str) -> Said:
    event = only(name)
    assert isinstance(event, Said)
    assert (event.page, event.sender, event.at) == (PAGE, KARI, AT)
    assert event.metadata["page_id"] == PAGE
    return event


def message(**content: Any) -> RawEvent:
    event = {"sender": {"id": KARI}, "timestamp": 1795514400000, "message": {"mid": "m", **content}}
    return RawEvent(PAGE, event)


def test_words_come_with_the_messages_own_id() -> None:
    event = said("text")
    assert event.text == "Hvor er pakken min? 📦"
    assert event.payload is None
    assert event.event_id.startswith("m_t1")
    assert said("text_reply_to").metadata["reply_to"].startswith("m_old")


def test_what_is_pressed_comes_as_title_and_payload() -> None:
    assert (said("quick_reply").text, said("quick_reply").payload) == ("Yes", "/affirm")
    pressed = said("postback_button")
    assert (pressed.text, pressed.payload) == ("Where is my order?", "/order_status")
    assert pressed.event_id.startswith("m_p1")
    started = said("postback_get_started")
    assert (started.payload, started.code) == ("/greet", None)
    assert said("postback_unlink").payload == "/channel_unlinked"


@pytest.mark.parametrize(
    ("name", "words"),
    [("quick_reply_phone", "+47 912 34 567"), ("quick_reply_email", "kari@example.no")],
)
def test_what_the_profile_gives_are_the_customers_words(name: str, words: str) -> None:
    assert (said(name).text, said(name).payload) == (words, None)


def test_what_the_profile_gives_is_read_where_only_the_button_holds_it() -> None:
    (event,) = parse_event(message(quick_reply={"payload": "kari@example.no"}), NOW)
    assert isinstance(event, Said)
    assert (event.text, event.payload, event.attachments) == ("kari@example.no", None, ())


def test_a_postback_without_an_id_gets_the_same_one_each_time_and_another_than_any_other() -> None:
    first = said("postback_without_mid").event_id
    assert first == said("postback_without_mid").event_id
    assert first.startswith("postback:")
    (raw,) = parse_batch((PAYLOADS / "postback_without_mid.json").read_bytes())
    for name, value in (("payload", "/other"), ("title", "Other")):
        other = copy.deepcopy(raw.data)
        other["postback"][name] = value
        (event,) = parse_event(RawEvent(PAGE, other), NOW)
        assert isinstance(event, Said)
        assert event.event_id != first
    (later,) = parse_event(RawEvent(PAGE, {**raw.data, "timestamp": 1795514400001}), NOW)
    assert isinstance(later, Said)
    assert later.event_id != first


@pytest.mark.parametrize(
    "name", ["postback_get_started_with_code", "referral_with_code", "optin_with_code"]
)
def test_a_code_is_found_wherever_the_platform_puts_it(name: str) -> None:
    assert said(name).code == CODE
    assert said(name).event_id == said(name).event_id


def test_a_code_with_a_first_message_comes_before_it() -> None:
    link, words = parse_event(message(text="Hi", referral={"ref": CODE}), NOW)
    assert isinstance(link, Said)
    assert isinstance(words, Said)
    assert (link.code, link.text) == (CODE, "")
    assert (words.code, words.text) == (None, "Hi")
    assert link.event_id != words.event_id


def test_what_marketing_refers_to_is_no_code() -> None:
    assert only("referral_of_an_ad") == Ignored(PAGE, "referral")


@pytest.mark.parametrize(
    ("name", "kind", "url"),
    [
        ("image", "image", "https://scontent.xx.fbcdn.net/v/t1.15752-9/photo.jpg?_nc_cat=1&oh=00"),
        ("audio", "audio", "https://cdn.fbsbx.com/v/audioclip.mp4"),
        ("video", "video", "https://video.xx.fbcdn.net/v/clip.mp4"),
        ("file", "file", "https://cdn.fbsbx.com/v/kvittering.pdf"),
        ("sticker", "sticker", "https://scontent.xx.fbcdn.net/v/like.png"),
        ("sticker_twice", "sticker", "https://scontent.xx.fbcdn.net/v/like.png"),
        ("unsupported", "file", None),
    ],
)
def test_what_is_sent_along_keeps_its_kind_and_address(
    name: str, kind: str, url: str | None
) -> None:
    event = said(name)
    assert event.text == ""
    assert [(item.kind, item.url) for item in event.attachments] == [(kind, url)]


def test_several_pictures_keep_their_order_beside_the_words() -> None:
    event = said("images_with_text")
    assert event.text == "It came like this"
    assert [item.url for item in event.attachments] == [
        "https://scontent.xx.fbcdn.net/v/1.jpg",
        "https://scontent.xx.fbcdn.net/v/2.jpg",
    ]


def test_a_place_has_its_degrees() -> None:
    (place,) = said("location").attachments
    assert (place.kind, place.latitude, place.longitude) == ("location", 59.91273, 10.74609)


@pytest.mark.parametrize(
    "coordinates", [None, {}, {"lat": 91, "long": 0}, {"lat": "59", "long": 1}]
)
def test_a_place_without_degrees_is_still_something_sent_along(coordinates: Any) -> None:
    attachment = {"type": "location", "payload": {"coordinates": coordinates}}
    (event,) = parse_event(message(attachments=[attachment]), NOW)
    assert isinstance(event, Said)
    assert event.attachments == (Attachment("file"),)


def test_a_shared_link_is_words_and_said_once() -> None:
    assert said("shared_link").text == "Is this in stock? https://shop.example/kaffekvern"
    assert said("shared_link_without_text").text == "https://shop.example/kaffekvern"
    assert said("shared_link").attachments == ()


def test_an_echo_confirms_by_what_we_handed_over() -> None:
    event = only("echo")
    assert isinstance(event, Echo)
    assert event.key == "3-1795514399000-0/0#0"
    assert event.mid.startswith("m_e1")
    assert only("echo_of_another_app") == Ignored(PAGE, "echo")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("delivery", "delivered"), ("delivery_without_mids", "delivered"), ("read", "read")],
)
def test_receipts_say_until_when(name: str, kind: Any) -> None:
    assert only(name) == Receipt(PAGE, KARI, kind, AT - 0.25)


@pytest.mark.parametrize(
    "name",
    [
        "unsend",
        "edit",
        "reaction",
        "standby",
        "thread_control",
        "policy_enforcement",
        "instagram",
        "referral_of_an_ad",
    ],
)
def test_what_needs_no_answer_is_left_alone(name: str) -> None:
    assert all(isinstance(event, Ignored) for event in events(name))
    assert events(name)


def test_every_event_of_every_entry_is_read() -> None:
    found = events("batch")
    assert [event.text for event in found if isinstance(event, Said)] == ["One", "Two", "Three"]
    assert isinstance(found[-1], Receipt)


def test_what_is_malformed_is_refused_by_itself() -> None:
    texts: list[str] = []
    codes: list[str] = []
    for raw in parse_batch((PAYLOADS / "batch_with_a_malformed_event.json").read_bytes()):
        try:
            texts += [event.text for event in parse_event(raw, NOW) if isinstance(event, Said)]
        except InvalidMessage as error:
            codes.append(error.code)
    assert texts == ["Before", "After"]
    assert codes == ["malformed_event"] * 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"object": "page"}', b"\xff"])
def test_what_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidMessage):
        parse_batch(body)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (1795514400000, AT),
        ("1795514400000", AT),
        (1795514400, AT),
        (1895514400000, NOW),
        (1 << 70, NOW),
    ],
)
def test_times_are_read_in_both_units_and_never_lie_ahead(given: Any, seconds: float) -> None:
    event = {"sender": {"id": KARI}, "timestamp": given, "message": {"mid": "m", "text": "Hi"}}
    (found,) = parse_event(RawEvent(PAGE, event), NOW)
    assert isinstance(found, Said)
    assert found.at == seconds


@pytest.mark.parametrize("given", [None, -5, 0, True, "now", 1.5, "9" * 5_000])
def test_without_a_time_an_event_is_malformed(given: Any) -> None:
    event = {"sender": {"id": KARI}, "timestamp": given, "message": {"mid": "m", "text": "Hi"}}
    with pytest.raises(InvalidMessage):
        parse_event(RawEvent(PAGE, event), NOW)


@pytest.mark.parametrize("sender", [None, {}, {"id": ""}, {"id": "a b"}, {"id": "x" * 200}, "7"])
def test_without_a_sender_an_event_is_malformed(sender: Any) -> None:
    event = {"sender": sender, "timestamp": 1795514400000, "message": {"mid": "m", "text": "Hi"}}
    with pytest.raises(InvalidMessage):
        parse_event(RawEvent(PAGE, event), NOW)


def test_half_a_character_can_be_stored() -> None:
    (event,) = parse_event(message(text="a\ud83d b\x00c"), NOW)
    assert isinstance(event, Said)
    assert event.text == "a\ufffd bc"
    event.text.encode()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(), max_size=20)
    | st.sampled_from([CODE, "image", "location", "fallback", "page", "/greet", "="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "id mid text payload type url coordinates lat long ref quick_reply attachments"
                " referral is_echo metadata watermark".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
EVENT = st.dictionaries(
    st.sampled_from(
        "sender timestamp message postback referral optin delivery read reaction".split()
    ),
    JSON | st.just({"id": KARI}) | st.just(1795514400000),
    max_size=6,
)


def handle_all(body: bytes) -> Sequence[Event]:
    found: list[Event] = []
    for raw in parse_batch(body):
        try:
            found += parse_event(raw, NOW)
        except InvalidMessage:
            continue
    return found


@given(
    JSON
    | st.builds(
        lambda events: {"object": "page", "entry": [{"messaging": events}]}, st.lists(EVENT)
    )
)
def test_any_json_is_understood_or_refused(data: Any) -> None:
    try:
        found = handle_all(json.dumps(data).encode())
    except InvalidMessage:
        return
    for event in found:
        if isinstance(event, Said):
            inbound = Inbound(
                "messenger",
                event.sender,
                f"messenger:{event.sender}",
                event.event_id,
                event.text,
                event.at,
                event.payload,
                event.metadata,
                event.attachments,
            )
            assert Inbound.from_json(inbound.to_json().encode()) == inbound


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_at_most(body: bytes) -> None:
    with contextlib.suppress(InvalidMessage):
        handle_all(body)
