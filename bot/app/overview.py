"""What of Flerkanal is on, what is off, and why: for the start-up table and the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy.engine import make_url

from bot.settings import CHANNEL_SECRETS, Settings

State = Literal["on", "off"]


@dataclass(frozen=True)
class Line:
    """One part or channel. `detail` is where it is, or why it is not on."""

    what: str
    state: State
    detail: str


def channels(settings: Settings, url: str) -> list[Line]:
    """Every channel that Flerkanal knows; `url` is the gateway's, the paths are below it."""
    return [
        Line("Web chat", "on", f"{url}/"),
        Line("REST", "on", f"/webhooks/rest/webhook, {rest_access(settings)}"),
        *(_platform(settings, channel) for channel in CHANNEL_SECRETS),
    ]


def rest_access(settings: Settings) -> str:
    """Who may use the REST channel."""
    return "bearer token" if settings.rest_token else "this machine only: no REST_TOKEN"


def desk(settings: Settings, url: str) -> list[Line]:
    """Where staff work."""
    slack = settings.slack_handoff_channel
    sign_in = "passwords" if settings.oidc_issuer is None else f"passwords, {settings.oidc_issuer}"
    return [
        Line("Console", "on", f"{url}/console, {sign_in}"),
        Line(
            "Slack desk",
            "off" if slack is None else "on",
            "set SLACK_HANDOFF_CHANNEL" if slack is None else f"channel {slack}",
        ),
    ]


def stores(settings: Settings, embedded: bool) -> list[Line]:
    """Where what is kept is kept; no passwords."""
    redis = f"embedded, {settings.var_dir / 'valkey'}" if embedded else ""
    return [
        Line("Redis", "on", redis or without_password(settings.redis_url or "")),
        Line("Database", "on", database(settings.database_dsn)),
        Line("Orders", "on", database(settings.orders_dsn)),
        Line("Tickets", "on", tickets(settings)),
        Line("Actions", "on", settings.action_endpoint or "inside the worker"),
    ]


def database(dsn: str) -> str:
    """A database's address for people: no password, a relative path where that is shorter."""
    url = make_url(dsn)
    if url.get_backend_name() != "sqlite":
        return repr(url)
    path = Path(url.database or "")
    here = Path.cwd()
    return f"SQLite, {path.relative_to(here) if path.is_relative_to(here) else path}"


def tickets(settings: Settings) -> str:
    """Where customers' cases go."""
    if settings.tickets_system is None or settings.tickets_api_url is None:
        return "in the database"
    return f"{settings.tickets_system.capitalize()}, {without_password(settings.tickets_api_url)}"


def without_password(url: str) -> str:
    """An address whose password, where it has one, is `***`."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, host = parts.username or "", parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:***@{host}"))


def _platform(settings: Settings, channel: str) -> Line:
    name = channel.capitalize()
    if not settings.is_configured(channel):
        return Line(name, "off", f"set {', '.join(settings.missing_for(channel))}")
    if channel == "telegram" and settings.telegram_mode == "polling":
        return Line(name, "on", "asks Telegram for messages: TELEGRAM_MODE is polling")
    return Line(name, "on", f"/webhooks/{channel}/webhook")
