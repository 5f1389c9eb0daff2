"""What only systems behind a REST API do: refuse, limit, cut off, lag, answer nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.tickets.desk import TicketDesk
from actions.tickets.errors import TicketRefused, TicketsUnavailable
from actions.tickets.model import Link, TicketDraft, TicketState
from actions.tickets.zammad import ZammadDesk
from actions.tickets.zendesk import ZendeskDesk
from tests.recording.server import Fault, Received
from tests.serving import serving
from tests.ticket_benches import (
    EMAIL,
    RecordedBench,
    ZammadBench,
    ZendeskBench,
    draft,
    zammad_bench,
    zendesk_bench,
)

LIMIT = 1.0


@pytest.fixture(params=["zammad", "zendesk"])
async def rest(request: pytest.FixtureRequest) -> AsyncIterator[RecordedBench]:
    """Each of the two."""
    made = zammad_bench() if request.param == "zammad" else zendesk_bench()
    async with made as bench:
        yield bench


def created(bench: RecordedBench) -> list[Received]:
    return [call for call in bench.server.received if call.method == "tickets.create"]


# --- refusals ---


async def test_a_wrong_token_is_said_without_it(rest: RecordedBench) -> None:
    rest.server.token = "another"
    with pytest.raises(TicketsUnavailable, match=r"TICKETS_API_TOKEN.*401") as caught:
        await rest.desk().open(draft(), "key-1")
    assert not caught.value.retryable
    assert "zammad-token" not in str(caught.value)
    assert "zendesk-token" not in str(caught.value)


async def test_a_user_who_may_not_is_said(rest: RecordedBench) -> None:
    rest.server.forbidden = True
    desk = rest.desk()
    with pytest.raises(TicketsUnavailable, match="403"):
        await desk.open(draft(), "key-1")
    with pytest.raises(TicketsUnavailable, match="403"):
        await desk.check()


async def test_an_address_that_is_refused_is_known_as_that(rest: RecordedBench) -> None:
    wrong = TicketDraft("The lamp is broken.", "kari@kunde", Link("web:c1"))
    with pytest.raises(TicketRefused) as caught:
        await rest.desk().open(wrong, "key-1")
    assert caught.value.about_email
    assert "kari" not in str(caught.value)
    assert rest.count() == 0


async def test_another_refusal_is_not_taken_for_that(zammad: ZammadBench) -> None:
    desk = ZammadDesk(zammad.server.url, "zammad-token", group="Nobody")
    with contextlib.closing(desk), pytest.raises(TicketRefused, match="group") as caught:
        await desk.open(draft(), "key-1")
    assert not caught.value.about_email


async def test_what_is_closed_for_good_takes_no_notes(zendesk: ZendeskBench) -> None:
    desk = zendesk.desk()
    opened = await desk.open(draft(), "key-1")
    zendesk.set_state(opened.id, "closed")
    with pytest.raises(TicketRefused, match=r"status.*422"):
        await desk.add_note(opened.id, "too late", "note-1")


# --- limits and failures ---


async def test_retry_after_is_obeyed(rest: RecordedBench) -> None:
    rest.set_faults("tickets.create", Fault("busy", retry_after=1))
    await rest.desk(limit=4.0).open(draft(), "key-1")
    first, second = created(rest)
    assert 1.0 <= second.at - first.at < 2.5
    assert rest.count() == 1


async def test_a_retry_after_beyond_the_limit_is_not_waited_for(rest: RecordedBench) -> None:
    rest.set_faults("tickets.create", Fault("busy", retry_after=60))
    started = time.monotonic()
    with pytest.raises(TicketsUnavailable, match="429") as caught:
        await rest.desk(LIMIT).open(draft(), "key-1")
    assert time.monotonic() - started < LIMIT
    assert caught.value.retryable
    assert len(created(rest)) == 1


async def test_an_error_of_the_system_is_tried_again(rest: RecordedBench) -> None:
    rest.set_faults("tickets.create", Fault("error"), Fault("error"))
    opened = await rest.desk().open(draft(), "key-1")
    assert opened.state is TicketState.NEW
    assert len(created(rest)) == 3
    assert rest.count() == 1


async def test_a_system_that_stays_broken_is_given_up(rest: RecordedBench) -> None:
    rest.set_faults("tickets.create", *[Fault("error")] * 50)
    with pytest.raises(TicketsUnavailable, match="500"):
        await rest.desk(LIMIT).open(draft(), "key-1")
    assert rest.count() == 0


async def test_a_question_that_is_cut_off_is_asked_again(rest: RecordedBench) -> None:
    opened = await rest.desk().open(draft(), "key-1")
    rest.set_faults("tickets.show", Fault("cut"), Fault("refused"), Fault("error"))
    assert await rest.desk().find(opened.id) == opened


async def test_a_note_that_is_cut_off_is_added_once(rest: RecordedBench) -> None:
    desk = rest.desk()
    opened = await desk.open(draft(), "key-1")
    for method in ("articles.create", "tickets.update"):
        rest.set_faults(method, Fault("cut"))
        assert await desk.add_note(opened.id, method, method)
    assert rest.texts(opened.id)[1:] == ["articles.create", "tickets.update"]


async def test_a_link_that_is_cut_off_is_made_once(rest: RecordedBench) -> None:
    desk = rest.desk()
    opened = await desk.open(draft(), "key-1")
    for number, method in enumerate(("articles.create", "tags.add", "tickets.update")):
        rest.set_faults(method, Fault("cut"))
        conversation = f"telegram:{number}"
        assert await desk.link(opened.id, Link(conversation))
        assert [one.id for one in await desk.of_conversation(conversation)] == [opened.id]
    assert len(rest.texts(opened.id)) == 4


# --- a request that may still be under way ---


async def test_zammad_is_never_asked_twice_while_it_may_be_at_it(zammad: ZammadBench) -> None:
    zammad.set_faults("tickets.create", Fault("refused"))
    desk = zammad.desk(LIMIT)
    with pytest.raises(TicketsUnavailable) as caught:
        await desk.open(draft(), "key-1")
    assert caught.value.retryable
    assert len(created(zammad)) == 1
    # The customer tries again.
    await desk.open(draft(), "key-1")
    assert zammad.count() == 1


async def test_a_ticket_that_was_opened_after_all_is_found_by_the_next_try(
    rest: RecordedBench,
) -> None:
    rest.server.delays = {"tickets.create": 60.0}
    desk = rest.desk(LIMIT)
    with pytest.raises(TicketsUnavailable):
        await desk.open(draft(), "key-1")
    assert rest.count() == 0
    rest.server.delays = {}
    await asyncio.sleep(0.2)
    assert rest.count() == 1
    await desk.open(draft(), "key-1")
    assert rest.count() == 1


async def test_zendesk_knows_a_request_that_is_made_again(zendesk: ZendeskBench) -> None:
    zendesk.set_faults("tickets.create", Fault("refused"), Fault("cut"))
    await zendesk.desk().open(draft(), "key-1")
    assert [call.arguments["key"] for call in created(zendesk)] == ["key-1", "key-1"]
    assert zendesk.count() == 1


async def test_zendesk_s_forgotten_keys_open_no_second_ticket(zendesk: ZendeskBench) -> None:
    first = await zendesk.desk().open(draft(), "key-1")
    zendesk.server.keys.clear()
    assert await zendesk.desk().open(draft(), "key-1") == first
    assert zendesk.count() == 1


async def test_zendesk_s_search_may_lag_behind(zendesk: ZendeskBench) -> None:
    zendesk.server.index_lags = True
    desk = zendesk.desk()
    opened = await desk.open(draft(), "key-1")
    assert await desk.of_conversation("web:c1") == (opened,)


async def test_a_change_by_staff_in_between_is_not_overwritten(zendesk: ZendeskBench) -> None:
    desk = zendesk.desk()
    opened = await desk.open(draft(), "key-1")
    ticket = zendesk.server.tickets[int(opened.id)]
    changes = iter([["vip"]])

    def staff_are_quicker(call: Received) -> Fault | None:
        if call.method == "tickets.update":
            for tags in changes:
                ticket.update(tags=[*ticket["tags"], *tags], updated_at=zendesk.server.now())
        return None

    zendesk.server.faults = staff_are_quicker
    assert await desk.add_note(opened.id, "a note", "note-1")
    assert "vip" in ticket["tags"]
    assert zendesk.texts(opened.id)[1:] == ["a note"]


# --- what is sent ---


async def test_staff_see_where_it_comes_from(rest: RecordedBench) -> None:
    norwegian = TicketDraft(
        "Lampa er knust.", EMAIL, Link("web:c1", "web", "web:c1"), "10044", language="nb"
    )
    opened = await rest.desk().open(norwegian, "key-1")
    (text,) = rest.texts(opened.id)
    assert text == (
        "Lampa er knust.\n\n---\nOrdre: 10044\nKanal: web\nSamtale: web:c1\nPerson: web:c1"
    )


async def test_zammad_gets_plain_text_from_the_customer(zammad: ZammadBench) -> None:
    await zammad.desk().open(draft("<b>broken</b>"), "key-1")
    (article,) = zammad.server.articles
    assert article["content_type"] == "text/plain"
    assert (article["sender"], article["type"]) == ("Customer", "web")
    assert zammad.server.tickets[1]["customer"] == EMAIL


async def test_zendesk_gets_the_requester_and_the_group(zendesk: ZendeskBench) -> None:
    desk = ZendeskDesk(zendesk.server.url, "zendesk-token", group=360001)
    with contextlib.closing(desk):
        await desk.open(draft(), "key-1")
    (call,) = created(zendesk)
    assert call.arguments["ticket"]["requester"] == {"name": "kari.nordmann", "email": EMAIL}
    assert "html_body" not in call.arguments["ticket"]["comment"]
    assert zendesk.server.tickets[1]["group_id"] == 360001


async def test_a_state_of_the_company_s_own_is_read_by_its_type(zammad: ZammadBench) -> None:
    zammad.server.added_states = {"ferdig": 5, "til verkstedet": 3, "ukjent": 99}
    desk = zammad.desk()
    opened = await desk.open(draft(), "key-1")
    expected = {"ferdig": "closed", "til verkstedet": "waiting", "ukjent": "open"}
    for name, meaning in expected.items():
        zammad.set_state(opened.id, name)
        assert (await desk.find(opened.id)).state.value == meaning


async def test_the_address_may_end_in_the_api_s_path(zammad: ZammadBench) -> None:
    desk = ZammadDesk(f"{zammad.server.url}/api/v1/", "zammad-token")
    with contextlib.closing(desk):
        assert await desk.check() == "bot@shop.example, group Users"


# --- who is it ---


async def test_zammad_s_check_minds_the_group(zammad: ZammadBench) -> None:
    zammad.server.groups = {"Users": ["read"], "Sales": ["full"]}
    with pytest.raises(TicketsUnavailable, match="group 'Users'"):
        await zammad.desk().check()


async def test_zendesk_s_check_minds_the_role(zendesk: ZendeskBench) -> None:
    zendesk.server.role = "end-user"
    with pytest.raises(TicketsUnavailable, match="not an agent"):
        await zendesk.desk().check()


# --- an address that is not the system's ---


async def anything(_: Request) -> Response:
    return PlainTextResponse("It works!")


async def elsewhere(_: Request) -> Response:
    return RedirectResponse("https://elsewhere.example/login")


async def nonsense(_: Request) -> Response:
    return Response('{"tickets": 3, "user": []}', media_type="application/json")


async def gateway(_: Request) -> Response:
    return PlainTextResponse("Bad Gateway", 502)


async def missing(_: Request) -> Response:
    return PlainTextResponse("Not Found", 404)


def desks(url: str) -> Iterator[TicketDesk]:
    for desk in (ZammadDesk(url, "token", limit=0.5), ZendeskDesk(url, "token", limit=0.5)):
        with contextlib.closing(desk):
            yield desk


@pytest.mark.parametrize("answer", [anything, elsewhere, nonsense, gateway, missing])
async def test_an_address_that_is_not_the_system_s_is_said(answer: Any) -> None:
    methods = ["GET", "POST", "PUT"]
    app = Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
    async with serving(app) as port:
        for desk in desks(f"http://127.0.0.1:{port}"):
            for call in (desk.open(draft(), "key-1"), desk.check(), desk.of_conversation("web:c1")):
                with pytest.raises(TicketsUnavailable):
                    await call


def test_times_are_read_as_both_write_them() -> None:
    from actions.tickets.answers import time_of

    assert time_of("2026-11-24T15:00:00Z") == time_of("2026-11-24T15:00:00.000+00:00")
    assert isinstance(time_of("2021-11-08T14:17:41.913Z"), datetime)
    for wrong in ("", "yesterday", "2026-11-24T15:00:00"):
        with pytest.raises(TicketsUnavailable):
            time_of(wrong)
