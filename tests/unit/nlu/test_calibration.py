"""Confidences that mean what they say, and a threshold that refuses no more than it may."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bot.nlu.calibration import (
    USUAL_SCALE,
    expected_calibration_error,
    refusal_threshold,
    scale_of,
)


@pytest.mark.parametrize("factor", [0.5, 3.0, 12.0])
def test_the_scale_that_made_the_labels_is_found(factor: float) -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=(4000, 6))
    chances = softmax(scores * factor, axis=1)
    right = np.asarray([random.choice(6, p=row) for row in chances])
    assert scale_of(scores, right) == pytest.approx(factor, rel=0.1)


def test_without_held_out_examples_the_usual_scale_is_taken() -> None:
    assert scale_of(np.zeros((0, 3)), np.zeros(0, dtype=np.intp)) == USUAL_SCALE


@pytest.mark.parametrize("share", [0.01, 0.03, 0.1])
def test_no_more_than_the_share_is_refused(share: float) -> None:
    scores = np.random.default_rng(2).normal(size=1000)
    refused = (scores < refusal_threshold(scores, share)).mean()
    assert share - 0.002 <= refused <= share


def test_those_taken_for_out_of_scope_already_count_as_refused() -> None:
    scores = np.arange(95.0)
    assert (scores < refusal_threshold(scores, 0.07, out_of_scope=5)).sum() == 2
    assert refusal_threshold(scores, 0.03, out_of_scope=5) == float("-inf")


def test_equal_scores_are_all_kept() -> None:
    assert not (np.ones(50) < refusal_threshold(np.ones(50), 0.1)).any()


def test_calibration_error() -> None:
    confidences = np.asarray([0.9] * 10 + [0.3] * 10)
    right = np.asarray([True] * 9 + [False] + [True] * 3 + [False] * 7)
    assert expected_calibration_error(confidences, right) == pytest.approx(0.0)
    assert expected_calibration_error(confidences, ~right) == pytest.approx(0.6)
    assert expected_calibration_error(np.zeros(0), np.zeros(0, dtype=bool)) == 0.0
