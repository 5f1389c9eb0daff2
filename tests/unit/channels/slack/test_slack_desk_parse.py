from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidMessage
from channels.rendering.markup import plain
from channels.slack.desk.parse import (
    Wrote,
    channel_of,
    is_desk_press,
    note_in,
    read_desk_press,
    read_written,
)
from channels.slack.desk.place import Place, parse_place
from channels.slack.desk.written import mentioned, written
from tests.slack_events import message

PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "slack"
ROOT = "1795540000.000100"


def payload(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return data


def wrote(name: str) -> Wrote:
    found = read_written(payload(name))
    assert found is not None
    return found


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"text": "other words", "blocks": [{"type": "rich_text", "elements": list(elements)}]}


def section(*parts: dict[str, Any], kind: str = "rich_text_section") -> dict[str, Any]:
    return {"type": kind, "elements": list(parts)}


def words(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": style}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("staff_thread_reply", "wrote"),
        ("staff_thread_edited", "edited"),
        ("staff_thread_deleted", "deleted"),
    ],
)
def test_what_is_written_in_a_thread(name: str, kind: str) -> None:
    found = wrote(name)
    assert (found.kind, str(found.place), found.user) == (kind, f"C0STAFF/{ROOT}", "U0KARI")
    assert found.timestamp == "1795540060.000400"
    assert channel_of(payload(name)) == "C0STAFF"


@pytest.mark.parametrize(
    "name",
    [
        "staff_channel_talk",
        "app_mention",
        "bot_message",
        "own_message",
        "channel_join",
        "reaction_added",
        "slackbot",
    ],
)
def test_all_else_is_nothing(name: str) -> None:
    assert read_written(payload(name)) is None


def test_the_first_message_of_a_thread_is_not_in_it() -> None:
    event = message("hei", "C0STAFF", thread_ts="1795540000.000001", ts="1795540000.000001")
    assert read_written(event) is None


def test_what_slack_changes_by_itself_is_no_correction() -> None:
    unfurled = payload("staff_thread_edited")
    unfurled["event"]["message"]["text"] = unfurled["event"]["previous_message"]["text"]
    assert read_written(unfurled) is None
    by_slack = payload("staff_thread_edited")
    del by_slack["event"]["message"]["edited"]
    assert read_written(by_slack) is None


def test_the_marks_become_ours() -> None:
    event = payload("staff_thread_reply")["event"]
    assert mentioned(event) == {"U0OLA"}
    assert written(event, {"U0OLA": "Ola"}) == (
        "Hei 👋! Se [siden om retur](https://nordlys.example/retur) eller **ring oss**."
        " @Ola kan hjelpe deg.\n1. Pakk lampen\n2. Send den"
    )


def test_without_rich_text_the_words_are_what_they_are() -> None:
    event = {"text": "a &lt; b, *not bold*, <@U0OLA> <https://x.example|there>"}
    text = written(event, {"U0OLA": "Ola"})
    assert text == "a < b, *not bold*, @Ola there (https://x.example)"


def test_every_kind_of_rich_text() -> None:
    event = rich(
        section(words("bold", bold=True), words(" "), words("italic", italic=True)),
        section(words("x = 1"), kind="rich_text_preformatted"),
        section(words("as you wrote"), kind="rich_text_quote"),
        {
            "type": "rich_text_list",
            "style": "bullet",
            "indent": 0,
            "elements": [section(words("one")), section(words("two"))],
        },
        section({"type": "broadcast", "range": "here"}, {"type": "emoji", "name": "nordlys"}),
        section({"type": "link", "url": "https://x.example"}, {"type": "color", "value": "#fff"}),
        section({"type": "date", "timestamp": 1, "fallback": "1 January"}, {"type": "new"}),
    )
    text = written(event, {})
    for seen in ("**bold** *italic*", "x = 1", "“as you wrote”", "- one\n- two", "@here:nordlys:"):
        assert seen in text
    assert "https://x.example" in plain(text)
    assert "1 January" in text


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("note: call her", "call her"),
        ("Notat : ring henne", "ring henne"),
        ("  // between us", "between us"),
        ("*NOTE:* in bold", "in bold"),
        ("_notat:_ i kursiv", "i kursiv"),
        ("&gt; note: quoted", "quoted"),
        ("note:", ""),
        ("A note: that is none", None),
        ("noted", None),
        ("https://x.example", None),
        ("/ not a note", None),
    ],
)
def test_notes(text: str, note: str | None) -> None:
    assert note_in({"text": text}) == note


def test_a_button() -> None:
    body = payload("staff_button")
    assert is_desk_press(body)
    pressed = read_desk_press(body)
    assert (pressed.action, pressed.handoff_id) == ("desk_close", "t1-1795539999000-0")
    assert (pressed.channel, pressed.user, pressed.name) == ("C0STAFF", "U0KARI", "kari")
    assert pressed.response_url == "https://hooks.slack.com/actions/T0NORDLYS/1/x"
    assert not is_desk_press(payload("button"))
    assert not is_desk_press({})


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_no_event_breaks_it(name: str) -> None:
    body = payload(name)
    channel_of(body)
    with contextlib.suppress(InvalidMessage):
        read_written(body)
    if is_desk_press(body):
        read_desk_press(body)


_leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
_json = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
_parts = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "link", "emoji", "user", "rich_text_list", "x"])},
    optional={
        "text": st.text(max_size=8),
        "url": _leaf,
        "style": _leaf,
        "elements": _leaf | st.lists(st.just({"type": "text", "text": "x"}), max_size=2),
        "unicode": st.text("0123456789abcdef-", max_size=12),
        "user_id": _leaf,
        "indent": _leaf,
        "offset": _leaf,
    },
)


_kinds = st.sampled_from(["rich_text_section", "rich_text_list", "rich_text_preformatted", "x"])


@settings(max_examples=40)
@given(
    st.lists(
        st.fixed_dictionaries({"type": _kinds, "elements": st.lists(_parts, max_size=4)}),
        max_size=3,
    )
)
def test_whatever_is_in_rich_text_there_are_words(elements: list[dict[str, Any]]) -> None:
    text = written(rich(*elements), {})
    assert text == text.strip()


@given(st.dictionaries(st.sampled_from(["event", "actions", "user", "container"]), _json))
def test_whatever_comes_is_read_or_refused(body: dict[str, Any]) -> None:
    channel_of(body)
    with contextlib.suppress(InvalidMessage):
        read_written(body)
    with contextlib.suppress(InvalidMessage):
        read_desk_press(body)


def test_places() -> None:
    place = Place("C0STAFF", ROOT)
    assert parse_place(str(place)) == place
    for text in ("", "D0KARI/1.2", "C0STAFF", f"C0STAFF/{ROOT}/1", "C0STAFF/now"):
        assert parse_place(text) is None
