"""The command line. `app` is the Typer application; what a command needs it imports itself."""

from bot.cli.main import app

__all__ = ["app"]
