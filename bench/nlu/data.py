"""BANKING77: where it is, its splits, and samples of a few examples an intent."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.errors import BenchError

SOURCE = "https://github.com/PolyAI-LDN/task-specific-datasets (CC BY 4.0)"
DEV_SHARE = 0.2
DEV_SEED = 0


@dataclass(frozen=True)
class Labelled:
    """Texts and, in the same order, their intents."""

    texts: tuple[str, ...]
    intents: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, chosen: Sequence[int] | npt.NDArray[np.intp]) -> Labelled:
        """Those at the given positions."""
        return Labelled(
            tuple(self.texts[row] for row in chosen), tuple(self.intents[row] for row in chosen)
        )


def read(path: Path) -> Labelled:
    """A file of BANKING77, with the columns `text` and `category`. Raises BenchError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["text"].strip(), row["category"]) for row in csv.DictReader(file)]
    except FileNotFoundError as error:
        raise BenchError(
            f"{path} is not there, so nothing is measured: put train.csv and test.csv of BANKING77"
            f" into {path.parent}, or name another folder with --data. They are at {SOURCE}"
        ) from error
    except KeyError as error:
        raise BenchError(f"{path} has no column {error}: is it BANKING77's?") from error
    if not rows:
        raise BenchError(f"{path} has no examples")
    texts, intents = zip(*rows, strict=True)
    return Labelled(texts, intents)


def split_off_dev(train: Labelled) -> tuple[Labelled, Labelled]:
    """(the rest, a fifth of every intent's examples): what choices are made on."""
    random = np.random.default_rng(DEV_SEED)
    held_out: list[int] = []
    for rows in _by_intent(train):
        held_out += random.permutation(rows)[: round(len(rows) * DEV_SHARE)].tolist()
    left = np.setdiff1d(np.arange(len(train)), held_out)
    return train.rows(left), train.rows(sorted(held_out))


def few_of_each(train: Labelled, shots: int, seed: int) -> Labelled:
    """So many examples of every intent, by chance. Raises BenchError where one has fewer."""
    random = np.random.default_rng(seed)
    chosen: list[int] = []
    for rows in _by_intent(train):
        if len(rows) < shots:
            raise BenchError(f"an intent has {len(rows)} examples only, {shots} are wanted")
        chosen += random.choice(rows, shots, replace=False).tolist()
    return train.rows(chosen)


def _by_intent(examples: Labelled) -> list[npt.NDArray[np.intp]]:
    intents = np.asarray(examples.intents)
    return [np.flatnonzero(intents == name) for name in np.unique(intents)]
