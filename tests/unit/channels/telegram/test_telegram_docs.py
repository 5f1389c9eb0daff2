"""The page about Telegram says what the code does."""

from __future__ import annotations

from pathlib import Path

from bot.cli.telegram import app
from channels.telegram.parse import ALLOWED_UPDATES
from channels.telegram.render import ABILITIES, BUTTON_TITLE, CAPTION, TEXT
from tests.recording.telegram_bot import TOKEN
from tests.recording.telegram_rates import OVERALL, PER_GROUP
from tests.recording.telegram_rules import DOCUMENT_ENDINGS

PAGE = (Path(__file__).parents[4] / "docs" / "telegram-channel.md").read_text(encoding="utf-8")


def test_every_command_is_named() -> None:
    names = [command.name for command in app.registered_commands]
    assert len(names) == 4
    assert [name for name in names if f"flerkanal telegram {name}" not in PAGE] == []


def test_the_limits_are_those_of_the_code() -> None:
    assert f"over {TEXT:,} (UTF-16 units)" in PAGE
    assert f"over {CAPTION:,} for a caption" in PAGE
    assert f"over {BUTTON_TITLE} characters, or more than {ABILITIES.buttons} buttons" in PAGE
    assert f"{PER_GROUP.count} a minute in a group, {OVERALL.count}\na second over all" in PAGE
    assert all(f"`{ending}`" in PAGE for ending in DOCUMENT_ENDINGS)


def test_the_recording_servers_token_is_the_one_shown() -> None:
    assert f"TELEGRAM_BOT_TOKEN={TOKEN}" in PAGE


def test_only_what_is_read_is_asked_for() -> None:
    assert set(ALLOWED_UPDATES) == {"message", "callback_query", "my_chat_member"}
