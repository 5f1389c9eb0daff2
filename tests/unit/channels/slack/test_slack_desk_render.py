from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UnreadableEntry
from bot.model.content import (
    Attachment,
    Button,
    Card,
    Carousel,
    Content,
    Custom,
    Fact,
    File,
    Image,
    QuickReplies,
    Rating,
    Shared,
    Text,
    Typing,
)
from bot.model.handoff import Agent, Cause, Handoff, State
from bot.model.journal import TurnRecord
from bot.model.messages import Author, Outbound, Utterance
from bot.ports import DeskUtterance, HandoffLabel
from channels.rendering.markup import as_plain
from channels.slack.desk.lines import HISTORY_LINES, change_line, history_message, spoken_lines
from channels.slack.desk.mirror import SlackDeskMirror, message_id
from channels.slack.desk.root import root_of
from channels.slack.desk.shown import Changed, Heard, Shown, Spoken, shown_from_content
from channels.slack.desk.wording import blocks_of
from channels.slack.desk.words import LANGUAGES, words_for
from tests.recording.slack_blocks import block_problems
from tests.slack_events import choices

KARI = Agent("slack:U0KARI", "Kari", "slack")
OLA = Agent("a1", "Ola")
WAITING = Handoff(
    id="t1-1795540000000-0",
    conversation_id="web:c1",
    state=State.WAITING,
    version=1,
    cause=Cause.CUSTOMER_ASKED,
    topic="damaged_goods",
    language="nb",
    channel="web",
    team_id="t1",
    owner=None,
    requested_at=1795540000.0,
    waiting_since=1795540000.0,
)
TAKEN = replace(WAITING, state=State.WITH_PERSON, version=2, owner=KARI, claimed_at=1795540060.0)
CLOSED = replace(TAKEN, state=State.WRAPPED_UP, version=3, ended="resolved", ended_at=1795540090.0)
BACK = replace(CLOSED, state=State.BACK_TO_BOT, version=4)
LONG = "Æ" * 3_000 + " \U0001f44b" * 60
LABEL = HandoffLabel("Anna Ås", "Retur")


def shown(messages: Sequence[Outbound]) -> Shown:
    (message,) = messages
    assert Outbound.from_json(message.to_json()) == message
    return shown_from_content(message.content)


def fits(blocks: Sequence[Mapping[str, Any]], text: str) -> None:
    assert block_problems(list(blocks)) == []
    assert 0 < len(text) <= 40_000
    assert len(json.dumps(list(blocks), ensure_ascii=False)) < 100_000


# ----------------------------------------------------------------------------------- the mirror


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (None, WAITING, "begun"),
        (None, TAKEN, "begun"),
        (WAITING, TAKEN, "taken"),
        (TAKEN, replace(TAKEN, owner=OLA, version=3), "given"),
        (TAKEN, replace(WAITING, version=3), "requeued"),
        (WAITING, replace(WAITING, team_id="t2", version=2), "moved"),
        (WAITING, replace(WAITING, version=2), "escalated"),
        (TAKEN, CLOSED, "closed"),
        (TAKEN, replace(CLOSED, ended="unresolved"), "closed"),
        (TAKEN, replace(BACK, ended="returned"), "returned"),
        (WAITING, replace(BACK, ended="turned_away"), "turned_away"),
        (WAITING, replace(BACK, ended="left"), "left"),
        (BACK, replace(BACK, rating=4), "rated"),
    ],
)
def test_what_a_change_is(before: Handoff | None, after: Handoff, change: str) -> None:
    found = shown(SlackDeskMirror().changed(before, after, "between us"))
    assert found == Changed(after, change, "between us")  # type: ignore[arg-type]


def test_that_the_bot_has_resumed_is_no_news() -> None:
    assert SlackDeskMirror().changed(CLOSED, BACK, None) == ()


def test_the_same_again_is_the_same_message() -> None:
    mirror = SlackDeskMirror(clock=lambda: 7.0)
    assert mirror.changed(None, WAITING, None) == mirror.changed(None, WAITING, None)
    turn = TurnRecord("web:c1", "1-2-3", "e1", "web", "c1", 1.0, 2.0, "nb", None, None)
    said = DeskUtterance("u1", "web:c1", Text("Hei"), Author.STAFF, "Kari")
    posted = [
        *mirror.changed(None, WAITING, None),
        *mirror.changed(WAITING, TAKEN, None),
        *mirror.changed(BACK, replace(BACK, rating=4), None),
        *mirror.changed(BACK, BACK, "one note"),
        *mirror.changed(BACK, BACK, "another note"),
        *mirror.heard(WAITING, turn, "hei"),
        *mirror.heard(WAITING, replace(turn, turn_id="1-2-4"), "hei"),
        *mirror.said(TAKEN, said),
        *mirror.said(TAKEN, replace(said, id="u2")),
    ]
    assert len({message.id for message in posted}) == len(posted)
    assert {(m.channel, m.recipient, m.conversation_id) for m in posted} == {
        ("slack_desk", WAITING.id, "web:c1")
    }
    assert [shown([message]) for message in posted[5:8:2]] == [
        Heard(WAITING, "hei"),
        Spoken(TAKEN, Author.STAFF, Text("Hei"), "Kari"),
    ]


def test_what_was_written_in_slack_is_not_repeated_there() -> None:
    said = DeskUtterance(
        f"t1.m.{message_id('1795540060.000400')}", "web:c1", Text("Hei"), Author.STAFF, "Kari"
    )
    assert SlackDeskMirror().said(TAKEN, said) == ()


@pytest.mark.parametrize(
    "content",
    [Text("hei"), Custom({}), Custom({"slack_desk": 7}), Custom({"slack_desk": {"kind": "x"}})],
)
def test_what_is_nothing_for_this_desk(content: Content) -> None:
    with pytest.raises(UnreadableEntry):
        shown_from_content(content)


# ------------------------------------------------------------------------------------- the root


@pytest.mark.parametrize(
    ("handoff", "state", "buttons"),
    [
        (WAITING, "Venter", ["Ta", "Åpne i konsollen"]),
        (TAKEN, "Hos Kari", ["Gi til boten", "Avslutt", "Åpne i konsollen"]),
        (CLOSED, "Avsluttet: løst", ["Åpne i konsollen"]),
        (BACK, "Avsluttet: løst", ["Åpne i konsollen"]),
        (replace(BACK, ended="left"), "gikk tilbake til boten", ["Åpne i konsollen"]),
    ],
)
def test_the_first_message_fits_the_state(handoff: Handoff, state: str, buttons: list[str]) -> None:
    blocks, text = root_of(handoff, LABEL, "https://chat.example/console/conversations?c=web%3Ac1")
    fits(blocks, text)
    assert state in text
    for seen in ("Anna Ås · Web", "ba om et menneske", "damaged_goods", "Retur", "norsk"):
        assert seen in text
    found = list(choices([dict(block) for block in blocks]))
    assert [title for title, _ in found] == buttons
    assert {action.get("value", handoff.id) for _, action in found} == {handoff.id}
    date = json.dumps(blocks)
    assert '"timestamp": 1795540000' in date
    assert "UTC" in date


def test_without_names_and_a_console() -> None:
    blocks, text = root_of(replace(CLOSED, language="de"), HandoffLabel(), None)
    fits(blocks, text)
    assert "Customer · Web" in text
    assert not any(block["type"] == "actions" for block in blocks)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("language", ["en", "nb", ""])
def test_every_state_and_cause_has_words(state: State, cause: Cause, language: str) -> None:
    if state is State.BOT:
        return
    handoff = replace(TAKEN, state=state, cause=cause, language=language, topic=LONG, note=LONG)
    label = HandoffLabel(LONG, LONG)
    fits(*root_of(replace(handoff, owner=replace(KARI, name=LONG)), label, "https://x.example"))


def test_both_languages_have_the_same() -> None:
    english, norwegian = (words_for(language) for language in LANGUAGES)
    for name, value in vars(english).items():
        other = getattr(norwegian, name)
        if isinstance(value, dict):
            assert value.keys() == other.keys(), name
            assert all(other.values()), name
        else:
            assert other, name
    assert set(english.states) == {state.value for state in State} - {"bot"}
    assert set(english.causes) == {cause.value for cause in Cause}


# ------------------------------------------------------------------------------------ the lines


def test_what_was_heard_is_no_markup() -> None:
    ((blocks, text),) = spoken_lines(Heard(WAITING, "**Hei** <!channel> <@U1>\n- one"))
    fits(blocks, text)
    assert "**Hei** <!channel> <@U1>\\n- one" in json.dumps(blocks)
    assert text == "Kunde: **Hei** &lt;!channel&gt; &lt;@U1&gt;\n- one"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (Text("Hei **du**"), "Hei du"),
        (
            QuickReplies("Vent litt", (Button("Til boten", "/back_to_bot"),)),
            "Vent litt\n\n[Til boten]",
        ),
        (Rating("Hvordan var det?", '/rate{"rating": "$rating"}'), "Hvordan var det?"),
        (Image("https://x.example/a.png", "En lampe"), "En lampe"),
        (File("https://x.example/a.pdf", "a.pdf", "Se her"), "a.pdf"),
        (Card("Lampe", "Blå", facts=(Fact("Pris", "100 kr"),)), "Lampe\nBlå\nPris: 100 kr"),
        (Carousel((Card("A"), Card("B"))), "A\n\nB"),
        (Shared("*Se*", (Attachment("image", "bilde.png"),)), "*Se*\n\n📎 bilde.png"),
        (Shared("", (Attachment("location", latitude=59.9, longitude=10.7),)), "59.9, 10.7"),
        (Typing(), ""),
    ],
)
def test_the_words_of_every_content(content: Content, text: str) -> None:
    assert text in as_plain(blocks_of(content, "nb"))
    for message in spoken_lines(Spoken(TAKEN, Author.STAFF, content, "Kari")):
        fits(*message)
        assert "Kari:" in message[1]


def test_a_long_text_is_as_few_messages_as_slack_takes() -> None:
    messages = spoken_lines(Heard(WAITING, LONG))
    assert len(messages) == 1
    fits(*messages[0])
    more = spoken_lines(Heard(WAITING, "Ord " * 4_000))
    assert len(more) == 2
    for message in more:
        fits(*message)
    assert sum(text.count("Ord") for text in map(json.dumps, (b for b, _ in more))) == 4_000


@settings(max_examples=40)
@given(st.text(max_size=300), st.text(max_size=60))
def test_whatever_is_said_slack_takes_it(text: str, name: str) -> None:
    fits(*spoken_lines(Heard(WAITING, text))[0])
    for message in spoken_lines(Spoken(TAKEN, Author.STAFF, Text(text), name)):
        fits(*message)
    fits(*change_line(Changed(TAKEN, "taken", text), HandoffLabel(name, name), "U0KARI"))
    said = [Utterance("1", "e1", Author.CUSTOMER, Text(text), "web", "1-1-0", 1.0)]
    fits(*history_message(WAITING, said, HandoffLabel(name)))
    fits(*root_of(replace(TAKEN, owner=replace(KARI, name=name)), HandoffLabel(name), None))


def test_a_change_names_who_has_it_now() -> None:
    blocks, text = change_line(Changed(TAKEN, "taken", "Husk lampen"), LABEL, "U0KARI")
    fits(blocks, text)
    assert '"user_id": "U0KARI"' in json.dumps(blocks)
    assert "Kari har tatt den." in text
    assert "Notat: Husk lampen" in text
    _, moved = change_line(Changed(WAITING, "moved"), LABEL, None)
    assert moved == "Den venter på Retur nå."
    _, rated = change_line(Changed(replace(BACK, rating=4), "rated"), LABEL, None)
    assert rated == "Kunden ga 4 av 5."


# ---------------------------------------------------------------------------------- the history


def line(
    text: str, turn: str, author: Author = Author.CUSTOMER, at: float = 1.0, name: str | None = None
) -> Utterance:
    return Utterance("c", f"{turn}/{text}", author, Text(text), "web", turn, at, name)


def test_the_history_ends_where_the_thread_begins() -> None:
    said = [
        line("first", "1-1795539990000-0"),
        line("an answer", "1-1795539990000-0", Author.BOT),
        line("from a colleague, before", "1-0-4", Author.STAFF, 1795539995.0, "Per"),
        line("a person", "1-1795540000000-0"),
        line("heard later", "1-1795540000000-1"),
        line("I get someone", "1-1795540000000-0", Author.BOT, 1795540000.2),
        line("You are next", "1-0-5", Author.BOT, 1795540000.3),
        line("heard later too", "1-1795540001000-0"),
    ]
    blocks, text = history_message(WAITING, said, LABEL)
    fits(blocks, text)
    assert text == (
        "Tidligere\n Anna Ås: first\n Boten: an answer\n Per: from a colleague, before\n"
        " Anna Ås: a person\n Boten: I get someone"
    ).replace("\n ", "\n")


def test_the_history_of_a_takeover_ends_at_its_time() -> None:
    handoff = replace(TAKEN, id="s123")
    said = [
        line("before", "1-1-0", at=1795539999.0),
        line("after", "1-1795540001000-0", at=1795540001.0),
    ]
    _, text = history_message(handoff, said, LABEL)
    assert "before" in text
    assert "after" not in text


def test_a_long_history_is_one_message() -> None:
    said = [line(f"{number} {LONG}", f"1-{number + 1}-0") for number in range(40)]
    blocks, text = history_message(WAITING, said, replace(LABEL, customer=LONG))
    fits(blocks, text)
    assert sum(block["type"] == "rich_text" for block in blocks) == HISTORY_LINES + 1
    assert "39 Æ" in json.dumps(blocks, ensure_ascii=False)
    assert "Eldre meldinger står i konsollen" in json.dumps(blocks, ensure_ascii=False)


def test_no_history() -> None:
    blocks, text = history_message(WAITING, [], LABEL)
    fits(blocks, text)
    assert text == "Ingenting er skrevet før dette."
