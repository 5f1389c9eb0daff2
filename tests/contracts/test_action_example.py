"""The example of docs/adding-an-action.md: runs as the page says, and is what the page shows."""

from __future__ import annotations

import json
import re
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from rasa.shared.core.domain import Domain
from ruamel.yaml import YAML

from bot.model.handoff import Cause, HandoffRequest
from bot.pipeline.rasa_answers import contents_of
from bot.pipeline.rasa_outcome import request_in
from tests.action_server import ROOT, ActionServer, running_action_server

# Rasa says so of every domain, whatever stands in it.
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed")

EXAMPLES = ROOT / "docs" / "examples"
# Seconds; long enough for the first call to load its certificates on a busy machine.
LIMIT = 3.0


class Stock(BaseHTTPRequestHandler):
    """The stock system: knows two products, fails on one, never answers on another."""

    def do_GET(self) -> None:
        if self.path == "/stock/slow":
            time.sleep(2 * LIMIT)
        status = 500 if self.path == "/stock/broken" else 200
        pieces = {"/stock/ull%20genser": 3, "/stock/hodelykt": 0}.get(self.path)
        body = json.dumps({} if pieces is None else {"pieces": pieces}).encode()
        try:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            pass  # the client has given up waiting, as it should

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        pass


@contextmanager
def stock_system() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stock) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionServer]:
    with stock_system() as url:
        environ = {
            "STOCK_API_URL": url,
            "STOCK_TIMEOUT": str(LIMIT),
            "PYTHONPATH": str(ROOT),
        }
        directory = tmp_path_factory.mktemp("example")
        with running_action_server(
            directory, environ, package="stock_action", folder=EXAMPLES
        ) as server:
            yield server


@pytest.mark.parametrize(
    ("product", "response", "pieces"),
    [
        ("ull genser", "utter_stock_some", 3),
        ("hodelykt", "utter_stock_none", 0),
        ("broken", "utter_stock_unavailable", None),
        ("unheard of", "utter_stock_unavailable", None),
        ("slow", "utter_stock_unavailable", None),
    ],
)
def test_the_example_answers(
    server: ActionServer, product: str, response: str, pieces: int | None
) -> None:
    call = {
        "next_action": "action_stock",
        "sender_id": "conversation",
        "tracker": {"sender_id": "conversation", "slots": {"product": product}, "events": []},
        "version": "3.6.21",
    }
    started = time.monotonic()
    answer = httpx.post(server.url, json=call, timeout=10).raise_for_status().json()
    assert time.monotonic() - started < LIMIT + 1.5
    assert answer["events"] == []
    (said,) = answer["responses"]
    assert said["response"] == response
    assert said.get("pieces") == pieces


@pytest.mark.parametrize(
    ("pieces", "response", "wanted"),
    [
        (2, "utter_reserve_online", None),
        (20, "utter_reserve_online", None),
        (
            500,
            "utter_reserve_person",
            HandoffRequest(Cause.ACTION_ASKED, "company_sales", note="500 x ull genser"),
        ),
    ],
)
def test_the_example_gets_a_person(
    server: ActionServer, pieces: float, response: str, wanted: HandoffRequest | None
) -> None:
    slots = {"product": "ull genser", "pieces": pieces}
    call = {
        "next_action": "action_reserve",
        "sender_id": "conversation",
        "tracker": {"sender_id": "conversation", "slots": slots, "events": []},
        "version": "3.6.21",
    }
    answer = httpx.post(server.url, json=call, timeout=10).raise_for_status().json()
    said = answer["responses"]
    assert said[0]["response"] == response
    # Read as the worker reads what an action says.
    contents = [content for one in said for content in contents_of(one)]
    assert request_in(contents, []) == wanted


def test_the_example_s_domain_fits_the_project_s() -> None:
    merged = Domain.load([ROOT / "domain.yml", EXAMPLES / "stock_domain.yml"])
    assert "action_stock" in merged.action_names_or_texts
    for name in re.findall(r'"(utter_\w+)"', (EXAMPLES / "stock_action.py").read_text()):
        conditions = {bool(variation.get("condition")) for variation in merged.responses[name]}
        assert conditions == {False, True}


def blocks(language: str) -> list[str]:
    page = (ROOT / "docs" / "adding-an-action.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_page_shows_the_example_s_own_code() -> None:
    source = (EXAMPLES / "stock_action.py").read_text(encoding="utf-8")
    shown = blocks("python")
    assert shown
    for block in shown:
        assert block in source


def test_the_page_shows_the_example_s_own_data() -> None:
    files = [EXAMPLES / "stock_domain.yml", EXAMPLES / "stock_rules.yml"]
    wholes = [YAML(typ="safe").load(file) for file in files]
    shown = blocks("yaml")
    assert shown
    for block in shown:
        part = YAML(typ="safe").load(textwrap.dedent(block))
        assert any(contains(whole, part) for whole in wholes), block


def contains(whole: Any, part: Any) -> bool:
    """Whether each key of `part` has the same value in `whole`, or one that contains it."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and contains(whole[key], value) for key, value in part.items())
    return bool(whole == part)


@pytest.mark.parametrize("path", ["actions/sql/calls.py", "actions/orders/sql_store.py"])
def test_the_page_names_files_that_exist(path: str) -> None:
    page = (ROOT / "docs" / "adding-an-action.md").read_text(encoding="utf-8")
    assert path in page
    assert Path(ROOT, path).is_file()
