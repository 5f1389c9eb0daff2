"""A linear classifier of intents with calibrated confidences: the arithmetic, apart from Rasa."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import StratifiedKFold

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

# Each fold costs a training; confidences gain nothing from more held-out examples than these.
FOLDS = 5
ENOUGH_HELD_OUT = 900
# Later steps change no prediction, only confidences, and these are calibrated anyway.
_MOST_STEPS = 100
_ENOUGH = 1e-4


@dataclass
class LinearIntents:
    """Logistic regression. `weights`: (columns, intents); `scale`: the calibration's."""

    names: npt.NDArray[np.str_]
    weights: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]
    scale: float = 1.0

    def scores(self, features: csr_matrix) -> Array:
        """The logits of each message for each intent, of shape (messages, intents)."""
        return np.asarray(features @ self.weights + self.intercept, dtype=np.float64)

    def confidences(self, scores: Array) -> Array:
        """The scores as probabilities that add up to 1 for each message."""
        return np.asarray(softmax(scores * self.scale, axis=1))


def fit(
    features: csr_matrix,
    labels: Sequence[str] | npt.NDArray[np.str_],
    *,
    dense_columns: int = 0,
    strength: float,
    importance: npt.NDArray[np.float64] | None = None,
    start: LinearIntents | None = None,
) -> LinearIntents:
    """Train on features of shape (examples, columns); uncalibrated.

    Multinomial logistic regression: with few examples it is right more often than one plane for
    each intent against the rest. The first `dense_columns` are multiplied as the dense matrix
    that they are, which scikit-learn's own can't. `strength` is the inverse of the
    regularization, `importance` a weight for each example; intents count alike, however many
    examples they have. From the weights of another strength on the same data, `start`, it is
    there sooner.
    """
    names, ids = np.unique(np.asarray(labels), return_inverse=True)
    columns, intents = features.shape[1], len(names)
    if intents == 1:
        nothing = np.zeros((columns, 1), dtype=np.float32)
        return LinearIntents(names, nothing, np.zeros(1, dtype=np.float32))
    each = np.ones(len(ids)) if importance is None else importance
    of_intent = np.bincount(ids, weights=each)
    each = each * (len(ids) / (intents * of_intent))[ids]
    problem = _Problem(features, ids, each * strength, dense_columns)
    first = np.zeros((columns + 1, intents))
    if start is not None:
        first[:-1], first[-1] = start.weights, start.intercept
    found = minimize(
        problem.cost,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _MOST_STEPS, "ftol": _ENOUGH, "gtol": 1e-4, "maxcor": 6},
    ).x.reshape(columns + 1, intents)
    return LinearIntents(names, found[:-1].astype(np.float32), found[-1].astype(np.float32))


class _Problem:
    """Logistic regression's cost and gradient, in single precision where the work is."""

    def __init__(
        self, features: csr_matrix, ids: Rows, importance: Array, dense_columns: int
    ) -> None:
        self._dense = features[:, :dense_columns].toarray().astype(np.float32)
        self._sparse = csr_matrix(features[:, dense_columns:], dtype=np.float32)
        self._sparse_transposed = csr_matrix(self._sparse.T)
        self._right = (np.arange(len(ids)), ids)
        self._importance = importance
        self._dense_columns = dense_columns
        self._intents = int(ids.max()) + 1

    def cost(self, flat: Array) -> tuple[float, Array]:
        """Of weights of shape (columns + 1, intents), the last row being the intercept."""
        weights = flat.astype(np.float32).reshape(-1, self._intents)
        of_dense, of_sparse = weights[: self._dense_columns], weights[self._dense_columns : -1]
        logits = self._dense @ of_dense + self._sparse @ of_sparse + weights[-1]
        likelihood = log_softmax(logits, axis=1)
        cost = -float(likelihood[self._right] @ self._importance)
        wrong = np.exp(likelihood)
        wrong[self._right] -= 1
        wrong *= self._importance[:, None].astype(np.float32)
        gradient = np.vstack(
            [self._dense.T @ wrong, self._sparse_transposed @ wrong, wrong.sum(axis=0)[None, :]]
        ).astype(np.float64)
        regularized = flat.copy()
        regularized[-self._intents :] = 0.0
        return cost + 0.5 * float(regularized @ regularized), gradient.ravel() + regularized


def scores_for(model: LinearIntents, features: csr_matrix, names: npt.NDArray[np.str_]) -> Array:
    """The model's scores in the columns of `names`; an intent it does not know is far off."""
    scores = model.scores(features)
    made = np.full((len(scores), len(names)), scores.min(initial=0.0) - 1.0)
    made[:, np.searchsorted(names, model.names)] = scores
    return made


def folds_of(ids: Rows, seed: int) -> list[tuple[Rows, Rows]]:
    """(train, held out) rows, as many of five folds as it takes; none where that can't be.

    Intents with fewer examples than folds are left out of some; those with a single example are
    never held out, since nothing would be left of them to learn from.
    """
    counts = np.bincount(ids)
    can_be_held_out = counts[ids] > 1
    if not can_be_held_out.any():
        return []
    count = int(min(FOLDS, counts.max()))
    wanted = -(-ENOUGH_HELD_OUT * count // len(ids))
    splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        parts = list(splitter.split(np.zeros(len(ids)), ids))[:wanted]
    folds = []
    for train, held_out in parts:
        kept = held_out[~can_be_held_out[held_out]]
        folds.append((np.sort(np.r_[train, kept]), held_out[can_be_held_out[held_out]]))
    return [(train, held_out) for train, held_out in folds if len(held_out)]
