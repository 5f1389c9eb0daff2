"""What `flerkanal up` does, and the table that it shows."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.app import overview
from bot.app.bootstrap.desk import first_account
from bot.app.everything import choose_address, run_everything
from bot.app.gateway import Address
from bot.app.supervisor import Supervisor
from bot.cli.screen import PartLog, activity, console
from bot.cli.training import train_model
from bot.cli.version import own_version
from bot.pipeline.embedded_server import EmbeddedServer
from bot.settings import Settings
from bot.training.models import find_model

_STATES = {"on": "[green]on[/]", "off": "[dim]off[/]"}


def start(settings: Settings, *, train: bool) -> None:
    """Start everything and keep it until Ctrl-C.

    Raises SettingsError, EmbeddedServerTaken, ModelNotFound, TrainingFailed, PartFailed.
    """
    out = console()
    address = choose_address(settings)
    with ExitStack() as held:
        server = None
        if settings.redis_url is None:
            server = EmbeddedServer(settings.var_dir)
            server.acquire()
            held.callback(server.release)
        model = train_model(settings, out, if_needed=True) if train else find_model(settings)
        began = time.monotonic()
        _run(settings, address, server, model, out, began)
    out.print("Stopped.")


def _run(
    settings: Settings,
    address: Address,
    server: EmbeddedServer | None,
    model: Path,
    out: Console,
    began: float,
) -> None:
    log = PartLog(out)
    if out.is_terminal:
        # A start that goes well needs no words but the table.
        log.hold_back()
    with ExitStack() as showing:
        shown = showing.enter_context(activity(out, "Starting: Redis, gateway, worker, sender"))
        shown.tell("Starting: the worker loads the model")

        async def on_ready() -> None:
            account = await first_account(settings)
            showing.close()
            log.go_on()
            out.print()
            seconds = time.monotonic() - began
            out.print(startup_table(settings, address, model, server is not None, seconds))
            if account is not None:
                login, password = account
                out.print(
                    f"Sign in at [bold]{address.url}/console[/] as [bold]{login}[/] with the"
                    f" password [bold]{password}[/]\nIt is shown only now. A new one:"
                    f" flerkanal user password {login}",
                    soft_wrap=True,
                )
            out.print(f"Open [bold]{address.url}/[/]   Stop with Ctrl-C", soft_wrap=True)

        def on_stop() -> None:
            showing.close()
            log.go_on()
            out.print("Stopping: turns under way finish. Ctrl-C again ends all at once.")

        asyncio.run(
            run_everything(
                settings,
                address,
                server,
                Supervisor(log.line, log.event),
                log_format=_log_format(settings, out),
                on_ready=on_ready,
                on_stop=on_stop,
            )
        )


def startup_table(
    settings: Settings, address: Address, model: Path, embedded: bool, seconds: float
) -> Table:
    """What is on, what is off and why, and where it is."""
    table = Table(
        title=f"Flerkanal {own_version()}: ready in {seconds:.1f} s",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("")
    table.add_column("State")
    table.add_column("Where, or why not", overflow="fold")
    workers = f"{settings.workers}, model {model.name}"
    health = "/readyz, /metrics"
    groups = [
        overview.channels(settings, address.url),
        [overview.Line("Workers", "on", workers), *overview.stores(settings, embedded)],
        overview.desk(settings, address.url),
        [overview.Line("Health", "on", health)],
    ]
    for group in groups:
        for line in group:
            table.add_row(line.what, _STATES[line.state], escape(line.detail))
        table.add_section()
    return table


def _log_format(settings: Settings, out: Console) -> str:
    if settings.log_format != "auto":
        return settings.log_format
    return "text" if out.is_terminal else "json"
