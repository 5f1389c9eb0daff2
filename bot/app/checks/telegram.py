"""Telegram, as the platform sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

from bot.app.checks.result import Finding, fault, ok, warning
from bot.app.telegram import WEBHOOK_PATH, TelegramState, look
from bot.errors import DeliveryError, SettingsError
from bot.settings import Settings

_SET_WEBHOOK = "flerkanal telegram set-webhook https://<your address>"
_DELETE_WEBHOOK = "flerkanal telegram delete-webhook"
_MANY_WAITING = 100
_RECENTLY = timedelta(hours=1)


async def telegram(settings: Settings) -> Sequence[Finding]:
    """Which bot it is, and whether updates reach it; nothing where the channel is off."""
    if not settings.is_configured("telegram"):
        return []
    try:
        state = await look(settings)
    except (DeliveryError, SettingsError) as error:
        return [
            fault(
                "Telegram bot",
                str(error),
                "see docs/telegram-channel.md: the token is @BotFather's, TELEGRAM_API_URL is"
                " Telegram's unless you run a Bot API server of your own",
            )
        ]
    privacy = "reads all of a group" if state.reads_groups else "in groups hears what is for it"
    return [
        ok("Telegram bot", f"@{state.username}, {privacy}"),
        _polling(state) if settings.telegram_mode == "polling" else _webhook(state),
    ]


def _polling(state: TelegramState) -> Finding:
    what = "Telegram updates"
    if state.url:
        return fault(
            what,
            f"TELEGRAM_MODE is polling, but a webhook is set: {state.url}",
            f"{_DELETE_WEBHOOK}, or set TELEGRAM_MODE=webhook",
        )
    return ok(what, f"are fetched; {_waiting(state)}")


def _webhook(state: TelegramState) -> Finding:
    what = "Telegram updates"
    if not state.url:
        return fault(
            what,
            "no webhook is set: nothing that customers write arrives",
            f"{_SET_WEBHOOK}, or TELEGRAM_MODE=polling on a machine without an address",
        )
    if urlsplit(state.url).path != WEBHOOK_PATH:
        return warning(
            what,
            f"the webhook is {state.url}, its path is not {WEBHOOK_PATH}",
            f"unless a proxy maps it: {_SET_WEBHOOK}",
        )
    if state.missing_updates:
        return fault(
            what, f"the webhook leaves out {', '.join(state.missing_updates)}", _SET_WEBHOOK
        )
    if _is_recent(state.last_error_at):
        return warning(
            what,
            f"Telegram could not deliver to {state.url}: {state.last_error} ({_waiting(state)})",
            "see that the gateway runs, that its certificate is valid, and that"
            f" TELEGRAM_SECRET_TOKEN is the one that was set; else {_SET_WEBHOOK}",
        )
    if state.waiting > _MANY_WAITING:
        return warning(
            what,
            f"{_waiting(state)} at Telegram",
            "see that the gateway runs and is not overloaded",
        )
    return ok(what, f"come to {state.url}; {_waiting(state)}")


def _waiting(state: TelegramState) -> str:
    return "1 waits" if state.waiting == 1 else f"{state.waiting} wait"


def _is_recent(at: datetime | None) -> bool:
    return at is not None and datetime.now(timezone.utc) - at < _RECENTLY
