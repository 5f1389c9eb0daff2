"""What an operator sets at Telegram, and how it stands there."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from telegram import BotCommand, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.errors import SettingsError
from bot.settings import Settings
from channels.telegram.client import Client
from channels.telegram.errors import delivery_error
from channels.telegram.parse import ALLOWED_UPDATES
from channels.telegram.words import commands

WEBHOOK_PATH = "/webhooks/telegram/webhook"
# Telegram delivers to no other.
_PORTS = (443, 80, 88, 8443)
# The menu for everybody (no language), and for those whose Telegram is in one of these.
_MENUS: tuple[str | None, ...] = (None, "nb", "no")


@dataclass(frozen=True)
class TelegramState:
    """How the bot stands. `url` is empty where no webhook is set; `waiting` counts updates that
    Telegram has not got rid of yet; `reads_groups`: privacy mode is off.
    """

    username: str
    reads_groups: bool
    url: str
    waiting: int
    missing_updates: tuple[str, ...]
    last_error: str | None
    last_error_at: datetime | None


async def look(settings: Settings) -> TelegramState:
    """Ask Telegram. Raises SettingsError, DeliveryError."""
    async with _client(settings) as client:
        user = await client.bot.get_me()
        info = await client.bot.get_webhook_info()
    return TelegramState(
        username=user.username or "",
        reads_groups=bool(user.can_read_all_group_messages),
        url=info.url,
        waiting=info.pending_update_count,
        missing_updates=_missing(info),
        last_error=info.last_error_message,
        last_error_at=info.last_error_date,
    )


async def set_webhook(
    settings: Settings, address: str, *, max_connections: int, drop_pending: bool
) -> str:
    """Let Telegram call this installation at `address`; returns the whole address that was set.

    The menu of commands is set as well. Raises SettingsError, DeliveryError.
    """
    url = webhook_url(address)
    async with _client(settings) as client:
        assert settings.telegram_secret_token is not None
        await client.bot.set_webhook(
            url,
            secret_token=settings.telegram_secret_token.get_secret_value(),
            allowed_updates=ALLOWED_UPDATES,
            max_connections=max_connections,
            drop_pending_updates=drop_pending,
        )
        await _set_menus(client)
    return url


async def delete_webhook(settings: Settings, *, drop_pending: bool) -> None:
    """Let Telegram keep updates until they are fetched. Raises SettingsError, DeliveryError."""
    async with _client(settings) as client:
        await client.bot.delete_webhook(drop_pending_updates=drop_pending)


async def set_commands(settings: Settings) -> None:
    """Set the bot's menu in both languages. Raises SettingsError, DeliveryError."""
    async with _client(settings) as client:
        await _set_menus(client)


def webhook_url(address: str) -> str:
    """The webhook's address on a host: the path is added where there is none. Raises SettingsError."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise SettingsError([f"{address!r} is not an address: {error}"]) from error
    if parts.scheme != "https" or not parts.hostname:
        raise SettingsError(
            [f"{address!r}: Telegram calls https:// addresses only, such as https://bot.example.no"]
        )
    if port not in (None, *_PORTS):
        ports = ", ".join(str(known) for known in _PORTS)
        raise SettingsError([f"{address!r}: Telegram calls the ports {ports} only"])
    path = parts.path if parts.path.strip("/") else WEBHOOK_PATH
    return urlunsplit(parts._replace(path=path, fragment=""))


async def _set_menus(client: Client) -> None:
    for language in _MENUS:
        menu = [BotCommand(name, does) for name, does in commands(language)]
        await client.bot.set_my_commands(menu, language_code=language)


@contextlib.asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Client]:
    token = settings.telegram_bot_token
    if token is None or not settings.is_configured("telegram"):
        raise SettingsError(
            [f"Telegram is off: set {', '.join(settings.missing_for('telegram'))} first"]
        )
    client = Client(token.get_secret_value(), settings.telegram_api_url)
    try:
        yield client
    except InvalidToken as error:
        raise SettingsError(
            [f"TELEGRAM_BOT_TOKEN: Telegram does not know it ({error}): copy it from @BotFather"]
        ) from error
    except TelegramError as error:
        raise delivery_error(error) from error
    finally:
        await client.close()


def _missing(info: WebhookInfo) -> tuple[str, ...]:
    """The kinds of updates that the webhook leaves out."""
    if not info.url or not info.allowed_updates:
        # None named: all that there are by default, which these are among.
        return ()
    return tuple(kind for kind in ALLOWED_UPDATES if kind not in info.allowed_updates)
