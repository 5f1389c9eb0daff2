"""The actions about cases, run in the worker's process and on an action server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain

from actions.tickets.provider import current_desk
from bot.pipeline.rasa_actions import InProcessActions, RemoteActions
from tests.action_server import ROOT, ActionServer, running_action_server
from tests.order_conversation import Conversation, Way

# Rasa says so of every domain, whatever stands in it.
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed")

STORY = "Lampa kom i tusen knas 😡, og ingen svarer på <b>e-post</b>."


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.load(ROOT / "domain.yml")


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    file = tmp_path_factory.mktemp("record") / "record.sqlite3"
    return {"DATABASE_URL": f"sqlite:///{file}", "TICKETS_TIMEOUT": "1"}


@pytest.fixture(scope="module")
def server(
    environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ActionServer]:
    with running_action_server(tmp_path_factory.mktemp("server"), environ) as server:
        yield server


@pytest.fixture
def in_process(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    current_desk.close()
    yield InProcessActions("actions", timeout=10)
    current_desk.close()


@pytest.fixture
def over_http(server: ActionServer) -> Way:
    return RemoteActions(server.url, timeout=10)


@pytest.fixture(params=["in_process", "over_http"])
def way(request: pytest.FixtureRequest, in_process: Way, over_http: Way) -> Way:
    return in_process if request.param == "in_process" else over_http


def customer(way: Way, domain: Domain, name: str) -> Conversation:
    return Conversation(
        way, domain, form="case_form", after="action_open_case", language="nb", name=name
    )


async def test_a_case_is_opened_and_told_about(
    way: Way, domain: Domain, request: pytest.FixtureRequest
) -> None:
    kari = customer(way, domain, f"web:{request.node.name}")
    assert await kari.say("/open_case") == ["utter_ask_case_text"]
    assert await kari.say(STORY) == ["utter_ask_case_email"]
    assert await kari.say("det er kari@kunde.example") == ["utter_ask_case_order"]
    assert await kari.say("10044") == ["utter_case_opened"]
    assert kari.slot("case_text") is None
    (opened,) = [said for said in kari.endpoint.answers[-1]["responses"] if said.get("response")]
    assert opened["order_number"] == "10044"
    assert opened["subject"] == STORY
    assert await kari.run_action("action_case_status") == ["utter_case_new"]
    assert opened["case_number"] in kari.texts()[-1]
    stranger = customer(way, domain, f"web:not {request.node.name}")
    assert await stranger.run_action("action_case_status") == ["utter_case_none"]


async def test_without_details_the_form_is_asked_for(way: Way, domain: Domain) -> None:
    kari = customer(way, domain, "web:without")
    assert await kari.run_action("action_open_case") == ["utter_ask_case_text"]


async def test_the_server_s_log_holds_no_words_of_customers(
    server: ActionServer, over_http: Way, domain: Domain, environ: dict[str, str]
) -> None:
    kari = customer(over_http, domain, "telegram:4711")
    await kari.say("/open_case")
    await kari.say(STORY)
    await kari.say("kari@kunde.example")
    path = environ["DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert await kari.say("10044") == ["utter_case_not_opened"]
        connection.rollback()
    connection.close()
    assert kari.slot("case_text") == STORY
    assert kari.slot("case_key")
    log = Path(server.log).read_text(encoding="utf-8")
    assert "action_open_case could not open a case" in log
    assert "Traceback" not in log
    for private in ("Lampa", "kari@", "10044", "4711"):
        assert private not in log
