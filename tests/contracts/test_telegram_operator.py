"""What an operator does at Telegram: the commands and the doctor, against the recording Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.app.checks.result import State
from bot.app.checks.telegram import telegram
from bot.app.telegram import webhook_url
from bot.cli.telegram import app
from bot.errors import FlerkanalError, SettingsError
from bot.settings import Settings, load_settings
from tests.recording.server import Fault, in_turn, serve
from tests.recording.telegram import TOKEN, RecordingTelegram

ADDRESS = "https://bot.nordlys.example"
URL = f"{ADDRESS}/webhooks/telegram/webhook"
SECRET = "a-secret-token"


@pytest.fixture
async def platform(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RecordingTelegram]:
    platform = RecordingTelegram()
    async with serve(platform):
        monkeypatch.setenv("TELEGRAM_API_URL", platform.api_url)
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
        monkeypatch.setenv("TELEGRAM_SECRET_TOKEN", SECRET)
        yield platform


def settings(platform: RecordingTelegram, **more: Any) -> Settings:
    return load_settings(
        telegram_api_url=platform.api_url,
        telegram_bot_token=TOKEN,
        telegram_secret_token=SECRET,
        **more,
    )


async def command(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def test_set_webhook(platform: RecordingTelegram) -> None:
    result = await command("set-webhook", ADDRESS)
    assert result.exit_code == 0, result.output
    assert URL in result.output
    assert platform.webhook == {
        "url": URL,
        "secret_token": SECRET,
        "allowed_updates": ["message", "callback_query", "my_chat_member"],
        "max_connections": 40,
        "drop_pending_updates": False,
    }
    assert set(platform.commands) == {"", "nb", "no"}
    assert [entry["command"] for entry in platform.commands[""]] == ["start", "help", "unlink"]
    assert platform.commands["nb"] == platform.commands["no"] != platform.commands[""]


async def test_what_waits_is_kept_unless_told_otherwise(platform: RecordingTelegram) -> None:
    platform.updates = [{"update_id": 1}]
    await command("set-webhook", ADDRESS)
    assert platform.updates
    await command("set-webhook", ADDRESS, "--drop-pending-updates")
    assert not platform.updates


async def test_delete_webhook(platform: RecordingTelegram) -> None:
    await command("set-webhook", ADDRESS)
    result = await command("delete-webhook")
    assert result.exit_code == 0, result.output
    assert platform.webhook == {}


async def test_info(platform: RecordingTelegram) -> None:
    platform.last_error = "Connection refused"
    result = await command("info")
    assert "Bot: @nordlys_bot" in result.output
    assert "Webhook: none" in result.output
    assert "Connection refused" in result.output


async def test_set_commands(platform: RecordingTelegram) -> None:
    assert (await command("set-commands")).exit_code == 0
    assert set(platform.commands) == {"", "nb", "no"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://bot.nordlys.example", "https:// addresses only"),
        ("bot.nordlys.example", "https:// addresses only"),
        ("https://bot.nordlys.example:8000", "ports 443, 80, 88, 8443"),
        ("https://[", "is not an address"),
    ],
)
async def test_an_address_that_telegram_would_not_call(
    platform: RecordingTelegram, address: str, told: str
) -> None:
    result = await command("set-webhook", address)
    assert isinstance(result.exception, SettingsError)
    assert told in str(result.exception)
    assert platform.received == []


def test_a_path_of_ones_own_is_kept() -> None:
    assert webhook_url("https://a.example/bots/telegram?x=1") == (
        "https://a.example/bots/telegram?x=1"
    )
    assert webhook_url("https://a.example:8443/") == (
        "https://a.example:8443/webhooks/telegram/webhook"
    )


async def test_a_token_that_telegram_does_not_know(platform: RecordingTelegram) -> None:
    platform.token = "1:another"
    for arguments in (("set-webhook", ADDRESS), ("info",), ("delete-webhook",)):
        result = await command(*arguments)
        assert isinstance(result.exception, SettingsError)
        assert "@BotFather" in str(result.exception)
        assert TOKEN not in str(result.exception)


async def test_a_platform_that_fails_is_told(platform: RecordingTelegram) -> None:
    platform.faults = in_turn(Fault("error"))
    assert isinstance((await command("info")).exception, FlerkanalError)


async def test_the_doctor_where_all_is_well(platform: RecordingTelegram) -> None:
    await command("set-webhook", ADDRESS)
    bot, updates = await telegram(settings(platform))
    assert (bot.state, updates.state) == (State.OK, State.OK)
    assert "@nordlys_bot" in bot.detail
    assert URL in updates.detail


async def test_the_doctor_where_the_channel_is_off() -> None:
    assert await telegram(load_settings()) == []


@pytest.mark.parametrize(
    ("mode", "webhook", "last_error", "waiting", "state", "told"),
    [
        ("webhook", {}, "", 0, State.FAULT, "no webhook is set"),
        ("webhook", {"url": f"{ADDRESS}/else"}, "", 0, State.WARNING, "its path is not"),
        (
            "webhook",
            {"url": URL, "allowed_updates": ["message"]},
            "",
            0,
            State.FAULT,
            "leaves out callback_query",
        ),
        ("webhook", {"url": URL}, "Wrong response: 401", 3, State.WARNING, "401 (3 wait)"),
        ("webhook", {"url": URL}, "", 500, State.WARNING, "500 wait"),
        ("polling", {"url": URL}, "", 0, State.FAULT, "TELEGRAM_MODE is polling"),
        ("polling", {}, "", 1, State.OK, "1 waits"),
    ],
)
async def test_the_doctor(
    platform: RecordingTelegram,
    mode: str,
    webhook: dict[str, Any],
    last_error: str,
    waiting: int,
    state: State,
    told: str,
) -> None:
    platform.webhook, platform.last_error = webhook, last_error
    platform.updates = [{"update_id": number} for number in range(waiting)]
    _, finding = await telegram(settings(platform, telegram_mode=mode))
    assert finding.state is state
    assert told in finding.detail
    assert bool(finding.remedy) is (state is not State.OK)


async def test_the_doctor_with_a_wrong_token(platform: RecordingTelegram) -> None:
    platform.token = "1:another"
    (finding,) = await telegram(settings(platform))
    assert finding.state is State.FAULT
    assert "does not know it" in finding.detail
