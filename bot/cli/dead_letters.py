"""`flerkanal dead-letters`."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Look at what could not be handled, and hand it in again.", no_args_is_help=True
)
