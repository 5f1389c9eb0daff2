"""The NLU benchmark's samples: whole, apart from each other, the same every time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bench.errors import BenchError
from bench.nlu.__main__ import summary
from bench.nlu.data import Labelled, few_of_each, read, split_off_dev
from bench.nlu.measure import Measured, calibration_error


def examples(each: int) -> Labelled:
    intents = tuple(name for name in "abc" for _ in range(each))
    return Labelled(tuple(f"text {number}" for number in range(len(intents))), intents)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text('text,category\n"where, and when?",card\nhi ,greet\n', encoding="utf-8")
    assert read(path) == Labelled(("where, and when?", "hi"), ("card", "greet"))


def test_what_is_absent_or_something_else_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is not there, so nothing is measured"):
        read(tmp_path / "train.csv")
    (tmp_path / "train.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BenchError, match="no column 'text'"):
        read(tmp_path / "train.csv")


def test_the_split_is_whole_and_stratified() -> None:
    rest, dev = split_off_dev(examples(50))
    assert Counter(dev.intents) == {"a": 10, "b": 10, "c": 10}
    assert sorted(rest.texts + dev.texts) == sorted(examples(50).texts)
    assert split_off_dev(examples(50)) == (rest, dev)


def test_a_sample_has_so_many_of_each_and_depends_on_its_seed() -> None:
    samples = [few_of_each(examples(50), 5, seed) for seed in (0, 0, 1)]
    assert Counter(samples[0].intents) == {"a": 5, "b": 5, "c": 5}
    assert len(set(samples[0].texts)) == 15
    assert samples[0] == samples[1] != samples[2]
    with pytest.raises(BenchError, match="has 50 examples only"):
        few_of_each(examples(50), 51, 0)


def test_the_summary_is_the_mean_and_the_spread() -> None:
    runs = [
        Measured("s", "5-shot", seed, 15, 0.8 + seed / 10, 0.1, 2.0, 1.0, 3.0) for seed in (0, 1)
    ]
    (row,) = summary(runs)
    assert (row["runs"], row["accuracy"], row["spread"]) == (2, 0.85, pytest.approx(0.07071))


def test_confidence_that_is_right_has_no_error() -> None:
    confidences = np.full(10, 0.9)
    right = np.asarray([True] * 9 + [False])
    assert calibration_error(confidences, right) == pytest.approx(0.0)
    assert calibration_error(confidences, ~right) == pytest.approx(0.8)
