"""`python -m bench.nlu`: BANKING77 with Flerkanal's components and stock Rasa's, on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from bench.errors import BenchError
from bench.nlu.data import Labelled, few_of_each, read, split_off_dev
from bench.nlu.measure import Measured, measure
from bench.nlu.pipelines import FLERKANAL, TITLES, TUNED, config_of
from bench.results import save
from bench.training import DEFAULT_EPOCHS, QUIET

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results" / "nlu"
SHOTS = (5, 10)
FULL = "full"


def main(
    data: Annotated[Path, typer.Option(help="The folder of train.csv and test.csv.")] = ROOT.parent
    / "shared"
    / "data"
    / "banking77",
    test: Annotated[
        bool, typer.Option(help="Ask the test set; else a fifth of the training set.")
    ] = False,
    sides: Annotated[str, typer.Option(help=f"Of {','.join(TITLES)}.")] = f"{FLERKANAL},{TUNED}",
    settings: Annotated[str, typer.Option(help="Of full,10-shot,5-shot.")] = "full,10-shot,5-shot",
    seeds: Annotated[int, typer.Option(min=1, help="Samples of each few-shot setting.")] = 5,
    diet_epochs: Annotated[int, typer.Option(min=1)] = DEFAULT_EPOCHS,
) -> None:
    """Train and ask, side by side. A table here, JSON in bench/results/nlu.

    DIET takes about an hour on the full data: it takes part where `--sides` names it. Ends with
    2 where something could not be measured.
    """
    os.environ.update(QUIET)
    console = Console()
    if not console.is_terminal:
        console = Console(width=110)
    try:
        train = read(data / "train.csv")
        if test:
            asked = read(data / "test.csv")
        else:
            train, asked = split_off_dev(train)
        measured: list[Measured] = []
        with tempfile.TemporaryDirectory() as work:
            for side in _known(sides, tuple(TITLES)):
                for setting in _known(settings, (FULL, *(f"{shots}-shot" for shots in SHOTS))):
                    for seed, sample in _samples(train, setting, seeds):
                        config = config_of(side, diet_epochs)
                        measured.append(
                            measure(side, config, setting, seed, sample, asked, Path(work))
                        )
                        console.print(_line(measured[-1]), highlight=False)
    except BenchError as error:
        console.print("The benchmark stopped:", str(error), style="red", highlight=False)
        raise typer.Exit(2) from error
    rows = summary(measured)
    results = {
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine.facts(ROOT),
        "asked": "test" if test else "a fifth of train",
        "messages": len(asked),
        "diet_epochs": diet_epochs,
        "configs": {side: config_of(side, diet_epochs)["pipeline"] for side in TITLES},
        "summary": rows,
        "runs": [asdict(one) for one in measured],
    }
    _show(console, rows)
    stamp = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"
    console.print(f"JSON: {save(results, RESULTS, stamp)}", highlight=False, soft_wrap=True)


def summary(measured: list[Measured]) -> list[dict[str, Any]]:
    """For every side and setting: the mean over the seeds, and the standard deviation."""
    made = []
    for side, setting in dict.fromkeys((one.side, one.setting) for one in measured):
        runs = [one for one in measured if (one.side, one.setting) == (side, setting)]
        accuracies = [one.accuracy for one in runs]
        made.append(
            {
                "side": side,
                "setting": setting,
                "runs": len(runs),
                "accuracy": round(mean(accuracies), 5),
                "spread": round(stdev(accuracies), 5) if len(runs) > 1 else None,
                "calibration_error": round(mean(one.calibration_error for one in runs), 5),
                "train_seconds": round(mean(one.train_seconds for one in runs), 1),
                "batch_ms": round(mean(one.batch_ms for one in runs), 3),
                "alone_ms": round(mean(one.alone_ms for one in runs), 3),
            }
        )
    return made


def _samples(train: Labelled, setting: str, seeds: int) -> Iterator[tuple[int, Labelled]]:
    if setting == FULL:
        yield 0, train
        return
    shots = int(setting.partition("-")[0])
    for seed in range(seeds):
        yield seed, few_of_each(train, shots, seed)


def _known(names: str, known: tuple[str, ...]) -> list[str]:
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        raise BenchError(f"{', '.join(unknown) or 'nothing'} can't be measured: {', '.join(known)}")
    return chosen


def _line(one: Measured) -> str:
    return (
        f"{TITLES[one.side]}, {one.setting}, seed {one.seed}: {100 * one.accuracy:.2f} %,"
        f" trained in {one.train_seconds:.0f} s"
    )


def _show(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table("", "", "accuracy %", "ECE %", "training s", "ms in 32", "ms alone")
    for row in rows:
        spread = "" if row["spread"] is None else f" ± {100 * row['spread']:.2f}"
        table.add_row(
            TITLES[row["side"]],
            row["setting"],
            f"{100 * row['accuracy']:.2f}{spread}",
            f"{100 * row['calibration_error']:.2f}",
            f"{row['train_seconds']:.0f}",
            f"{row['batch_ms']:.2f}",
            f"{row['alone_ms']:.2f}",
        )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
