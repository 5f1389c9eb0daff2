"""`flerkanal train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bot.settings import Settings


def train(
    if_needed: bool = typer.Option(
        False, "--if-needed", help="Do nothing where a model fits the data already."
    ),
    out: Path | None = typer.Option(
        None, "--out", help="Where the model goes, in place of MODELS_DIR.", file_okay=False
    ),
) -> None:
    """Check the data and train a model from config.yml, domain.yml and data/.

    The model is named after the time and a fingerprint of all it was trained from. A training
    that is cut off leaves no model; those that are there stay.
    """
    from bot.cli.screen import console
    from bot.settings import load_settings

    settings = load_settings(**({"models_dir": out} if out else {}))
    train_model(settings, console(), if_needed=if_needed)


def train_model(settings: Settings, out: Console, *, if_needed: bool) -> Path:
    """Train with progress on the screen; returns the model. Raises ModelNotFound, TrainingFailed."""
    import time

    from bot.cli.screen import activity
    from bot.training.models import fitting_model
    from bot.training.train import Progress
    from bot.training.train import train as train_now

    if if_needed and (model := fitting_model(settings)):
        out.print(f"The model fits the data: [bold]{model}[/]", soft_wrap=True)
        return model
    began = time.monotonic()
    with activity(out, "Training: starting") as shown:

        def tell(progress: Progress) -> None:
            shown.tell(f"Training: {progress.stage}", progress.trained, progress.total)

        model = train_now(settings, tell, if_needed=if_needed)
    seconds = time.monotonic() - began
    out.print(f"Trained [bold]{model}[/] in {seconds:.0f} s", soft_wrap=True)
    if fitting_model(settings) is None:
        out.print("[yellow]The data changed meanwhile: train again to have it all.[/]")
    return model
