"""The REST channel's parser: what it takes, and what it says to the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from bot.model.messages import Inbound
from channels.rest.parse import Limits, check_content_type, parse_message

GOOD: dict[str, Any] = {"sender": "s1", "message": "hi"}


def parse(body: bytes, key: str | None = None, limits: Limits | None = None) -> Inbound:
    return parse_message(
        body, event_id="generated", key=key, received_at=12.5, limits=limits or Limits()
    )


def parse_json(**fields: Any) -> Inbound:
    return parse(json.dumps({**GOOD, **fields}).encode())


def test_a_message_becomes_an_inbound() -> None:
    body = '{"sender": "s1", "message": "Hvor er pakken min?\\n", "metadata": {"language": "nb"}}'
    assert parse(body.encode()) == Inbound(
        channel="rest",
        sender="s1",
        conversation_id="rest:s1",
        event_id="generated",
        text="Hvor er pakken min?\n",
        received_at=12.5,
        payload=None,
        metadata={"language": "nb"},
    )


def test_fields_that_are_not_known_are_left_alone() -> None:
    assert parse_json(input_channel="x", stream=True).text == "hi"


@pytest.mark.parametrize("metadata", [None, {}])
def test_metadata_may_be_left_out(metadata: Any) -> None:
    assert parse(json.dumps(GOOD).encode()).metadata == {}
    assert parse_json(metadata=metadata).metadata == {}


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/order_status", "/order_status"),
        (' \n/order_status{"a": "b"} ', '/order_status{"a": "b"}'),
        ("what/ever", None),
        ("where is my order?", None),
    ],
)
def test_a_leading_slash_is_a_pressed_button(text: str, payload: str | None) -> None:
    message = parse_json(message=text)
    assert (message.text, message.payload) == (text, payload)


@pytest.mark.parametrize(
    ("key", "metadata", "event_id"),
    [
        (None, {}, "generated"),
        ("k1", {}, "k1"),
        (None, {"message_id": "m1"}, "m1"),
        ("same", {"message_id": "same"}, "same"),
    ],
)
def test_where_the_event_id_comes_from(
    key: str | None, metadata: dict[str, Any], event_id: str
) -> None:
    body = json.dumps({**GOOD, "metadata": metadata}).encode()
    assert parse(body, key).event_id == event_id


BAD_BODIES: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "empty_body"),
    ("blanks", b" \n\t", "empty_body"),
    ("latin-1", '{"sender": "s", "message": "på"}'.encode("latin-1"), "not_utf8"),
    ("utf-16", '{"sender": "s", "message": "hi"}'.encode("utf-16"), "not_utf8"),
    ("cut off inside a character", b'{"sender": "s", "message": "\xe2\x82', "not_utf8"),
    ("byte order mark", b'\xef\xbb\xbf{"sender": "s", "message": "hi"}', "invalid_json"),
    ("a form", b"sender=s&message=hi", "invalid_json"),
    ("cut off", b'{"sender": "s", "mess', "invalid_json"),
    ("two documents", b'{"sender": "s", "message": "hi"} {}', "invalid_json"),
    ("a NUL byte", b'{"sender": "s", "message": "\x00"}', "invalid_json"),
    ("a raw line end in a string", b'{"sender": "s", "message": "a\nb"}', "invalid_json"),
    ("NaN", b'{"sender": "s", "message": "hi", "metadata": {"a": NaN}}', "invalid_json"),
    ("Infinity", b'{"sender": "s", "message": "hi", "metadata": {"a": -Infinity}}', "invalid_json"),
    ("a float too large", b'{"sender": "s", "message": "hi", "metadata": [1e999]}', "invalid_json"),
    ("an endless integer", b'{"sender": 1' + b"0" * 6_000 + b"}", "invalid_json"),
    ("nested arrays", b"[" * 60_000, "too_deep"),
    ("nested objects", b'{"a":' * 12_000 + b"1" + b"}" * 12_000, "too_deep"),
    ("an array", b'[{"sender": "s", "message": "hi"}]', "not_an_object"),
    ("a text", b'"hi"', "not_an_object"),
    ("null", b"null", "not_an_object"),
    ("a key twice", b'{"sender": "s", "sender": "t", "message": "hi"}', "duplicate_key"),
    ("no sender", b'{"message": "hi"}', "invalid_sender"),
    ("no message", b'{"sender": "s"}', "invalid_message"),
]


@pytest.mark.parametrize(
    ("body", "code"),
    [(body, code) for _, body, code in BAD_BODIES],
    ids=[n for n, _, _ in BAD_BODIES],
)
def test_bad_bodies(body: bytes, code: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse(body)
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert len(str(caught.value)) > 20


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"sender": None}, "invalid_sender"),
        ({"sender": 7}, "invalid_sender"),
        ({"sender": ""}, "invalid_sender"),
        ({"sender": " \t"}, "invalid_sender"),
        ({"sender": "s" * 256}, "invalid_sender"),
        ({"sender": "a\nb"}, "control_character"),
        ({"sender": "a\x00b"}, "control_character"),
        ({"sender": "\ud800"}, "not_unicode"),
        ({"message": None}, "invalid_message"),
        ({"message": 5}, "invalid_message"),
        ({"message": {"text": "hi"}}, "invalid_message"),
        ({"message": ["hi"]}, "invalid_message"),
        ({"message": ""}, "empty_message"),
        ({"message": " \n\t\r\u00a0\u3000"}, "empty_message"),
        ({"message": "\u200b\u2060\ufeff"}, "empty_message"),
        ({"message": "x" * 4_001}, "message_too_long"),
        ({"message": "a\x00"}, "control_character"),
        ({"message": "a\x1b[2J"}, "control_character"),
        ({"message": "a\x7f"}, "control_character"),
        ({"message": "a\x85"}, "control_character"),
        ({"message": "half \udc00 of a pair"}, "not_unicode"),
        ({"metadata": "x"}, "invalid_metadata"),
        ({"metadata": [1]}, "invalid_metadata"),
        ({"metadata": {"a": "\ud800"}}, "not_unicode"),
        ({"metadata": {"\ud800": 1}}, "not_unicode"),
        ({"metadata": {"a": "x" * 17_000}}, "invalid_metadata"),
        ({"metadata": deep(17)}, "too_deep"),
        ({"metadata": {"message_id": 7}}, "invalid_key"),
        ({"metadata": {"message_id": ""}}, "invalid_key"),
        ({"metadata": {"message_id": "k" * 256}}, "invalid_key"),
        ({"metadata": {"message_id": "a\nb"}}, "control_character"),
    ],
)
def test_bad_fields(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_json(**fields)
    assert (caught.value.code, caught.value.status) == (code, 400)


@pytest.mark.parametrize("fields", [{"sender": "s" * 255}, {"message": "x" * 4_000}])
def test_the_longest_that_is_taken(fields: dict[str, Any]) -> None:
    message = parse_json(**fields)
    assert {"sender": message.sender, "message": message.text} == {**GOOD, **fields}


def test_the_deepest_metadata_that_is_taken() -> None:
    assert parse_json(metadata=deep(16)).metadata == deep(16)


def test_two_keys_that_differ_are_refused() -> None:
    body = json.dumps({**GOOD, "metadata": {"message_id": "a"}}).encode()
    with pytest.raises(InvalidMessage, match="differ"):
        parse(body, key="b")


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧‍👦", "Å få øl\tog\r\nmer", "שלום", "a\u2028b", "\U000e0041 tag", "e\u0301"]
)
def test_all_of_unicode_passes(text: str) -> None:
    assert parse_json(message=text).text == text


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON; charset="UTF-8"',
        "application/json;charset=utf-8",
    ],
)
def test_content_types_that_are_taken(value: str) -> None:
    check_content_type(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/json, text/plain",
        "json",
    ],
)
def test_content_types_that_are_refused(value: str | None) -> None:
    with pytest.raises(InvalidMessage) as caught:
        check_content_type(value)
    assert caught.value.status == 415


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "sender": st.text(st.characters(codec=None)) | JSON,
        "message": st.text(st.characters(codec=None)) | JSON,
        "metadata": st.dictionaries(st.text(), JSON) | JSON,
    },
)


@given(st.binary() | ALMOST.map(lambda data: json.dumps(data).encode()), st.none() | st.text())
def test_whatever_comes_is_taken_or_refused(body: bytes, key: str | None) -> None:
    """Nothing but InvalidMessage is raised, and what is taken can be stored and read back."""
    try:
        message = parse(body, key)
    except InvalidMessage:
        return
    assert Inbound.from_json(message.to_json().encode("utf-8")) == message
    assert message.conversation_id == f"rest:{message.sender}"
    assert message.text.strip()


@given(st.text())
def test_whatever_the_content_type_says(value: str) -> None:
    try:
        check_content_type(value)
    except InvalidMessage:
        return
    assert "json" in value.lower()
