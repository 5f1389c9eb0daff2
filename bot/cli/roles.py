"""`flerkanal up`, `gateway`, `worker` and `sender`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

_HOLDER = typer.Option(
    None, "--holder", help="A name for this process that no other has. Default: one is made."
)


def up(
    host: str | None = typer.Option(None, "--host", help="In place of HOST."),
    port: int | None = typer.Option(None, "--port", "-p", help="In place of PORT."),
    workers: int | None = typer.Option(None, "--workers", "-w", help="In place of WORKERS."),
    train: bool = typer.Option(
        True, "--train/--no-train", help="Train first where no model fits the data."
    ),
) -> None:
    """Start everything in this terminal: Redis, gateway, workers, sender.

    Trains a model first where none fits the data. Ctrl-C stops all in order: turns under way
    finish, nothing is lost. A part that crashes is started again.
    """
    from bot.cli.everything import start
    from bot.settings import load_settings

    given = {"host": host, "port": port, "workers": workers}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    start(settings, train=train)


def gateway() -> None:
    """Run the web server alone: widget, REST, webhooks. It answers with no model loaded here."""
    from bot.app.bootstrap import run_gateway

    _run(run_gateway)


def worker(holder: str | None = _HOLDER) -> None:
    """Run one worker alone: takes messages from the inbox and answers them. Start many."""
    from bot.app.bootstrap import run_worker
    from bot.app.roles import new_holder

    _run(lambda settings: run_worker(settings, holder or new_holder()))


def sender(holder: str | None = _HOLDER) -> None:
    """Run one sender alone: delivers answers to the platforms that must be called."""
    from bot.app.bootstrap import run_sender
    from bot.app.roles import new_holder

    _run(lambda settings: run_sender(settings, holder or new_holder()))


def _run(role: Callable[[Settings], Awaitable[Any]]) -> None:
    from bot.cli.log import set_up_logging
    from bot.settings import load_settings

    settings = load_settings()
    set_up_logging(settings)

    async def run() -> None:
        from bot.app.role_redis import role_redis

        async with role_redis(settings) as with_redis:
            await role(with_redis)

    import asyncio

    asyncio.run(run())
