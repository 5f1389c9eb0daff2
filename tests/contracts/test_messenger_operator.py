"""What an operator does with the page: the commands and the doctor, against the recording Graph API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.app.checks.messenger import messenger
from bot.app.checks.result import State
from bot.cli.messenger import app
from bot.errors import DeliveryError, SettingsError
from bot.settings import Settings, load_settings
from tests.recording.messenger import RecordingMessenger
from tests.recording.server import Fault, in_turn, serve

SECRET = "app-secret"
NAMES = ("messages", "messaging_postbacks", "messaging_referrals", "messaging_optins")
FIELDS = [*NAMES, "message_echoes", "message_deliveries", "message_reads"]


@pytest.fixture
async def platform(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RecordingMessenger]:
    platform = RecordingMessenger(app_secret=SECRET)
    async with serve(platform):
        monkeypatch.setenv("MESSENGER_API_URL", platform.api_url)
        monkeypatch.setenv("MESSENGER_PAGE_TOKEN", platform.page_token)
        monkeypatch.setenv("MESSENGER_APP_SECRET", SECRET)
        monkeypatch.setenv("MESSENGER_VERIFY_TOKEN", "a-verify-token")
        yield platform


def settings(platform: RecordingMessenger, **more: Any) -> Settings:
    given = {
        "messenger_api_url": platform.api_url,
        "messenger_page_token": platform.page_token,
        "messenger_app_secret": SECRET,
        "messenger_verify_token": "a-verify-token",
    }
    return load_settings(**{**given, **more})


async def command(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def test_set_up(platform: RecordingMessenger) -> None:
    for _ in range(2):
        result = await command("set-up")
        assert result.exit_code == 0, result.output
    assert "Page: Nordlys Handel (108824017345866, m.me/nordlyshandel)" in result.output
    assert "Events: all" in result.output
    assert "Profile: all set" in result.output
    assert "/webhooks/messenger/webhook" in result.output
    assert "MESSENGER_VERIFY_TOKEN" in result.output
    assert platform.page_token not in result.output
    assert platform.subscribed == FIELDS
    assert platform.profile["get_started"] == {"payload": "/greet"}


async def test_the_profile_is_what_the_platform_takes_in_both_languages(
    platform: RecordingMessenger,
) -> None:
    await command("set-up")
    greetings, menus = platform.profile["greeting"], platform.profile["persistent_menu"]
    assert [entry["locale"] for entry in greetings] == ["default", "nb_NO"]
    assert all(0 < len(entry["text"]) <= 160 for entry in greetings)
    assert [entry["locale"] for entry in menus] == ["default", "nb_NO"]
    payloads = []
    for menu in menus:
        items = menu["call_to_actions"]
        assert all(item["type"] == "postback" for item in items)
        assert all(0 < len(item["title"]) <= 30 for item in items)
        payloads.append([item["payload"] for item in items])
    assert payloads == [["/order_status", "/talk_to_human", "/channel_unlinked"]] * 2


async def test_info_tells_what_is_missing_and_ends_with_1(platform: RecordingMessenger) -> None:
    platform.username = None
    platform.subscribed = ["messages"]
    result = await command("info")
    assert result.exit_code == 1
    assert "Page: Nordlys Handel (108824017345866)" in result.output
    assert "Events: missing messaging_postbacks, messaging_referrals" in result.output
    assert "Profile: missing get_started, greeting, persistent_menu" in result.output
    assert "flerkanal messenger set-up" in result.output
    await command("set-up")
    assert (await command("info")).exit_code == 0


async def test_commands_without_the_settings() -> None:
    for arguments in ("set-up", "info"):
        result = await command(arguments)
        assert isinstance(result.exception, SettingsError)
        assert "MESSENGER_PAGE_TOKEN" in str(result.exception)


async def test_commands_that_the_platform_does_not_answer(platform: RecordingMessenger) -> None:
    for fault in (Fault("error"), Fault("refused"), Fault("busy")):
        for arguments in ("set-up", "info"):
            platform.faults = in_turn(fault)
            result = await command(arguments)
            assert isinstance(result.exception, DeliveryError), (fault, result.exception)
            assert platform.page_token not in str(result.exception)


async def test_a_wrong_token(platform: RecordingMessenger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSENGER_PAGE_TOKEN", "another-token")
    result = await command("set-up")
    assert "make a new token for the page and set MESSENGER_PAGE_TOKEN" in str(result.exception)
    assert "another-token" not in str(result.exception)
    assert platform.subscribed is None


async def test_a_token_that_may_not_subscribe(platform: RecordingMessenger) -> None:
    platform.may_manage = False
    result = await command("set-up")
    assert "lacks a permission" in str(result.exception)
    result = await command("info")
    assert "Events: not known: the token lacks the permission pages_manage_metadata" in (
        result.output
    )
    _, events, _ = await messenger(settings(platform))
    assert events.state is State.WARNING
    assert "pages_manage_metadata" in str(events.remedy)


async def test_the_doctor_where_all_is_well(platform: RecordingMessenger) -> None:
    await command("set-up")
    page, events, profile = await messenger(settings(platform))
    assert {page.state, events.state, profile.state} == {State.OK}
    assert "Nordlys Handel" in page.detail


async def test_the_doctor_where_the_channel_is_off() -> None:
    assert await messenger(load_settings()) == []


@pytest.mark.parametrize(
    ("subscribed", "state", "told"),
    [
        (None, State.FAULT, "does not hear messages"),
        (FIELDS[1:], State.FAULT, "does not hear messages: customers get no answers"),
        (FIELDS[:-1], State.WARNING, "does not hear message_reads"),
        (FIELDS, State.OK, "all of them"),
        ([*FIELDS, "messaging_handovers"], State.OK, "all of them"),
    ],
)
async def test_the_doctor_on_events(
    platform: RecordingMessenger, subscribed: list[str] | None, state: State, told: str
) -> None:
    platform.subscribed = subscribed
    _, events, profile = await messenger(settings(platform))
    assert events.state is state
    assert told in events.detail
    assert bool(events.remedy) is (state is not State.OK)
    assert (profile.state, profile.remedy) == (State.WARNING, "flerkanal messenger set-up")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"messenger_page_token": "another"}, "make a new token for the page"),
        ({"messenger_app_secret": "another"}, "MESSENGER_APP_SECRET must be"),
        ({"messenger_api_url": "http://127.0.0.1:9/v25.0"}, "can't be reached"),
    ],
)
async def test_the_doctor_with_settings_that_do_not_fit(
    platform: RecordingMessenger, wrong: dict[str, str], told: str
) -> None:
    (finding,) = await messenger(settings(platform, **wrong))
    assert finding.state is State.FAULT
    assert told in finding.detail
    assert finding.remedy
