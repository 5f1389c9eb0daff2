"""Opening a case when the ticket system fails, and who hears of a case."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actions.tickets.provider import current_desk
from actions.tickets.sql_desk import SqlTicketDesk
from actions.tickets.zammad import ZammadDesk
from actions.tickets.zendesk import ZendeskDesk
from bot.model.choices import choices_of
from bot.model.content import Card, Content, Request, Text
from tests.recording.server import Fault
from tests.ticket_benches import (
    RecordedBench,
    SqlBench,
    ZammadBench,
    ZendeskBench,
    zammad_bench,
    zendesk_bench,
)
from tests.trained import Conversation

if TYPE_CHECKING:
    from bot.pipeline.rasa_agent import RasaEngine

STORY = "The lamp came in pieces, <b>all of it</b>, and I am not amused."
_names = itertools.count(1)


@pytest.fixture(params=["zammad", "zendesk"])
async def rest(request: pytest.FixtureRequest) -> AsyncIterator[RecordedBench]:
    """The assistant's ticket system is one of the two; nothing is there yet."""
    made = zammad_bench() if request.param == "zammad" else zendesk_bench()
    async with made as bench:
        current_desk.put(bench.desk(limit=1.0))
        yield bench
        current_desk.close()


@pytest.fixture
async def zendesk() -> AsyncIterator[ZendeskBench]:
    async with zendesk_bench() as bench:
        current_desk.put(ZendeskDesk(bench.server.url, "zendesk-token", limit=1.0))
        yield bench
        current_desk.close()


@pytest.fixture
async def zammad() -> AsyncIterator[ZammadBench]:
    async with zammad_bench() as bench:
        current_desk.put(ZammadDesk(bench.server.url, "zammad-token", limit=1.0))
        yield bench
        current_desk.close()


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[SqlBench]:
    """The assistant's ticket system is the embedded one."""
    dsn = f"sqlite:///{tmp_path / 'tickets.sqlite3'}"
    bench = SqlBench(dsn)
    current_desk.put(SqlTicketDesk(dsn, limit=1.0))
    yield bench
    current_desk.close()
    bench.close()


def talk(engine: RasaEngine) -> Conversation:
    """A new customer."""
    return Conversation(engine, f"web:case-{next(_names)}")


def words(answers: list[Content]) -> str:
    return "\n".join(str(answer) for answer in answers)


async def tell(customer: Conversation) -> list[Content]:
    """Hand in a case; what the customer hears at the end."""
    await customer.say("I want to open a case")
    await customer.say(STORY)
    await customer.say("kari@kunde.example")
    return await customer.say("10044")


async def test_the_address_is_asked_for_in_the_channel_s_own_way(
    engine: RasaEngine, sql: SqlBench
) -> None:
    customer = talk(engine)
    await customer.say("I want to open a case")
    (asked,) = await customer.say(STORY)
    assert asked == Request("Which e-mail address can we answer you at?", "email")


async def test_the_case_goes_to_the_system_with_where_it_comes_from(
    engine: RasaEngine, rest: RecordedBench
) -> None:
    customer = talk(engine)
    heard = await tell(customer)
    (card,) = [answer for answer in heard if isinstance(answer, Card)]
    assert card.subtitle == STORY
    (text,) = rest.texts("1")
    assert text.startswith(STORY)
    for fact in ("Order: 10044", "Channel: web", f"Conversation: {customer.name}"):
        assert fact in text
    for slot in ("case_text", "case_email", "case_order", "case_key"):
        assert customer.slot(slot) is None, slot


@pytest.mark.parametrize("fault", ["error", "busy"])
async def test_a_second_try_needs_no_second_telling(
    engine: RasaEngine, rest: RecordedBench, fault: str
) -> None:
    rest.set_faults(
        "tickets.create", *[Fault("busy", 60) if fault == "busy" else Fault("error")] * 9
    )
    customer = talk(engine)
    heard = await tell(customer)
    assert "I have kept what you wrote" in words(heard)
    payloads = [choice.payload for one in heard for choice in choices_of(one)]
    assert payloads == ["/open_case", "/talk_to_human"]
    assert customer.slot("requested_slot") is None
    # Something else in between does not make it forget.
    await customer.say("when are you open?")
    rest.mend()
    heard = await customer.say("/open_case")
    assert isinstance(heard[0], Text)
    assert "I have opened" in heard[0].text
    assert rest.texts("1")[0].startswith(STORY)
    assert rest.count() == 1


async def test_a_case_that_was_opened_after_all_is_not_opened_again(
    engine: RasaEngine, rest: RecordedBench
) -> None:
    rest.server.delays = {"tickets.create": 60.0}
    customer = talk(engine)
    assert "I have kept what you wrote" in words(await tell(customer))
    rest.server.delays = {}
    # The system finishes what it was at; the customer was told to wait some minutes.
    await asyncio.sleep(0.2)
    assert "I have opened" in words(await customer.say("/open_case"))
    assert rest.count() == 1


async def test_away_in_norwegian(engine: RasaEngine, sql: SqlBench) -> None:
    customer = talk(engine)
    await customer.say("opprett en sak")
    await customer.say("Lampa er knust og ingen svarer")
    await customer.say("kari@kunde.example")
    await current_desk.get().prepare()
    with sql.slow():
        heard = words(await customer.say("/deny"))
        assert "Jeg har tatt vare på det du skrev" in heard
        assert "får ikke slått opp saken" in words(await customer.say("hva skjer med saken min"))
    assert "Jeg har opprettet" in words(await customer.say("/open_case"))
    assert sql.texts("1") == ["Lampa er knust og ingen svarer"]


async def test_an_address_that_the_system_refuses_is_asked_for_again(
    engine: RasaEngine, zendesk: ZendeskBench
) -> None:
    customer = talk(engine)
    await customer.say("I want to open a case")
    await customer.say(STORY)
    await customer.say("kari@kunde.example")
    zendesk.server.refused_domains = {"kunde.example"}
    heard = words(await customer.say("10044"))
    assert "couldn't open the case with that e-mail address" in heard
    assert "Which e-mail address" in heard
    assert "I have opened" in words(await customer.say("kari@jobb.example"))
    assert zendesk.texts("1")[0].startswith(STORY)


async def test_nobody_hears_of_another_s_case(engine: RasaEngine, rest: RecordedBench) -> None:
    customer, other = talk(engine), talk(engine)
    await tell(customer)
    number = next(iter(rest.server.tickets.values()))
    shown = str(number.get("number", number["id"]))
    for question in ("what's the status of my case", f"is case {shown} solved?", "/case_status"):
        heard = words(await other.say(question))
        assert "I find no case" in heard or "order number" in heard, heard
        assert STORY not in heard
    assert f"Case {shown}" in words(await customer.say("what's the status of my case"))


async def test_what_staff_do_is_told_even_after_a_restart(
    engine: RasaEngine, zammad: ZammadBench
) -> None:
    customer = talk(engine)
    await tell(customer)
    told = {
        "new": "waiting for a colleague",
        "open": "is working on",
        "pending reminder": "is on hold",
        "closed": "is closed",
    }
    for state, said in told.items():
        zammad.set_state("1", state)
        assert said in words(await customer.say("/case_status"))
    await customer.say("/restart")
    assert "is closed" in words(await customer.say("/case_status"))


async def test_a_turn_that_runs_again_opens_one_case(
    engine: RasaEngine, rest: RecordedBench
) -> None:
    customer = talk(engine)
    await customer.say("I want to open a case")
    await customer.say(STORY)
    await customer.say("kari@kunde.example")
    window, turns = customer.window, customer.turns
    first = words(await customer.say("10044"))
    # The worker was killed before it had saved that.
    customer.window, customer.turns = window, turns
    assert words(await customer.say("10044")) == first
    assert rest.count() == 1
