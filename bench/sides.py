"""Which sides take part, with their models made ready before anything is measured."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bench.errors import BenchError, TrainingFailed
from bench.training import QUIET, TrainedModel, components, project_model, stock_model
from bench.variants import OURS, STOCK, STOCK_PROJECT, Side, command

ALL = (STOCK, STOCK_PROJECT, OURS)


def sides(
    only: str, root: Path, work: Path, epochs: int, limit: float, tell: Callable[[str], None]
) -> list[Side]:
    """The sides named in `only` (comma-separated; empty: all), in the order they are measured.

    Raises BenchError for an unknown name and TrainingFailed where a model can't be made.
    """
    wanted = [name.strip() for name in only.split(",") if name.strip()] or list(ALL)
    unknown = sorted(set(wanted) - set(ALL))
    if unknown:
        raise BenchError(f"no such side: {', '.join(unknown)}; there are {', '.join(ALL)}")
    made = []
    if STOCK in wanted:
        model = stock_model(root, work, epochs, limit, tell)
        made.append(Side(STOCK, "stock Rasa", model))
    if STOCK_PROJECT in wanted:
        model = project_model(root, work, tell)
        made.append(Side(STOCK_PROJECT, "stock, our pipeline", model))
    if OURS in wanted:
        made.append(Side(OURS, "Flerkanal", flerkanal_model(root, work, tell)))
    return made


def flerkanal_model(root: Path, work: Path, tell: Callable[[str], None]) -> TrainedModel:
    """Let Flerkanal train where no model of its own fits. Raises TrainingFailed."""
    tell("making Flerkanal's model ready (trained where none fits)")
    log = work / "logs" / "flerkanal-train.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        code = subprocess.run(
            command("train", "--if-needed"),
            cwd=root,
            env={**os.environ, **QUIET},
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
    if code != 0:
        raise TrainingFailed(f"`flerkanal train` ended with exit code {code}", log)
    config: dict[str, Any] = yaml.safe_load((root / "config.yml").read_text(encoding="utf-8"))
    return TrainedModel(root / "models", 0.0, 0, *components(config))
