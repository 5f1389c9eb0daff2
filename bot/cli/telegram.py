"""`flerkanal telegram set-webhook`, `delete-webhook`, `set-commands` and `info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.app.telegram import TelegramState

app = typer.Typer(help="Set up the bot at Telegram, and see how it stands.", no_args_is_help=True)

_DROP_HELP = "Forget what customers wrote and Telegram has not delivered yet."


@app.command("set-webhook")
def set_webhook(
    address: str = typer.Argument(
        ..., metavar="https://...", help="Where Telegram reaches the gateway."
    ),
    max_connections: int = typer.Option(
        40, "--max-connections", min=1, max=100, help="How many updates it may deliver at once."
    ),
    drop_pending: bool = typer.Option(False, "--drop-pending-updates", help=_DROP_HELP),
) -> None:
    """Let Telegram deliver what customers write to this address; sets the bot's menu as well.

    Telegram sends TELEGRAM_SECRET_TOKEN along from then on. May be done again at any time.
    """
    import asyncio

    from bot.app import telegram
    from bot.cli.screen import console
    from bot.settings import load_settings

    settings = load_settings()
    url = asyncio.run(
        telegram.set_webhook(
            settings, address, max_connections=max_connections, drop_pending=drop_pending
        )
    )
    out = console()
    out.print(f"Telegram delivers to {url} from now on.", soft_wrap=True, markup=False)
    if settings.telegram_mode == "polling":
        out.print(
            "TELEGRAM_MODE is polling, which can't be together with a webhook: set it to webhook.",
            soft_wrap=True,
            markup=False,
        )


@app.command("delete-webhook")
def delete_webhook(
    drop_pending: bool = typer.Option(False, "--drop-pending-updates", help=_DROP_HELP),
) -> None:
    """Let Telegram keep what customers write until it is fetched, for TELEGRAM_MODE=polling.

    It keeps it for 24 hours.
    """
    import asyncio

    from bot.app import telegram
    from bot.cli.screen import console
    from bot.settings import load_settings

    asyncio.run(telegram.delete_webhook(load_settings(), drop_pending=drop_pending))
    console().print("No webhook is set any more.")


@app.command("set-commands")
def set_commands() -> None:
    """Set the bot's menu of commands, in English and Norwegian."""
    import asyncio

    from bot.app import telegram
    from bot.cli.screen import console
    from bot.settings import load_settings

    asyncio.run(telegram.set_commands(load_settings()))
    console().print("The menu is set in English and Norwegian.")


@app.command("info")
def info() -> None:
    """Show the bot, its webhook, what waits, and the last error of a delivery."""
    import asyncio

    from bot.app.telegram import look
    from bot.cli.screen import console
    from bot.settings import load_settings

    state = asyncio.run(look(load_settings()))
    out = console()
    for line in describe(state):
        out.print(line, soft_wrap=True, markup=False)


def describe(state: TelegramState) -> list[str]:
    """A line for each thing there is to know."""
    privacy = "off: it reads all of a group" if state.reads_groups else "on"
    lines = [
        f"Bot: @{state.username} (https://t.me/{state.username})",
        f"Privacy mode in groups: {privacy}",
        f"Webhook: {state.url or 'none'}",
        f"Waiting updates: {state.waiting}",
    ]
    if state.missing_updates:
        lines.append(f"Updates that the webhook leaves out: {', '.join(state.missing_updates)}")
    if state.last_error:
        at = f"{state.last_error_at:%Y-%m-%d %H:%M:%S} UTC" if state.last_error_at else "some time"
        lines.append(f"Last error, {at}: {state.last_error}")
    return lines
