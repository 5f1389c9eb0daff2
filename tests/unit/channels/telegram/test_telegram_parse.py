"""Updates as Telegram sends them, and anything else that may come to the webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from bot.model.content import Attachment
from channels.telegram.client import Me
from channels.telegram.parse import (
    Event,
    Linking,
    Passed,
    Said,
    Unlinking,
    needs_me,
    parse_update,
    read_update,
)
from channels.telegram.presses import Pressed

PAYLOADS = Path(__file__).parents[3] / "payloads" / "telegram"
ME = Me(110201543, "nordlys_bot")


def read(body: bytes) -> Event:
    update = parse_update(body)
    return read_update(update, ME if needs_me(update) else None, 1_764_000_000.0)


def stored(name: str) -> Event:
    return read((PAYLOADS / f"{name}.json").read_bytes())


def changed(name: str, **fields: Any) -> bytes:
    """The stored update with other fields in its message."""
    data = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    data["message"].update(fields)
    return json.dumps(data).encode()


def test_a_text_is_a_message() -> None:
    event = stored("text")
    assert isinstance(event, Said)
    arrival = event.arrival
    assert arrival.identity.name == "telegram:5512345678"
    assert arrival.event_id == "873000001"
    assert arrival.text == "Hvor er pakken min? 📦"
    assert arrival.payload is None
    assert arrival.metadata == {"locale": "nb"}
    assert arrival.received_at == 1_764_000_000.0


@pytest.mark.parametrize(
    ("name", "text", "payload"),
    [
        ("start", "/start", "/greet"),
        ("help", "/help", "/help"),
        ("other_command", "order status 10042", None),
        ("text_with_formatting", "Se https://nordlys.example/ordre *nå*", None),
        ("contact", "+4791234567", None),
        ("poll", "Når kommer pakken?", None),
        ("group_mention", "where is order 10042?", None),
        ("group_reply", "0150", None),
        ("group_command", "/help", "/help"),
        ("forum_topic", "hello", None),
        ("group_text_mention", "Nordlys, are you there?", None),
    ],
)
def test_what_is_said(name: str, text: str, payload: str | None) -> None:
    event = stored(name)
    assert isinstance(event, Said)
    assert (event.arrival.text, event.arrival.payload) == (text, payload)


@pytest.mark.parametrize(
    ("name", "text", "attachment"),
    [
        (
            "photo",
            "Esken er knust",
            Attachment("image", ref="AgACAgQAAxkBAAIBbWbqx", size=84_133),
        ),
        (
            "document",
            "",
            Attachment(
                "file",
                "kvittering.pdf",
                ref="BQACAgQAAxkBAAIBbmbq",
                media_type="application/pdf",
                size=48_213,
            ),
        ),
        (
            "voice",
            "",
            Attachment("audio", ref="AwACAgQAAxkBAAIBb2bq", media_type="audio/ogg", size=16_384),
        ),
        (
            "video",
            "Slik ser det ut",
            Attachment(
                "video",
                "IMG_0042.MOV",
                ref="BAACAgQAAxkBAAIBcGbq",
                media_type="video/quicktime",
                size=3_145_728,
            ),
        ),
        (
            "animation",
            "",
            Attachment(
                "video",
                "giphy.mp4",
                ref="CgACAgQAAxkBAAIBcWbq",
                media_type="video/mp4",
                size=77_123,
            ),
        ),
        ("sticker", "", Attachment("sticker", "👍", ref="CAACAgIAAxkBAAIBcmbq", size=22_170)),
        ("location", "", Attachment("location", latitude=59.91273, longitude=10.74609)),
        (
            "venue",
            "",
            Attachment("location", "Bergen stasjon", latitude=60.39299, longitude=5.32415),
        ),
        ("contact", "+4791234567", Attachment("contact", "Kari Nordmann")),
    ],
)
def test_what_is_sent_along(name: str, text: str, attachment: Attachment) -> None:
    event = stored(name)
    assert isinstance(event, Said)
    assert event.arrival.text == text
    assert event.arrival.attachments == (attachment,)


def test_a_start_with_a_code_links() -> None:
    event = stored("start_with_code")
    assert isinstance(event, Linking)
    assert event.code == "K7QXM2RPD9TW"
    # A code is nothing to be read in a transcript.
    assert event.arrival.text == "/start"


def test_a_code_in_a_group_links_nothing() -> None:
    event = read(
        changed(
            "group_command",
            text="/start@nordlys_bot K7QXM2RPD9TW",
            entities=[{"offset": 0, "length": 18, "type": "bot_command"}],
        )
    )
    assert isinstance(event, Said)
    assert (event.arrival.text, event.arrival.payload) == ("/start", "/greet")


def test_unlinking() -> None:
    assert isinstance(stored("unlink"), Unlinking)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("edited_message", "edited_message"),
        ("channel_post", "channel_post"),
        ("group_chatter", "not_addressed"),
        ("group_command_of_another_bot", "not_addressed"),
        ("group_of_the_bots_own_topic", "not_addressed"),
        ("message_of_another_bot", "not_from_a_person"),
        ("anonymous_admin", "not_from_a_person"),
        ("group_migrated", "group_migrated"),
        ("members_joined", "not_addressed"),
        ("blocked", "bot_is_now_kicked"),
        ("unblocked", "bot_is_now_member"),
        ("kind_to_come", "something_new"),
    ],
)
def test_what_needs_no_turn(name: str, reason: str) -> None:
    assert stored(name) == Passed(reason)


def test_every_stored_payload_is_tried() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    names = [path.stem for path in PAYLOADS.glob("*.json")]
    assert len(names) >= 30
    assert [name for name in names if f'"{name}"' not in tested] == []


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("group_mention", "-1001987654321/498712345"),
        ("group_reply", "-1001987654321/498712345"),
        ("forum_topic", "-1002222333344/498712345/77"),
    ],
)
def test_members_of_a_group_have_conversations_of_their_own(name: str, address: str) -> None:
    event = stored(name)
    assert isinstance(event, Said)
    assert event.arrival.identity.address == address


def test_a_thread_of_replies_is_no_topic() -> None:
    event = read(changed("group_reply", message_thread_id=119))
    assert isinstance(event, Said)
    assert event.arrival.identity.address == "-1001987654321/498712345"


def test_the_bare_name_of_the_bot_is_a_greeting() -> None:
    event = read(
        changed(
            "group_mention",
            text="@nordlys_bot",
            entities=[{"offset": 0, "length": 12, "type": "mention"}],
        )
    )
    assert isinstance(event, Said)
    assert event.arrival.payload == "/greet"


def test_the_bot_may_be_named_after_somebody_else() -> None:
    other = {"id": 5, "is_bot": False, "first_name": "Ola"}
    event = read(
        changed(
            "group_mention",
            text="Ola @nordlys_bot hei",
            entities=[
                {"offset": 0, "length": 3, "type": "text_mention", "user": other},
                {"offset": 4, "length": 12, "type": "mention"},
            ],
        )
    )
    assert isinstance(event, Said)
    assert event.arrival.text == "Ola hei"


def test_a_caption_in_a_group_may_name_the_bot() -> None:
    photo = json.loads((PAYLOADS / "photo.json").read_text(encoding="utf-8"))["message"]["photo"]
    event = read(
        changed(
            "group_chatter",
            text=None,
            photo=photo,
            caption="@nordlys_bot it is broken",
            caption_entities=[{"offset": 0, "length": 12, "type": "mention"}],
        )
    )
    assert isinstance(event, Said)
    assert event.arrival.text == "it is broken"
    assert event.arrival.attachments[0].kind == "image"


def test_a_pressed_button() -> None:
    event = stored("callback_query")
    assert isinstance(event, Pressed)
    assert event.identity.address == "5512345678"
    assert event.reference == "13-1764000000000-0/1/0"
    assert event.query_id == "4382bfdwdsb323b2d9"
    assert event.message.message_id == 119
    assert event.message.keyboard is not None


def test_a_button_of_a_message_too_old_to_be_seen() -> None:
    event = stored("callback_query_of_an_old_message")
    assert isinstance(event, Pressed)
    assert event.reference == "13-1764000000000-0/1/1"
    assert event.message.keyboard is None


def test_a_command_with_something_sent_along_is_words() -> None:
    event = read(changed("photo", caption="/unlink"))
    assert isinstance(event, Said)
    assert event.arrival.text == "/unlink"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"update_id": "1"}',
        b'{"update_id": 1, "message": []}',
        b'{"update_id": 1, "message": {"text": "hei"}}',
        changed("text", text=7),
        changed("text", text="\ud83d"),
        changed("text", chat={"id": "5512345678", "type": "private"}),
        changed("text", chat={"id": 0, "type": "private"}),
        changed("location", location={"latitude": 91.0, "longitude": 0.0}),
        changed("location", location={"latitude": "59", "longitude": 0.0}),
        changed("document", document={"file_id": "", "file_unique_id": "x"}),
        changed("group_mention", entities=[{"offset": None, "length": 1, "type": "mention"}]),
        b"[" * 100_000,
    ],
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidMessage):
        read(body)


def test_control_characters_are_left_out() -> None:
    event = read(changed("text", text="a\x00b\x9fc\nd"))
    assert isinstance(event, Said)
    assert event.arrival.text == "abc\nd"


def test_a_locale_that_is_none_is_left_out() -> None:
    event = read(changed("text", **{"from": {"id": 1, "is_bot": False, "first_name": "x"}}))
    assert isinstance(event, Said)
    assert event.arrival.metadata == {}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "text", "from"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    "animation audio callback_query caption caption_entities chat contact data date dice document"
    " entities forum_topic_created from id is_topic_message location message message_id"
    " message_thread_id migrate_to_chat_id my_chat_member new_chat_member photo poll"
    " reply_to_message sender_chat sticker text update_id venue video voice".split()
)


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_without_any_of_its_fields_it_is_an_update_or_refused(path: Path) -> None:
    raw = path.read_text(encoding="utf-8")
    for way in ways_to_fields(json.loads(raw)):
        for leave_out in (True, False):
            data = json.loads(raw)
            *before, name = way
            inner = data
            for step in before:
                inner = inner[step]
            if leave_out:
                del inner[name]
            else:
                inner[name] = None
            try_to_read(data)


def ways_to_fields(data: Any) -> Iterator[tuple[str | int, ...]]:
    """The names that lead to each value, however deep."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in inner:
        yield (name,)
        if isinstance(value, dict | list):
            yield from ((name, *way) for way in ways_to_fields(value))


@settings(deadline=None)
@given(_JSON)
def test_any_json_is_an_update_or_refused(data: Any) -> None:
    try_to_read(data)


@settings(deadline=None)
@given(
    st.sampled_from(sorted(PAYLOADS.glob("*.json"))),
    st.dictionaries(_FIELDS, _JSON, max_size=3),
    st.sampled_from(["", "message", "callback_query", "my_chat_member"]),
)
def test_any_spoiled_update_is_an_update_or_refused(
    path: Path, spoiled: dict[str, Any], where: str
) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    (data.get(where) or data).update(spoiled)
    try_to_read(data)


def try_to_read(data: Any) -> None:
    try:
        event = read(json.dumps(data).encode())
    except InvalidMessage:
        return
    if isinstance(event, Said):
        assert event.arrival.text or event.arrival.attachments
        event.arrival.text.encode()
