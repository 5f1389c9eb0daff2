"""What the doctor tells of the ticket system."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from bot.app.checks.result import Check, State, run_checks
from bot.app.checks.tickets import tickets
from bot.settings import Settings, load_settings
from tests.recording.server import serve
from tests.recording.zammad import RecordingZammad
from tests.recording.zendesk import RecordingZendesk


def settings(system: str, url: str, token: str, **more: Any) -> Settings:
    return load_settings(
        tickets_system=system, tickets_api_url=url, tickets_api_token=token, **more
    )


async def test_the_embedded_one(tmp_path: Path) -> None:
    (found,) = await tickets(load_settings(var_dir=tmp_path))
    assert (found.state, found.detail) == (State.OK, "in the database")


async def test_a_database_that_is_away_is_one_fault_and_not_two() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (found,) = await tickets(load_settings(database_url=f"postgresql://u@127.0.0.1:{port}/record"))
    assert found.state is State.OFF
    assert "see Database" in found.detail


async def test_zammad() -> None:
    async with serve(RecordingZammad()) as server:
        (found,) = await tickets(settings("zammad", server.url, "zammad-token"))
    assert found.state is State.OK
    assert found.detail == f"Zammad, {server.url}: bot@shop.example, group Users"


async def test_zendesk() -> None:
    async with serve(RecordingZendesk()) as server:
        token = "bot@shop.example/token:zendesk-token"
        (found,) = await tickets(settings("zendesk", server.url, token))
    assert found.state is State.OK
    assert found.detail == f"Zendesk, {server.url}: bot@shop.example, agent"


@pytest.mark.parametrize(
    ("token", "group", "said"),
    [("wrong", None, "TICKETS_API_TOKEN"), ("zammad-token", "Nobody", "group 'Nobody'")],
)
async def test_what_keeps_tickets_from_being_opened_is_a_fault(
    token: str, group: str | None, said: str
) -> None:
    async with serve(RecordingZammad()) as server:
        wrong = settings("zammad", server.url, token, tickets_group=group)
        (found,) = await run_checks([Check("Tickets", lambda: tickets(wrong), "mend it")])
    assert found.state is State.FAULT
    assert said in found.detail
    assert found.remedy == "mend it"


async def test_an_address_without_encryption_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(RecordingZammad()) as server:
        # The only way to a server that is not this machine is through a proxy.
        monkeypatch.setenv("http_proxy", server.url)
        monkeypatch.setenv("no_proxy", "")
        found = await tickets(settings("zammad", "http://zammad.example", "zammad-token"))
    assert [finding.state for finding in found] == [State.OK, State.WARNING]
    assert "https://" in found[1].remedy
