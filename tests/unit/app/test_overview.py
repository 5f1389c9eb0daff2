"""What the start-up table and the doctor tell of the channels and the stores."""

from __future__ import annotations

from bot.app import overview
from bot.app.overview import Line
from bot.settings import load_settings

URL = "http://127.0.0.1:8000"


def test_a_channel_is_on_where_it_is_set_up_and_there() -> None:
    lines = {line.what: line for line in overview.channels(load_settings(), URL)}
    assert lines["Web chat"] == Line("Web chat", "on", f"{URL}/")
    assert lines["REST"].detail == ("/webhooks/rest/webhook, this machine only: no REST_TOKEN")
    assert lines["Slack"].state == "off"


def test_a_token_opens_rest_to_others() -> None:
    assert overview.rest_access(load_settings(rest_token="t" * 40)) == "bearer token"


def test_a_platform_is_on_where_it_is_set_up() -> None:
    settings = load_settings(telegram_bot_token="t", telegram_secret_token="s")
    lines = {line.what: line for line in overview.channels(settings, URL)}
    assert lines["Telegram"] == Line("Telegram", "on", "/webhooks/telegram/webhook")
    assert lines["Slack"] == Line("Slack", "off", "set SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET")


def test_a_machine_without_an_address_asks_telegram_itself() -> None:
    settings = load_settings(
        telegram_bot_token="t", telegram_secret_token="s", telegram_mode="polling"
    )
    lines = {line.what: line for line in overview.channels(settings, URL)}
    assert "polling" in lines["Telegram"].detail


def test_passwords_are_not_shown() -> None:
    settings = load_settings(
        redis_url="rediss://app:hemmelig@redis.example:6380/0",
        database_url="postgresql://app:hemmelig@db.example/flerkanal",
        orders_database_url="postgresql://app:hemmelig@db.example/orders",
    )
    shown = " ".join(line.detail for line in overview.stores(settings, embedded=False))
    assert "hemmelig" not in shown
    assert "rediss://app:***@redis.example:6380/0" in shown
    assert "postgresql://app:***@db.example/flerkanal" in shown


def test_the_embedded_stores_are_named_by_their_files() -> None:
    settings = load_settings(var_dir="var")
    lines = {line.what: line.detail for line in overview.stores(settings, embedded=True)}
    assert lines["Redis"] == "embedded, var/valkey"
    assert lines["Database"] == "SQLite, var/flerkanal.sqlite3"
    assert lines["Tickets"] == "in the database"
    assert lines["Actions"] == "inside the worker"


def test_a_ticket_system_is_named_with_its_address() -> None:
    settings = load_settings(
        tickets_system="zammad",
        tickets_api_url="https://bot:hemmelig@zammad.example",
        tickets_api_token="t",
    )
    assert overview.tickets(settings) == "Zammad, https://bot:***@zammad.example"


def test_the_desk_tells_where_staff_work() -> None:
    console, slack = overview.desk(load_settings(), URL)
    assert console == Line("Console", "on", f"{URL}/console, passwords")
    assert slack == Line("Slack desk", "off", "set SLACK_HANDOFF_CHANNEL")
    both = load_settings(
        slack_bot_token="xoxb-1",
        slack_signing_secret="s" * 32,
        slack_handoff_channel="C0123456789",
        oidc_issuer="https://login.example",
        oidc_client_id="flerkanal",
        oidc_client_secret="hemmelig",
        public_url="https://chat.example",
    )
    console, slack = overview.desk(both, URL)
    assert console.detail == f"{URL}/console, passwords, https://login.example"
    assert slack == Line("Slack desk", "on", "channel C0123456789")
