"""The application: its commands, and how errors end them."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from bot.cli import dead_letters, doctor, messenger, roles, telegram, training, user
from bot.errors import FlerkanalError


class Commands(TyperGroup):
    """Shows Flerkanal's own errors as a few lines. See `show_error` for exit codes."""

    def invoke(self, ctx: Any) -> Any:
        from bot.cli.screen import show_error

        try:
            return super().invoke(ctx)
        except FlerkanalError as error:
            raise typer.Exit(show_error(error)) from error


app = typer.Typer(
    cls=Commands,
    name="flerkanal",
    help="Customer-service chatbots on many channels. Start with: flerkanal up",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from bot.cli.version import own_version

        typer.echo(f"flerkanal {own_version()}")
        raise typer.Exit


@app.callback()
def _options(
    _: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_show_version, is_eager=True
    ),
) -> None:
    pass


app.command("up")(roles.up)
app.command("gateway")(roles.gateway)
app.command("worker")(roles.worker)
app.command("sender")(roles.sender)
app.command("train")(training.train)
app.command("doctor")(doctor.doctor)
app.add_typer(user.app, name="user")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(telegram.app, name="telegram")
app.add_typer(messenger.app, name="messenger")
