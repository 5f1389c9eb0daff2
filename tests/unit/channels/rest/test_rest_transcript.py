"""Which lines of the transcript answer a request."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.model.content import Text
from bot.model.messages import Author, Utterance
from bot.ports import Accepted
from channels.rest.transcript import find_reply

BOT, STAFF, CUSTOMER = Author.BOT, Author.STAFF, Author.CUSTOMER


def lines(*said: tuple[Author, str, str]) -> list[Utterance]:
    """(author, turn, text), in order; `turn` with an @ was on another channel."""
    made = []
    for number, (author, turn, text) in enumerate(said, start=1):
        name, _, channel = turn.partition("@")
        made.append(
            Utterance(
                f"{number}-0", f"{name}/{number}", author, Text(text), channel or "rest", name, 0.0
            )
        )
    return made


def reply(said: Sequence[Utterance], turn: str, *, whole: bool = True) -> list[str] | None:
    """The texts of the reply to the message that began this turn."""
    asked = next(line for line in said if line.turn_id == turn and line.author is CUSTOMER)
    found = find_reply(said, Accepted(turn, asked.cursor, False), whole=whole)
    if found is None:
        return None
    return [line.content.text for line in found.lines if isinstance(line.content, Text)]


def test_what_the_desk_said_comes_with_the_next_message_and_each_line_once() -> None:
    said = lines(
        (CUSTOMER, "t1", "Hi"),
        (BOT, "t1", "Hello"),
        (CUSTOMER, "t2", "A person, please"),
        (BOT, "t2", "One moment"),
        (BOT, "d1", "You are number 2"),
        (STAFF, "d2", "Hi, this is Kari"),
        (CUSTOMER, "t3", "Finally"),
        (STAFF, "d3", "Sorry"),
        (CUSTOMER, "t4", "Never mind"),
        (BOT, "t5", "I am back"),
        (CUSTOMER, "t6", "Where is my order?"),
        (BOT, "t6", "Which one?"),
    )
    assert [reply(said, turn) for turn in ("t1", "t2", "t3", "t4", "t6")] == [
        ["Hello"],
        ["One moment"],
        ["You are number 2", "Hi, this is Kari"],
        ["Sorry"],
        ["I am back", "Which one?"],
    ]


def test_answers_to_messages_sent_at_once_stay_with_their_own() -> None:
    said = lines(
        (CUSTOMER, "t1", "one"),
        (CUSTOMER, "t2", "two"),
        (CUSTOMER, "t3", "three"),
        (BOT, "t1", "first"),
        (STAFF, "d1", "in between"),
        (CUSTOMER, "t4", "four"),
        (BOT, "t3", "third"),
        (BOT, "t4", "fourth"),
    )
    # t2 was kept in silence.
    replies = [reply(said, turn) for turn in ("t1", "t2", "t3", "t4")]
    assert replies == [["first"], [], ["in between", "third"], ["fourth"]]


def test_other_channels_lines_are_not_told_here() -> None:
    said = lines(
        (CUSTOMER, "t1", "Hi"),
        (BOT, "t1", "Hello"),
        (CUSTOMER, "t2@telegram", "Now here"),
        (BOT, "t2@telegram", "Fine"),
        (STAFF, "d1@telegram", "Kari, on Telegram"),
        (CUSTOMER, "t3", "Back"),
        (BOT, "t3", "Welcome back"),
    )
    assert reply(said, "t3") == ["Welcome back"]


def test_more_is_asked_for_where_the_newest_lines_do_not_tell() -> None:
    said = lines(
        (CUSTOMER, "t1", "Hi"),
        *((STAFF, f"d{number}", f"line {number}") for number in range(40)),
        (CUSTOMER, "t2", "Thanks"),
        (CUSTOMER, "t3", "Bye"),
    )
    assert reply(said[-8:], "t2", whole=False) is None
    # The message before is there, but not what might have been sent just before it.
    assert reply(said, "t2", whole=False) is None
    assert reply(said, "t2") == [f"line {number}" for number in range(40)]
    gone = find_reply(said[-1:], Accepted("t1", "1-0", True), whole=False)
    assert gone is None


@given(st.lists(st.sampled_from(["asked", "answered", "desk", "elsewhere"]), max_size=40))
def test_every_line_is_told_once_however_it_went(events: list[str]) -> None:
    """In a conversation of one message after the other, as clients have it."""
    said: list[tuple[Author, str, str]] = []
    turns: list[str] = []
    for number, event in enumerate(events):
        if event == "asked":
            turns.append(f"t{number}")
            said.append((CUSTOMER, turns[-1], "?"))
        elif event == "answered" and turns and said[-1] == (CUSTOMER, turns[-1], "?"):
            said.append((BOT, turns[-1], f"answer {number}"))
        elif event == "desk":
            said.append((STAFF, f"d{number}", f"desk {number}"))
        elif event == "elsewhere":
            said.append((STAFF, f"d{number}@web", f"web {number}"))
    made = lines(*said)
    told = [text for turn in turns for text in reply(made, turn) or []]
    wanted = [text for author, turn, text in said if author is not CUSTOMER and "@" not in turn]
    assert told == wanted[: len(told)]
    # What is not told yet came after the last message's answer.
    asked = [at for at, (author, _, _) in enumerate(said) if author is CUSTOMER]
    later = said[asked[-1] + 1 :] if asked else said
    assert set(wanted[len(told) :]) <= {text for _, _, text in later}
