"""A linear classifier of intents with calibrated confidences: the arithmetic, apart from Rasa."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

# More folds make better estimates and longer training; with many examples the gain is nothing.
MANY_EXAMPLES = 3000
FOLDS, FOLDS_OF_MANY = 5, 3


@dataclass
class LinearIntents:
    """One hyperplane an intent. `weights`: (columns, intents); `scale`: the calibration's."""

    names: npt.NDArray[np.str_]
    weights: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]
    scale: float = 1.0

    def scores(self, features: csr_matrix) -> Array:
        """How far each message is on the right side of each intent's plane: (messages, intents)."""
        return np.asarray(features @ self.weights + self.intercept, dtype=np.float64)

    def confidences(self, scores: Array) -> Array:
        """The scores as probabilities that add up to 1 for each message."""
        return np.asarray(softmax(scores * self.scale, axis=1))


def fit(
    features: csr_matrix,
    labels: Sequence[str] | npt.NDArray[np.str_],
    *,
    strength: float,
    importance: npt.NDArray[np.float64] | None = None,
    seed: int,
) -> LinearIntents:
    """Train on features of shape (examples, columns); uncalibrated.

    `strength` is the inverse of the regularization, `importance` a weight for each example.
    """
    names, ids = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) == 1:
        nothing = np.zeros((features.shape[1], 1), dtype=np.float32)
        return LinearIntents(names, nothing, np.zeros(1, dtype=np.float32))
    machine = LinearSVC(C=strength, class_weight="balanced", random_state=seed)
    with warnings.catch_warnings():
        # A few steps short of convergence predicts the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(features, ids, sample_weight=importance)
    weights, intercept = machine.coef_, machine.intercept_
    if len(names) == 2:
        weights, intercept = np.vstack([-weights, weights]), np.r_[-intercept, intercept]
    return LinearIntents(
        names,
        np.ascontiguousarray(weights.T, dtype=np.float32),
        intercept.astype(np.float32),
    )


def scores_for(model: LinearIntents, features: csr_matrix, names: npt.NDArray[np.str_]) -> Array:
    """The model's scores in the columns of `names`; an intent it does not know is far off."""
    scores = model.scores(features)
    made = np.full((len(scores), len(names)), scores.min(initial=0.0) - 1.0)
    made[:, np.searchsorted(names, model.names)] = scores
    return made


def folds_of(ids: Rows, seed: int) -> list[tuple[Rows, Rows]]:
    """(train, held out) rows, every intent spread over the folds; none where that can't be.

    Intents with fewer examples than folds are left out of some; those with a single example are
    never held out, since nothing would be left of them to learn from.
    """
    counts = np.bincount(ids)
    can_be_held_out = counts[ids] > 1
    if not can_be_held_out.any():
        return []
    most = FOLDS_OF_MANY if len(ids) > MANY_EXAMPLES else FOLDS
    count = int(min(most, counts.max()))
    splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        parts = list(splitter.split(np.zeros(len(ids)), ids))
    folds = []
    for train, held_out in parts:
        kept = held_out[~can_be_held_out[held_out]]
        folds.append((np.sort(np.r_[train, kept]), held_out[can_be_held_out[held_out]]))
    return [(train, held_out) for train, held_out in folds if len(held_out)]
