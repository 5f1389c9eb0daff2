"""The order actions, run in the worker's process and on an action server: the same behaviour.

The worker's own callers make the calls and read the answers, with the project's domain.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa_sdk.executor import ActionExecutor
from sqlalchemy import create_engine, delete, select, update
from sqlalchemy.engine import Engine

from actions.orders.model import OrderState
from actions.orders.provider import current_store
from actions.orders.sql_store import SqlOrderStore
from actions.orders.tables import invoice_requests, lookup_attempts, orders
from bot.pipeline.rasa_actions import InProcessActions, RemoteActions
from tests.action_server import ROOT, ActionServer, running_action_server
from tests.order_conversation import Conversation, Way, ask

# Rasa says so of every domain, whatever stands in it.
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed")

LIMIT = 1.0


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load(ROOT / "domain.yml")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    file = tmp_path_factory.mktemp("orders") / "orders.sqlite3"
    return {"ORDERS_DATABASE_URL": f"sqlite:///{file}", "ORDERS_TIMEOUT": str(LIMIT)}


@pytest.fixture(scope="module")
def server(
    environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ActionServer]:
    with running_action_server(tmp_path_factory.mktemp("server"), environ) as server:
        yield server


@pytest.fixture
def database(environ: dict[str, str]) -> Iterator[Engine]:
    """The shop's own way into the orders; no wrong tries and no invoices at the start."""
    store = SqlOrderStore(environ["ORDERS_DATABASE_URL"])
    asyncio.run(store.prepare())
    store.close()
    engine = create_engine(environ["ORDERS_DATABASE_URL"], future=True)
    with engine.begin() as connection:
        connection.execute(delete(lookup_attempts))
        connection.execute(delete(invoice_requests))
    yield engine
    engine.dispose()


@pytest.fixture
def in_process(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    current_store.close()
    yield InProcessActions("actions", timeout=10)
    current_store.close()


@pytest.fixture
def over_http(server: ActionServer) -> Way:
    return RemoteActions(server.url, timeout=10)


@pytest.fixture(params=["in_process", "over_http"])
def way(request: pytest.FixtureRequest, in_process: Way, over_http: Way) -> Way:
    return in_process if request.param == "in_process" else over_http


# --- where is my order ---


async def test_the_form_asks_for_both_and_then_tells(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    assert await customer.say("Where is my order?") == ["utter_ask_order_number"]
    assert await customer.say("it's #10042", order_number="it's #10042") == ["utter_ask_postcode"]
    assert customer.slot("order_number") == "10042"
    assert await customer.say("0150 Oslo", postcode="0150 Oslo") == ["utter_order_shipped"]
    with database.begin() as connection:
        expected_on, tracking = connection.execute(
            select(orders.c.expected_on, orders.c.tracking_url).where(orders.c.number == "10042")
        ).one()
    assert f"{expected_on:%A} {expected_on.day} {expected_on:%B}" in customer.texts()[-1]
    shipped = customer.endpoint.answers[-1]["responses"][0]
    assert shipped["tracking_url"] == tracking


@pytest.mark.parametrize(
    ("number", "postcode", "response"),
    [
        ("10042", "0150", "utter_order_shipped"),
        ("10043", "5003", "utter_order_packing"),
        ("10044", "7011", "utter_order_delivered"),
    ],
)
@pytest.mark.parametrize("language", ["en", "nb", None])
async def test_each_state_has_its_answer_in_both_languages(
    way: Way,
    domain: Domain,
    database: Engine,
    number: str,
    postcode: str,
    response: str,
    language: str | None,
) -> None:
    customer = Conversation(way, domain, language=language)
    assert await ask(customer, number, postcode) == [response]
    text = customer.texts()[-1]
    assert number in text
    assert "{" not in text
    assert "None" not in text
    assert ("Order " in text) is (language != "nb")


async def test_both_in_the_first_message(way: Way, domain: Domain, database: Engine) -> None:
    customer = Conversation(way, domain)
    said = await customer.say(
        "where is order 10042, postcode 0150", order_number="10042", postcode="0150"
    )
    assert said == ["utter_order_shipped"]


async def test_both_in_the_answer_to_the_first_question(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    await customer.say("Where is my order?")
    assert await customer.say("10043, 5003", order_number="10043, 5003") == ["utter_order_packing"]


async def test_an_answer_that_is_none_is_explained_and_asked_again(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    await customer.say("Where is my order?")
    assert await customer.say("the blue one", order_number="the blue one") == [
        "utter_order_number_invalid",
        "utter_ask_order_number",
    ]
    await customer.say("10042", order_number="10042")
    assert await customer.say("Oslo", postcode="Oslo") == [
        "utter_postcode_invalid",
        "utter_ask_postcode",
    ]
    assert customer.slot("order_number") == "10042"
    assert customer.slot("failed_lookups") == 0


async def test_an_order_number_corrected_at_the_second_question(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    await customer.say("10042", order_number="10042")
    assert await customer.say("sorry, 10043", postcode="sorry, 10043") == ["utter_ask_postcode"]
    assert customer.slot("order_number") == "10043"


async def test_details_are_forgotten_once_they_have_been_used(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    await ask(customer, "10042", "0150")
    assert customer.slot("order_number") is None
    assert customer.slot("postcode") is None
    assert await customer.say("Where is my order?") == ["utter_ask_order_number"]


async def test_a_cancelled_order(way: Way, domain: Domain, database: Engine) -> None:
    with database.begin() as connection:
        change = update(orders).where(orders.c.number == "10043")
        connection.execute(change.values(state="cancelled"))
    try:
        assert await ask(Conversation(way, domain), "10043", "5003") == ["utter_order_cancelled"]
    finally:
        with database.begin() as connection:
            connection.execute(change.values(state="packing"))


# --- wrong details ---


async def test_wrong_details_are_asked_for_again_both_of_them(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    again = ["utter_order_not_matched", "utter_ask_order_number"]
    assert await ask(customer, "10042", "9999") == again
    assert await ask(customer, "19999", "0150") == again
    assert customer.slot("failed_lookups") == 2
    assert await ask(customer, "10042", "0150") == ["utter_order_shipped"]
    assert customer.slot("failed_lookups") == 0


async def test_both_wrong_in_one_message_are_tried_once(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    said = await customer.say("10042, 9999", order_number="10042", postcode="9999")
    assert said == ["utter_order_not_matched", "utter_ask_order_number"]
    assert customer.slot("failed_lookups") == 1


async def test_the_fifth_wrong_try_ends_in_the_offer_of_a_person(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    for _ in range(4):
        await ask(customer, "10042", "9999")
    assert customer.slot("failed_lookups") == 4
    assert await ask(customer, "10042", "9999") == ["utter_offer_human"]
    assert customer.slot("failed_lookups") == 5
    assert customer.tracker.active_loop_name is None
    # The right answer comes too late: neither told nor counted.
    assert await ask(customer, "10042", "0150") == ["utter_offer_human"]


async def test_nothing_tells_an_unknown_order_from_a_wrong_postcode(
    way: Way, domain: Domain, database: Engine
) -> None:
    wrong = Conversation(way, domain, name="wrong")
    unknown = Conversation(way, domain, name="unknown")
    for _ in range(6):
        assert await ask(wrong, "10042", "9999") == await ask(unknown, "19999", "9999")
    assert wrong.endpoint.answers[-1] == unknown.endpoint.answers[-1]


async def test_a_new_conversation_gives_no_endless_tries(
    way: Way, domain: Domain, database: Engine
) -> None:
    for number in range(10):
        await ask(Conversation(way, domain, name=f"stranger {number}"), "10042", "9999")
    late = Conversation(way, domain, name="stranger 10")
    assert await ask(late, "10042", "0150") == ["utter_offer_human"]


# --- invoices ---


def invoice_conversation(way: Way, domain: Domain) -> Conversation:
    return Conversation(way, domain, form="invoice_form", after="action_invoice_copy")


def invoices(database: Engine) -> list[str]:
    with database.begin() as connection:
        return list(connection.execute(select(invoice_requests.c.order_number)).scalars())


async def test_an_invoice_goes_to_the_address_on_the_order(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = invoice_conversation(way, domain)
    assert await ask(customer, "10044", "7011") == ["utter_invoice_sent"]
    assert "i•••@kunde.example" in customer.texts()[-1]
    assert "ingrid.berg" not in json.dumps(customer.endpoint.answers)
    assert invoices(database) == ["10044"]


async def test_a_turn_that_runs_again_sends_one_invoice(
    way: Way, domain: Domain, database: Engine
) -> None:
    for _ in range(2):
        customer = invoice_conversation(way, domain)
        said = await customer.say(
            "10044, 7011", turn_id="the same", order_number="10044", postcode="7011"
        )
        assert said == ["utter_invoice_sent"]
    assert invoices(database) == ["10044"]


async def test_no_invoice_for_a_stranger(way: Way, domain: Domain, database: Engine) -> None:
    customer = invoice_conversation(way, domain)
    assert await ask(customer, "10044", "9999") == [
        "utter_order_not_matched",
        "utter_ask_invoice_form_order_number",
    ]
    assert invoices(database) == []


# --- when the order system is down ---


@contextmanager
def locked(database: Engine) -> Iterator[None]:
    with database.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
        yield
        transaction.rollback()


@pytest.mark.parametrize(
    ("form", "after"),
    [("order_form", "action_order_status"), ("invoice_form", "action_invoice_copy")],
)
async def test_the_customer_is_told_when_the_order_system_is_down(
    way: Way, domain: Domain, database: Engine, form: str, after: str
) -> None:
    customer = Conversation(way, domain, form=form, after=after)
    await customer.say("10042", order_number="10042")
    with locked(database):
        started = time.monotonic()
        assert await customer.say("0150", postcode="0150") == ["utter_orders_unavailable"]
        assert time.monotonic() - started < LIMIT + 2
    assert customer.tracker.active_loop_name is None
    assert customer.slot("failed_lookups") == 0
    assert customer.slot("order_state") is None
    assert len(await ask(customer, "10042", "0150")) == 1


async def test_down_between_the_check_and_the_answer(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    customer.add([SlotSet("order_number", "10042"), SlotSet("postcode", "0150")])
    with locked(database):
        said = await customer.run_action("action_order_status")
    assert said == ["utter_orders_unavailable"]


async def test_without_details_the_form_is_asked_for(
    way: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(way, domain)
    assert await customer.run_action("action_order_status") == ["utter_ask_order_number"]


# --- the two ways beside each other ---


async def test_both_ways_give_the_same_events_and_responses(
    in_process: Way, over_http: Way, domain: Domain, database: Engine
) -> None:
    answers = []
    for way in (in_process, over_http):
        with database.begin() as connection:
            connection.execute(delete(lookup_attempts))
        customer = Conversation(way, domain, language="nb")
        await customer.say("Hvor er pakken min?")
        await customer.say("den blå", order_number="den blå")
        await ask(customer, "10042", "9999")
        await ask(customer, "10042", "0150")
        for number, postcode in (("10043", "5003"), ("10044", "7011")):
            await ask(customer, number, postcode)
        answers.append(customer.endpoint.answers)
    assert answers[0] == answers[1]
    assert len(answers[0]) > 10


def test_the_domain_knows_the_actions_and_their_responses_in_both_languages(
    domain: Domain,
) -> None:
    executor = ActionExecutor()
    executor.register_package("actions")
    assert executor.actions.keys() <= set(domain.action_names_or_texts)
    names = {f"utter_order_{state.value}" for state in OrderState}
    for source in (ROOT / "actions").rglob("*.py"):
        names |= set(re.findall(r'"(utter_\w+)"', source.read_text(encoding="utf-8")))
    assert len(names) > len(OrderState)
    for name in names:
        conditions = {bool(variation.get("condition")) for variation in domain.responses[name]}
        assert conditions == {False, True}, name


async def test_an_unknown_action_is_refused_by_the_server(server: ActionServer) -> None:
    call = {"next_action": "action_unknown", "tracker": {"sender_id": "c"}, "version": "3.6.21"}
    async with httpx.AsyncClient() as client:
        reply = await client.post(server.url, json=call)
    assert reply.status_code == 404


async def test_the_server_s_log_holds_no_personal_data_and_no_noise(
    server: ActionServer, over_http: Way, domain: Domain, database: Engine
) -> None:
    customer = Conversation(over_http, domain, name="telegram:4711")
    await ask(customer, "10042", "9999")
    await ask(customer, "10042", "0150")
    with locked(database):
        await ask(customer, "10044", "7011")
    log = server.log.read_text(encoding="utf-8")
    assert "validate_order_form could not check an order" in log
    assert "database is locked" in log
    assert "Traceback" not in log
    for private in ("10042", "9999", "0150", "7011", "kunde.example", "4711"):
        assert private not in log
    assert len(log.splitlines()) < 40
