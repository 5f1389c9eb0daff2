"""docs/slack-manifest.yml asks for what the code uses, and for no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from channels.slack.needs import EVENTS, METHODS, REQUIRED, SCOPES

ROOT = Path(__file__).resolve().parents[4]
SOURCES = {
    str(path.relative_to(ROOT / "channels" / "slack")): path.read_text(encoding="utf-8")
    for path in (ROOT / "channels" / "slack").rglob("*.py")
    if path.name != "needs.py"
}
WEBHOOK = "https://flerkanal.example/webhooks/slack/webhook"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "slack-manifest.yml").read_text())
    return data


def test_every_method_that_is_called_has_its_scopes_written_down() -> None:
    called = re.compile(r'"((?:auth|bots|chat|conversations|users|views|files|team)\.[A-Za-z.]+)"')
    used = {name for source in SOURCES.values() for name in called.findall(source)}
    assert used == set(METHODS)


def test_every_event_that_is_heard_is_subscribed_to(manifest: dict[str, Any]) -> None:
    heard = set(re.findall(r'app\.event\("([a-z_]+)"\)', SOURCES["adapter.py"]))
    subscribed = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert subscribed == set(EVENTS)
    assert heard == {name.split(".")[0] for name in subscribed}


def test_the_scopes_are_those_that_are_needed(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert len(scopes) == len(set(scopes))
    assert set(scopes) == SCOPES
    assert REQUIRED < SCOPES


def test_all_of_it_comes_to_the_webhook(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == Settings.__fields__["slack_command"].default
    assert command["url"] == WEBHOOK
    # Without it a mention in a command could not be told from words.
    assert command["should_escape"] is True
    for part in ("event_subscriptions", "interactivity"):
        assert manifest["settings"][part]["request_url"] == WEBHOOK
    assert manifest["settings"]["interactivity"]["is_enabled"] is True


def test_customers_can_write_and_see_the_home(manifest: dict[str, Any]) -> None:
    home = manifest["features"]["app_home"]
    assert home["home_tab_enabled"] is True
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False
