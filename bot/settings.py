"""Settings from the environment and `.env`, checked once, at start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseSettings, Field, SecretStr, ValidationError, root_validator, validator

from bot.errors import SettingsError

# What a channel can't work without. With none of them set the channel is off, with some it
# refuses to start: half a set of secrets is a mistake, never a wish.
CHANNEL_SECRETS: Mapping[str, tuple[str, ...]] = {
    "slack": ("slack_bot_token", "slack_signing_secret"),
    "telegram": ("telegram_bot_token", "telegram_secret_token"),
    "messenger": ("messenger_page_token", "messenger_app_secret", "messenger_verify_token"),
}


class Settings(BaseSettings):
    """One frozen object; secrets never print.

    Field names are the environment's names in lower case. Durations are in seconds, sizes in bytes.
    """

    # the edge
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    rest_token: SecretStr | None = None
    secret_key: SecretStr | None = None
    web_allowed_origins: str = ""
    rest_reply_timeout: float = Field(60.0, gt=0)
    max_body_bytes: int = Field(65_536, ge=1_024)
    max_text_chars: int = Field(4_000, ge=1)

    # one person
    identity_secret: SecretStr | None = None
    identity_audience: str | None = None
    identity_issuer: str | None = None
    link_code_seconds: int = Field(600, ge=30, le=3_600)

    # the stores
    var_dir: Path = Path("var")
    redis_url: str | None = None
    database_url: SecretStr | None = None
    orders_database_url: SecretStr | None = None
    orders_timeout: float = Field(3.0, gt=0)

    # the pipeline
    partitions: int = Field(16, ge=1, le=1_024)
    workers: int = Field(2, ge=1, le=64)
    lease_seconds: float = Field(8.0, ge=1.0)
    batch_size: int = Field(32, ge=1, le=512)
    max_deliveries: int = Field(5, ge=1)
    turn_timeout: float = Field(30.0, gt=0)
    delivery_give_up: float = Field(6 * 3600.0, gt=0)
    dedupe_seconds: int = Field(7 * 24 * 3600, ge=60)

    # the channels
    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_handoff_channel: str | None = None
    slack_command: str = "/help-me"
    slack_messages_per_minute: int = Field(300, ge=1)
    slack_api_url: str = "https://slack.com/api/"
    telegram_bot_token: SecretStr | None = None
    telegram_secret_token: SecretStr | None = None
    telegram_mode: Literal["webhook", "polling"] = "webhook"
    telegram_api_url: str = "https://api.telegram.org/bot"
    messenger_page_token: SecretStr | None = None
    messenger_app_secret: SecretStr | None = None
    messenger_verify_token: SecretStr | None = None
    messenger_api_url: str = "https://graph.facebook.com/v25.0"

    # the desk and the console
    public_url: str | None = None
    console_session_hours: float = Field(12.0, gt=0)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    desk_texts_dir: Path = Path("data/desk")
    desk_slots: str = "order_number"
    desk_placeholders: str = "order_number,recent_order"
    agent_gone_seconds: float = Field(120.0, ge=5.0)
    episode_minutes: int = Field(30, ge=1)
    time_zone: str = "Europe/Oslo"

    # the ticket system
    tickets_system: Literal["zammad", "zendesk"] | None = None
    tickets_api_url: str | None = None
    tickets_api_token: SecretStr | None = None
    tickets_group: str | None = None
    tickets_timeout: float = Field(5.0, gt=0)

    # the dialogue
    models_dir: Path = Path("models")
    action_endpoint: str | None = None
    action_timeout: float = Field(10.0, gt=0)

    log_level: str = "INFO"
    log_format: Literal["auto", "json", "text"] = "auto"

    class Config:
        env_file = ".env"
        env_file_encoding = "utf-8"
        allow_mutation = False
        case_sensitive = False

    @root_validator(pre=True)
    def _empty_is_absent(cls, values: dict[str, Any]) -> dict[str, Any]:
        # A line such as `REST_TOKEN=` in a copied .env means "not set", never "an empty secret".
        return {name: value for name, value in values.items() if value != ""}

    @validator("log_level")
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return level

    @validator("identity_secret", "secret_key")
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError(
                "must have at least 32 characters, such as `openssl rand -hex 32` prints"
            )
        return value

    @validator("slack_command")
    def _command_name(cls, value: str) -> str:
        if not re.fullmatch(r"/[a-z0-9_-]{1,31}", value):
            raise ValueError(
                "must be a slash command such as /help-me: / and up to 31 of a-z, 0-9, _ and -"
            )
        return value

    @validator("slack_handoff_channel")
    def _channel_id(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[CG][A-Z0-9]{2,31}", value):
            raise ValueError(
                "must be the channel's id, such as C0123ABCD, not its name: in Slack click the"
                " channel's name at its top and copy the Channel ID at the end of the tab About"
            )
        return value

    @validator("telegram_secret_token")
    def _telegram_secret(cls, value: SecretStr | None) -> SecretStr | None:
        # What setWebhook takes as its secret_token.
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("must be 1 to 256 of A-Z, a-z, 0-9, _ and -")
        return value

    @validator("time_zone")
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, ZoneInfoNotFoundError, OSError):
            raise ValueError("must be a time zone such as Europe/Oslo") from None
        return value

    @validator("redis_url")
    def _redis_scheme(cls, value: str | None) -> str | None:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value or None

    @validator(
        "action_endpoint",
        "slack_api_url",
        "telegram_api_url",
        "messenger_api_url",
        "tickets_api_url",
        "public_url",
        "oidc_issuer",
    )
    def _http_scheme(cls, value: str | None) -> str | None:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value or None

    @validator("desk_slots", "desk_placeholders")
    def _slot_names(cls, value: str) -> str:
        wrong = [name for name in _listed(value) if not re.fullmatch(r"[A-Za-z_]\w*", name)]
        if wrong:
            raise ValueError(f"must be names of slots with commas between them, not {wrong[0]!r}")
        return value

    @property
    def settable_slots(self) -> tuple[str, ...]:
        """The slots that staff may set when they return a customer to the bot."""
        return _listed(self.desk_slots)

    @property
    def placeholder_slots(self) -> tuple[str, ...]:
        """The slots that canned answers may name."""
        return _listed(self.desk_placeholders)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """WEB_ALLOWED_ORIGINS split at commas: origins such as `https://shop.example`."""
        return tuple(origin.rstrip("/") for origin in _listed(self.web_allowed_origins))

    def missing_for(self, channel: str) -> tuple[str, ...]:
        """The environment's names that `channel` needs and that are not set."""
        return tuple(
            name.upper() for name in CHANNEL_SECRETS[channel] if getattr(self, name) is None
        )

    def is_configured(self, channel: str) -> bool:
        """Whether `channel` has all that it needs."""
        return not self.missing_for(channel)

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Every secret that is set, passwords in addresses too: what a log must never show."""
        values = [value for _, value in self]
        found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        addresses = [*found, self.redis_url or ""]
        found += [password for address in addresses if (password := _password(address))]
        return tuple(found)

    @property
    def database_dsn(self) -> str:
        """The record's SQLAlchemy URL: DATABASE_URL, else SQLite under `var/`."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.var_dir / 'flerkanal.sqlite3').absolute()}"

    @property
    def orders_dsn(self) -> str:
        """The order system's SQLAlchemy URL: ORDERS_DATABASE_URL, else SQLite under `var/`."""
        if self.orders_database_url is not None:
            return self.orders_database_url.get_secret_value()
        return f"sqlite:///{(self.var_dir / 'orders.sqlite3').absolute()}"


def _listed(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _password(address: str) -> str | None:
    try:
        password = urlsplit(address).password
    except ValueError:
        return None
    return unquote(password) if password else None


def load_settings(**overrides: Any) -> Settings:
    """Read and check all settings. Raises SettingsError, which names every fault at once."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(
            [f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        ) from error
    problems = [
        f"WEB_ALLOWED_ORIGINS: {origin!r} is not an origin such as https://shop.example"
        for origin in settings.allowed_origins
        if not origin.startswith(("http://", "https://"))
    ]
    problems += _half_set_channels(settings)
    problems += _half_set_tickets(settings)
    problems += _half_set_oidc(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _half_set_channels(settings: Settings) -> list[str]:
    problems = []
    for channel, needed in CHANNEL_SECRETS.items():
        missing = settings.missing_for(channel)
        if missing and len(missing) < len(needed):
            problems.append(
                f"{channel.capitalize()} is half set up, {', '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing: set all of "
                f"{', '.join(name.upper() for name in needed)}, or none to leave it off"
            )
    if settings.slack_handoff_channel and not settings.is_configured("slack"):
        problems.append(
            "SLACK_HANDOFF_CHANNEL is set but Slack is not: set SLACK_BOT_TOKEN and "
            "SLACK_SIGNING_SECRET as well, or leave it out"
        )
    return problems


def _half_set_tickets(settings: Settings) -> list[str]:
    needed = ("tickets_system", "tickets_api_url", "tickets_api_token")
    missing = [name.upper() for name in needed if getattr(settings, name) is None]
    group = settings.tickets_group
    problem = ""
    if missing and (len(missing) < len(needed) or group):
        problem = (
            f"The ticket system is half set up, {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: set TICKETS_SYSTEM (zammad or "
            "zendesk), TICKETS_API_URL and TICKETS_API_TOKEN, or none of TICKETS_SYSTEM, "
            "TICKETS_API_URL, TICKETS_API_TOKEN and TICKETS_GROUP to keep tickets in the database"
        )
    elif settings.tickets_system == "zendesk" and group and not group.isdecimal():
        problem = (
            f"TICKETS_GROUP: {group!r} is no number, and Zendesk wants the group's number, as it "
            "stands in the group's address in the Admin Center"
        )
    return [problem] if problem else []


def _half_set_oidc(settings: Settings) -> list[str]:
    needed = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
    missing = [name.upper() for name in needed if getattr(settings, name) is None]
    if len(missing) == len(needed):
        return []
    if missing:
        return [
            (
                f"Sign-in by OpenID Connect is half set up, {', '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing: set all of OIDC_ISSUER, "
                "OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none to sign in with passwords"
            )
        ]
    if settings.public_url is None:
        return [
            (
                "PUBLIC_URL: sign-in by OpenID Connect needs the address that browsers use, such as "
                "https://chat.example, to be sent back to"
            )
        ]
    return []
