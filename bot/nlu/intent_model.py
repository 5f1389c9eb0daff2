"""The trained intent classifier: how it is trained, calibrated, stored and asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, vstack

from bot.nlu.calibration import refusal_threshold, scale_of, surprise
from bot.nlu.intent_examples import Examples
from bot.nlu.intent_features import Blocks, FeatureWeights
from bot.nlu.linear_intents import LinearIntents, fit, folds_of, scores_for
from bot.nlu.neighbours import Neighbours

Array = npt.NDArray[np.float64]

# What a message's confidence counts beside its likeness to the nearest example, to tell what is
# known from what is not. A message about something else may look like one intent more than any
# other and yet like none of its examples.
CONFIDENCE_WEIGHT = 0.2

# The regularization's inverse that are tried on the held-out examples. Many examples want little
# of it, and to try would take longest there.
STRENGTHS = (2.0, 8.0, 30.0)
USUAL_STRENGTH = 60.0
MANY_EXAMPLES = 3000

LAYOUT = 1


@dataclass(frozen=True)
class Prediction:
    """Of a batch: `confidences` of shape (messages, intents), `in_scope` of shape (messages,).

    A message whose `in_scope` is below `threshold` is about something that was never taught.
    """

    names: npt.NDArray[np.str_]
    confidences: Array
    in_scope: Array
    threshold: float


@dataclass(frozen=True)
class IntentModel:
    """Everything that prediction takes. Safe to use from several threads."""

    features: FeatureWeights
    intents: LinearIntents
    neighbours: Neighbours
    threshold: float

    def predict(self, blocks: Blocks) -> Prediction:
        """Predict a batch. Raises ValueError where its features are not those of training."""
        matrix = self.features.matrix(blocks)
        confidences = self.intents.confidences(self.intents.scores(matrix))
        in_scope = _in_scope(confidences, self.neighbours.nearest(matrix))
        return Prediction(self.intents.names, confidences, in_scope, self.threshold)

    def write(self, path: Path) -> None:
        """Store as plain arrays: nothing that is read back can run code."""
        np.savez(
            path,
            layout=LAYOUT,
            names=self.intents.names,
            weights=self.intents.weights,
            intercept=self.intents.intercept,
            scale=self.intents.scale,
            threshold=self.threshold,
            length=self.features.length,
            dense_columns=self.features.dense_columns,
            sparse_widths=[len(idf) for idf in self.features.idf],
            idf=np.concatenate([*self.features.idf, np.zeros(0, dtype=np.float32)]),
            **self.neighbours.arrays(),
        )

    @classmethod
    def read(cls, path: Path) -> IntentModel:
        """What `write` stored. Raises ValueError where another version of Flerkanal wrote it."""
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["layout"]) != LAYOUT:
                raise ValueError("the model is of another version: train it anew")
            ends = np.cumsum(stored["sparse_widths"]).astype(int)
            idf = np.split(stored["idf"], ends[:-1]) if len(ends) else []
            return cls(
                FeatureWeights(idf, stored["length"], int(stored["dense_columns"])),
                LinearIntents(
                    stored["names"],
                    stored["weights"],
                    stored["intercept"],
                    float(stored["scale"]),
                ),
                Neighbours.of_arrays(stored),
                float(stored["threshold"]),
            )


def train(
    examples: Examples,
    *,
    strength: float | None,
    name_weight: float,
    refused_share: float,
    out_of_scope: str | None,
    seed: int,
) -> IntentModel:
    """Train on all examples, with confidences and threshold from held-out ones.

    `strength` None: the best on the held-out ones. `refused_share` 0: nothing is refused. `out_of_scope` is the intent, if any, of examples that
    the assistant is not to understand.
    """
    features = FeatureWeights.fit(examples.blocks)
    matrix = features.matrix(examples.blocks)
    names, ids = np.unique(examples.intents, return_inverse=True)
    of_names = _names_matrix(examples, features)
    other = None
    if out_of_scope is not None and out_of_scope in names:
        other = int(np.searchsorted(names, out_of_scope))
    weight = name_weight * _names_tell(examples, ids) if of_names is not None else 0.0

    def trained(
        of: csr_matrix,
        rows: npt.NDArray[np.intp],
        strength: float,
        start: LinearIntents | None = None,
    ) -> LinearIntents:
        labels, importance = examples.intents[rows], np.ones(len(rows))
        shown = of[rows]
        if of_names is not None and weight > 0:
            shown = vstack([shown, of_names], format="csr")
            labels = np.r_[labels, names]
            importance = np.r_[importance, np.full(len(names), weight)]
        return fit(
            shown,
            labels,
            dense_columns=features.dense_columns,
            strength=strength,
            importance=importance,
            start=start,
        )

    if examples.dense_before is not None and examples.held_out.any():
        apart = features.matrix(Blocks(examples.blocks.sparse, examples.dense_before))
        folds = [(np.flatnonzero(~examples.held_out), np.flatnonzero(examples.held_out))]
    else:
        apart, folds = matrix, folds_of(ids, seed)
    strengths = _strengths(strength, len(ids)) if folds else [strength or USUAL_STRENGTH]
    scores: list[list[Array]] = [[np.zeros((0, len(names)))] for _ in strengths]
    near, right = [np.zeros(0)], [np.zeros(0, dtype=np.intp)]
    for known, held_out in folds:
        start = None
        for tried, made in zip(strengths, scores, strict=True):
            start = trained(apart, known, tried, start)
            made.append(scores_for(start, apart[held_out], names))
        neighbours = Neighbours.of(apart[known], features.dense_columns)
        near.append(neighbours.nearest(apart[held_out]))
        right.append(ids[held_out])
    held_right = np.concatenate(right)
    held_scores, scale, best = _best(
        [np.concatenate(made) for made in scores], strengths, held_right
    )
    model = replace(trained(matrix, np.arange(len(ids)), best), scale=scale)
    return IntentModel(
        features,
        model,
        Neighbours.of(matrix, features.dense_columns),
        _threshold(
            model.confidences(held_scores),
            np.concatenate(near),
            held_right,
            other,
            refused_share,
        ),
    )


def _strengths(strength: float | None, examples: int) -> list[float]:
    if strength is not None:
        return [strength]
    return [USUAL_STRENGTH] if examples > MANY_EXAMPLES else list(STRENGTHS)


def _best(
    scores: list[Array], strengths: list[float], right: npt.NDArray[np.intp]
) -> tuple[Array, float, float]:
    """The held-out scores that surprise least once they are calibrated, their scale, and whose."""
    if not len(right):
        return scores[0], scale_of(scores[0], right), strengths[0]
    scales = [scale_of(made, right) for made in scores]
    surprises = [surprise(made * scale, right) for made, scale in zip(scores, scales, strict=True)]
    best = int(np.argmin(surprises))
    return scores[best], scales[best], strengths[best]


def _in_scope(confidences: Array, nearest: Array) -> Array:
    return np.asarray(CONFIDENCE_WEIGHT * confidences.max(axis=1) + nearest)


def _threshold(
    confidences: Array,
    nearest: Array,
    right: npt.NDArray[np.intp],
    out_of_scope: int | None,
    share: float,
) -> float:
    if not share or not len(confidences):
        return float("-inf")
    understood = right != (-1 if out_of_scope is None else out_of_scope)
    taken_for_other = confidences.argmax(axis=1) == (-1 if out_of_scope is None else out_of_scope)
    scores = _in_scope(confidences, nearest)
    return refusal_threshold(
        scores[understood & ~taken_for_other], share, int((understood & taken_for_other).sum())
    )


def _names_matrix(examples: Examples, features: FeatureWeights) -> csr_matrix | None:
    if examples.names is None:
        return None
    rows = len(examples.names[0])
    nothing = [csr_matrix((rows, block.shape[1])) for block in examples.blocks.sparse]
    return features.matrix(Blocks(nothing, examples.names))


def _names_tell(examples: Examples, ids: npt.NDArray[np.intp]) -> float:
    """How much intents' names say: the share that is nearest to its own intent's examples.

    "card_arrival" is as good as an example; "intent_17" is as good as none.
    """
    if examples.names is None:
        return 0.0
    names = np.hstack(examples.names)
    dense = np.hstack(examples.blocks.dense)
    centroids = np.stack([dense[ids == one].mean(axis=0) for one in range(len(names))])
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    nearest = (names @ centroids.T).argmax(axis=1)
    return float((nearest == np.arange(len(names))).mean())
