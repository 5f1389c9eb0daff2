"""`flerkanal up`, `gateway`, `worker` and `sender`."""

from __future__ import annotations

from typing import Literal

import typer

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
    _run("gateway", None)


def worker(holder: str | None = _HOLDER) -> None:
    """Run one worker alone: takes messages from the inbox and answers them. Start many."""
    _run("worker", holder)


def sender(holder: str | None = _HOLDER) -> None:
    """Run one sender alone: delivers answers to the platforms that must be called."""
    _run("sender", holder)


def _run(role: Literal["gateway", "worker", "sender"], holder: str | None) -> None:
    import uvloop

    from bot.cli.log import set_up_logging
    from bot.observability.third_party import apply_defaults
    from bot.settings import load_settings

    settings = load_settings()
    set_up_logging(settings)
    apply_defaults()

    async def run() -> None:
        from bot.app.bootstrap.roles import run_gateway, run_sender, run_worker
        from bot.app.role_redis import role_redis
        from bot.app.roles import new_holder

        async with role_redis(settings) as with_redis:
            if role == "gateway":
                await run_gateway(with_redis)
            elif role == "worker":
                await run_worker(with_redis, holder or new_holder())
            else:
                await run_sender(with_redis, holder or new_holder())

    uvloop.run(run())
