from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from bot.model.content import Attachment
from channels.slack.address import Address, parse_address
from channels.slack.mrkdwn import escape, plain_words
from channels.slack.parse import (
    Command,
    HomeOpened,
    Said,
    read_body,
    read_command,
    read_event,
    team_of,
)
from channels.slack.presses import Press, read_press
from tests.slack_events import FORM, JSON

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "slack"


def payload(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return data


def said(name: str) -> Said:
    found = read_event(payload(name))
    assert isinstance(found, Said)
    return found


def pressed(name: str) -> Press:
    found = read_press(payload(name))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "address", "text"),
    [
        ("direct_message", "T0NORDLYS/D0KARI", "Hvor er pakken min?"),
        ("direct_message_thread", "T0NORDLYS/D0KARI", "and this one"),
        ("app_mention", "T0NORDLYS/C0SHOP/1732441600.000300", "where is order 10042?"),
        ("app_mention_alone", "T0NORDLYS/C0SHOP/1732441600.000301", ""),
        ("private_channel_mention", "T0NORDLYS/G0BACK/1732441600.000800", "hei , hvor er pakken?"),
        ("slack_connect_mention", "T0NORDLYS/C9SHARED/1732441700.000900", "hvor er ordre 10042?"),
        ("enterprise_message", "E0CORP/D0KARI", "Hei"),
        ("file_share", "T0NORDLYS/D0KARI", "Esken er skadet"),
        ("mpim_mention", "T0NORDLYS/C0MPIM/1732441695.000710", "can you help us?"),
    ],
)
def test_what_is_said_to_the_bot(name: str, address: str, text: str) -> None:
    found = said(name)
    assert (str(found.address), found.text, found.addressed) == (address, text, True)
    assert found.event_id == payload(name)["event_id"]


@pytest.mark.parametrize("name", ["thread_reply", "thread_reply_broadcast"])
def test_replies_in_a_thread_may_be_for_the_bot(name: str) -> None:
    found = said(name)
    assert str(found.address) == "T0NORDLYS/C0SHOP/1732441600.000300"
    assert not found.addressed


@pytest.mark.parametrize(
    "name",
    [
        "app_home_messages",
        "app_mention_edited",
        "bot_message",
        "channel_chatter",
        "channel_join",
        "mention_told_as_message",
        "message_changed",
        "message_deleted",
        "own_message",
        "reaction_added",
        "slackbot",
    ],
)
def test_what_nobody_said_to_the_bot(name: str) -> None:
    assert read_event(payload(name)) is None


def test_marks_become_words() -> None:
    assert said("direct_message_with_marks").text == (
        "Is my order (https://nordlys.example/o?a=1&b=2) at kari@nordlys.example <3 & @U0OLA in"
        " #shop, @here?"
    )


def test_files_are_named_by_their_id() -> None:
    assert said("file_share").attachments == (
        Attachment(
            "image",
            name="skadet eske.jpg",
            ref="F07ABCDEF12",
            media_type="image/jpeg",
            size=248113,
        ),
    )
    assert [item.kind for item in said("voice_clip").attachments] == ["audio"]
    assert said("slack_connect_file").attachments == (Attachment("file", ref="F9EXT"),)


def test_the_home() -> None:
    assert read_event(payload("app_home_opened")) == HomeOpened(
        Address("T0NORDLYS", "D0KARI"), "U0KARI"
    )


@pytest.mark.parametrize(
    ("name", "address", "text", "command"),
    [
        ("button", "T0NORDLYS/D0KARI", "Where is my order?", "/order_status"),
        (
            "button_in_thread",
            "T0NORDLYS/C0SHOP/1732441600.000300",
            "Where is my order?",
            "/order_status",
        ),
        (
            "button_in_private_answer",
            "T0NORDLYS/C0SHOP/@U0KARI",
            "Where is my order?",
            "/order_status",
        ),
        (
            "button_of_slack_connect",
            "T0NORDLYS/C9SHARED/1732441700.000900",
            "Where is my order?",
            "/order_status",
        ),
        ("list_choice", "T0NORDLYS/D0KARI", "Oslo", '/choose_store{"store": "oslo"}'),
        ("overflow", "T0NORDLYS/D0KARI", "Bergen", '/choose_store{"store": "bergen"}'),
        ("date_choice", "T0NORDLYS/D0KARI", "2026-11-27", '/choose_day{"day": "2026-11-27"}'),
        ("home_quick_start", "T0NORDLYS/D0KARI", "Hvor er pakken min?", None),
    ],
)
def test_presses(name: str, address: str, text: str, command: str | None) -> None:
    press = pressed(name)
    assert (str(press.address), press.text, press.payload) == (address, text, command)
    assert press.settled
    assert not press.unlink


def test_an_opened_page_is_no_answer() -> None:
    assert read_press(payload("button_that_opens_a_page")) is None


def test_unlink_from_the_home() -> None:
    assert pressed("home_unlink").unlink


def test_a_day_out_of_bounds_is_said_in_words() -> None:
    data = payload("date_choice")
    data["actions"][0]["selected_date"] = "2027-01-01"
    press = read_press(data)
    assert press is not None
    assert (press.text, press.payload, press.settled) == ("2027-01-01", None, False)


def test_each_press_is_one_event() -> None:
    first, second = payload("button"), payload("button")
    second["actions"][0]["action_ts"] = "1732441599.000001"
    ids = {pressed("button").event_id}
    for data in (first, second):
        press = read_press(data)
        assert press is not None
        ids.add(press.event_id)
    assert len(ids) == 2


def test_a_press_whose_block_names_another_channel_goes_where_it_was_made() -> None:
    data = payload("button")
    data["actions"][0]["block_id"] = "T0NORDLYS/D0OTHER|2"
    press = read_press(data)
    assert press is not None
    assert str(press.address) == "T0NORDLYS/D0KARI"


def test_commands() -> None:
    data = payload("command")
    assert read_command(data) == Command(
        Address("T0NORDLYS", "D0KARI"),
        f"command/{data['trigger_id']}",
        "U0KARI",
        "where is my order",
    )
    assert str(read_command(payload("command_in_channel")).address) == "T0NORDLYS/C0SHOP/@U0KARI"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("<@U0BOT> hi", "hi"),
        ("<@U1|anna> hi", "@anna hi"),
        ("<https://x.no|x.no> <http://x.no/|x.no>", "x.no x.no"),
        ("<https://x.no>", "https://x.no"),
        ("<https://x.no|here>", "here (https://x.no)"),
        ("<tel:+4790000000|900 00 000>", "900 00 000 (+4790000000)"),
        ("<mailto:a@b.no|a@b.no>", "a@b.no"),
        ("<!subteam^S1|@support> <!channel> <!date^1^{date}|today>", "@support @channel today"),
        ("&amp;lt; &lt;b&gt; 1 &lt; 2", "&lt; <b> 1 < 2"),
        ("a < b <c", "a < b <c"),
    ],
)
def test_plain_words(written: str, words: str) -> None:
    assert plain_words(written, "U0BOT") == words


@given(st.text())
def test_typed_text_comes_out_as_it_was_typed(text: str) -> None:
    assert plain_words(escape(text)) == text.strip()


@pytest.mark.parametrize("text", ["T1/D1", "T1/C1/1700000000.000100", "E1/C1/@U1"])
def test_addresses(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize("text", ["", "T1", "T1/D1/", "T1/D1/x", "t1/d1", "T1/C1/@", "T1/D1\n"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        parse_address(text)


def test_bodies() -> None:
    data = {"type": "block_actions"}
    form = urlencode({"payload": json.dumps(data)}).encode()
    assert read_body(form, f"{FORM}; charset=utf-8") == data
    assert read_body(json.dumps(data).encode(), JSON) == data
    assert read_body(b"a=1&b=", FORM) == {"a": "1", "b": ""}


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"\xff", JSON, "not_utf8"),
        (b"{", JSON, "invalid_json"),
        (b"[" * 100_000, JSON, "invalid_json"),
        (b"[]", JSON, "not_an_object"),
        (b"payload=%5B", FORM, "invalid_json"),
        (b"&".join(b"a=1" for _ in range(300)), FORM, "invalid_form"),
    ],
)
def test_bodies_that_are_none(body: bytes, kind: str, code: str) -> None:
    with pytest.raises(InvalidMessage) as refused:
        read_body(body, kind)
    assert refused.value.code == code


def test_what_no_store_takes_is_left_out_of_a_body() -> None:
    body = rb'{"text": "a\ud83d b\u0000 \ud83d\ude00 \\u0000", "files": [{"name\udc00": "\udfff"}]}'
    expected = {"text": "a\ufffd b \U0001f600 \\u0000", "files": [{"name\ufffd": "\ufffd"}]}
    assert read_body(body, JSON) == expected
    assert read_body(urlencode({"payload": body.decode()}).encode(), FORM) == expected
    assert read_body(b"command=%2Fhelp-me&text=a%00b%ED%A0%80", FORM)["text"].startswith("ab")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                """
                type event user channel ts text files id team_id authorizations actions action_id
                block_id container selected_option selected_date action_ts message view thread_ts
                channel_id user_id trigger_id value tab channel_type team
                """.split()
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=25,
)
KNOWN = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "app_mention", "app_home_opened"])},
    optional={
        "user": st.sampled_from(["U1", ""]) | ANY_JSON,
        "channel": st.sampled_from(["C1", "D1"]) | ANY_JSON,
        "ts": st.just("1.2") | ANY_JSON,
        "text": ANY_JSON,
        "files": ANY_JSON,
        "thread_ts": ANY_JSON,
        "subtype": st.text(max_size=3),
    },
)


@given(st.dictionaries(st.text(max_size=5), ANY_JSON) | ANY_JSON, KNOWN, ANY_JSON)
def test_no_json_breaks_the_parsers(body: Any, event: Any, authorizations: Any) -> None:
    bodies = [body] if isinstance(body, dict) else []
    bodies.append({"event": event, "team_id": "T1", "authorizations": authorizations})
    bodies.append({"actions": [body], "user": {"id": "U1"}, "container": event})
    for data in bodies:
        for read in (read_event, read_press, read_command, team_of):
            with contextlib.suppress(InvalidMessage):
                read(data)


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_every_stored_payload_with_any_field_missing(name: str) -> None:
    for data in _without_each(payload(name)):
        for read in (read_event, read_press, read_command):
            with contextlib.suppress(InvalidMessage):
                read(data)


def _without_each(data: Any) -> list[Any]:
    """The data without one of its fields, and with one of them of another type, each in turn."""
    found: list[Any] = []
    if isinstance(data, dict):
        for name, value in data.items():
            rest = {other: kept for other, kept in data.items() if other != name}
            found += [rest, {**rest, name: 7}, {**rest, name: None}, {**rest, name: []}]
            found += [{**data, name: inner} for inner in _without_each(value)]
    elif isinstance(data, list):
        for number, value in enumerate(data):
            found += [
                [*data[:number], inner, *data[number + 1 :]] for inner in _without_each(value)
            ]
    return found
