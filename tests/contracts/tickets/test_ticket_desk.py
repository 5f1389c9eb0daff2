"""What every ticket system does alike: SQLite, PostgreSQL, Zammad, Zendesk."""

from __future__ import annotations

import asyncio
import time
from datetime import timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.tickets.desk import MOST_LISTED, TicketDesk
from actions.tickets.errors import TicketNotFound, TicketsUnavailable
from actions.tickets.model import MAX_TEXT, Link, TicketState, storable
from tests.ticket_benches import EMAIL, Bench, draft

LIMIT = 0.7
# What a busy machine may add to a time limit.
SLACK = 1.5

TEXTS = {
    "norwegian": "Lampa kom i tusen knas, og æøå står på pakkelappen.",
    "emoji": "Den er ødelagt 😡👩‍👩‍👧‍👦 🇳🇴",
    "right to left": "المصباح مكسور",
    "markup": "<script>alert('x')</script> <b>bold</b> &amp; {{ticket.id}} #{ticket.title}",
    "markdown": "# not a heading\n\n- *not* a list\n\n---\n\nOrder: 99999",
    "several lines": "First line.\n\n\tSecond, with a tab.\nThird.",
    "long": "Long story. " * 1_000,
    "the longest": "😡" * MAX_TEXT,
}

UNKNOWN = ["999", "0", "", "-1", "1.0", "abc", "٣", "1/../2", "1?x=1", "9" * 18, "9" * 40]


# --- opening ---


async def test_a_new_ticket_is_found_again(desk: TicketDesk) -> None:
    opened = await desk.open(draft("The lamp came in pieces.\nAll of it."), "key-1")
    assert opened.state is TicketState.NEW
    assert opened.number.isdecimal()
    assert opened.subject == "The lamp came in pieces. All of it."
    assert opened.updated_at.tzinfo is not None
    assert opened.updated_at.astimezone(timezone.utc).year >= 2026
    assert await desk.find(opened.id) == opened


async def test_the_customer_s_words_are_kept_as_they_are(desk: TicketDesk, bench: Bench) -> None:
    for kind, words in TEXTS.items():
        opened = await desk.open(draft(words), kind)
        (kept,) = bench.texts(opened.id)
        assert kept.startswith(words), kind
        assert bench.hidden(opened.id) == [False]
        assert len(opened.subject) <= 100


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=st.text(min_size=1, max_size=300).filter(str.strip), number=st.integers(0))
async def test_no_text_breaks_it(desk: TicketDesk, bench: Bench, words: str, number: int) -> None:
    if not storable(words).strip():
        return
    opened = await desk.open(draft(words), f"{number}-{hash(words)}"[:64])
    assert bench.texts(opened.id)[0].startswith(storable(words))


async def test_the_same_key_opens_one_ticket(desk: TicketDesk, bench: Bench) -> None:
    first = await desk.open(draft(), "key-1")
    again = await bench.desk().open(draft(), "key-1")
    assert again == first
    assert bench.count() == 1
    assert len(bench.texts(first.id)) == 1


async def test_another_key_opens_another_ticket(desk: TicketDesk, bench: Bench) -> None:
    first, second = await desk.open(draft(), "key-1"), await desk.open(draft(), "key-2")
    assert first.id != second.id
    assert first.number != second.number
    assert bench.count() == 2


async def test_a_connection_that_breaks_once_it_is_taken_opens_one_ticket(
    desk: TicketDesk, bench: Bench
) -> None:
    bench.cut_off_once()
    opened = await desk.open(draft(), "key-1")
    assert (await desk.open(draft(), "key-1")).id == opened.id
    assert bench.count() == 1


# --- whose it is ---


async def test_a_conversation_sees_its_own_tickets_the_latest_first(desk: TicketDesk) -> None:
    opened = [await desk.open(draft(), f"key-{number}") for number in range(MOST_LISTED + 2)]
    await desk.open(draft(conversation="web:c2"), "key-of-another")
    listed = await desk.of_conversation("web:c1")
    assert [ticket.id for ticket in listed] == [ticket.id for ticket in reversed(opened)][
        :MOST_LISTED
    ]


async def test_nobody_else_sees_them(desk: TicketDesk) -> None:
    await desk.open(draft(), "key-1")
    for conversation in ("web:c", "web:c11", "", "%", "web:C1", "web:c1 OR 1"):
        assert await desk.of_conversation(conversation) == (), conversation


async def test_a_ticket_is_linked_to_one_more_conversation(desk: TicketDesk, bench: Bench) -> None:
    opened = await desk.open(draft(), "key-1")
    link = Link("telegram:4711", "telegram", "web:c1")
    assert await desk.link(opened.id, link)
    assert not await desk.link(opened.id, link)
    assert [ticket.id for ticket in await desk.of_conversation("telegram:4711")] == [opened.id]
    assert [ticket.id for ticket in await desk.of_conversation("web:c1")] == [opened.id]
    assert all(bench.hidden(opened.id)[1:])
    assert len(bench.texts(opened.id)) <= 2


# --- notes, states, the end ---


async def test_a_note_is_added_once(desk: TicketDesk, bench: Bench) -> None:
    opened = await desk.open(draft(), "key-1")
    assert await desk.add_note(opened.id, "Called; <b>no answer</b> 😐", "note-1")
    assert not await desk.add_note(opened.id, "Called; <b>no answer</b> 😐", "note-1")
    assert await desk.add_note(opened.id, "We are on it.", "note-2", public=True)
    assert bench.texts(opened.id)[1:] == ["Called; <b>no answer</b> 😐", "We are on it."]
    assert bench.hidden(opened.id) == [False, True, False]


async def test_the_same_key_may_note_something_in_two_tickets(
    desk: TicketDesk, bench: Bench
) -> None:
    first, second = await desk.open(draft(), "key-1"), await desk.open(draft(), "key-2")
    assert await desk.add_note(first.id, "Both are the same.", "note-1")
    assert await desk.add_note(second.id, "Both are the same.", "note-1")


async def test_what_staff_do_is_seen(desk: TicketDesk, bench: Bench) -> None:
    opened = await desk.open(draft(), "key-1")
    for word, meaning in bench.states.items():
        bench.set_state(opened.id, word)
        assert (await desk.find(opened.id)).state is TicketState(meaning), word
        (listed,) = await desk.of_conversation("web:c1")
        assert listed.state is TicketState(meaning), word


async def test_closing_is_for_good_and_may_be_asked_for_twice(
    desk: TicketDesk, bench: Bench
) -> None:
    opened = await desk.open(draft(), "key-1")
    assert (await desk.close_ticket(opened.id)).state is TicketState.CLOSED
    assert (await desk.close_ticket(opened.id)).state is TicketState.CLOSED
    assert (await desk.find(opened.id)).state is TicketState.CLOSED


async def test_an_unknown_ticket_is_not_found(desk: TicketDesk) -> None:
    await desk.open(draft(), "key-1")
    for ticket_id in UNKNOWN:
        with pytest.raises(TicketNotFound):
            await desk.find(ticket_id)
        with pytest.raises(TicketNotFound):
            await desk.add_note(ticket_id, "a note", "note-1")
        with pytest.raises(TicketNotFound):
            await desk.link(ticket_id, Link("web:c2"))
        with pytest.raises(TicketNotFound):
            await desk.close_ticket(ticket_id)


async def test_check_tells_who_it_is(desk: TicketDesk) -> None:
    assert await desk.check()


# --- when the system fails ---


async def unavailable(desk: TicketDesk) -> TicketsUnavailable:
    started = time.monotonic()
    with pytest.raises(TicketsUnavailable) as caught:
        await desk.open(draft(), "key-1")
    assert time.monotonic() - started < LIMIT + SLACK
    assert EMAIL not in str(caught.value)
    assert "lamp" not in str(caught.value)
    return caught.value


async def test_a_system_that_is_away_is_said_within_the_limit(bench: Bench) -> None:
    with bench.away(LIMIT) as desk:
        assert (await unavailable(desk)).retryable


async def test_a_system_that_does_not_answer_costs_the_limit(bench: Bench) -> None:
    desk = bench.desk(LIMIT)
    await desk.prepare()
    await desk.check()
    with bench.slow():
        waiting = asyncio.create_task(unavailable(desk))
        ticks = 0
        while not waiting.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert (await waiting).retryable
        assert ticks > 20, "the event loop went on"


async def test_a_closed_desk_answers_that_it_is_unavailable(desk: TicketDesk) -> None:
    desk.close()
    with pytest.raises(TicketsUnavailable):
        await desk.find("1")


async def test_closing_ends_what_is_under_way(bench: Bench) -> None:
    desk = bench.desk(30.0)
    await desk.prepare()
    with bench.slow():
        waiting = asyncio.create_task(desk.open(draft(), "key-1"))
        await asyncio.sleep(0.2)
        desk.close()
        started = time.monotonic()
        with pytest.raises(TicketsUnavailable):
            await waiting
        assert time.monotonic() - started < SLACK
