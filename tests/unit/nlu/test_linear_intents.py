"""The linear classifier's arithmetic on points whose classes are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_matrix

from bot.nlu.linear_intents import fit, folds_of, scores_for

random = np.random.default_rng(3)


def clusters(intents: int, each: int) -> tuple[csr_matrix, npt.NDArray[np.str_]]:
    """Points around as many corners of a cube as there are intents."""
    labels = np.repeat([f"intent_{number}" for number in range(intents)], each)
    points = np.repeat(np.eye(intents), each, axis=0) + random.normal(
        scale=0.1, size=(intents * each, intents)
    )
    return csr_matrix(points), labels


@pytest.mark.parametrize("intents", [2, 5])
def test_clusters_are_told_apart(intents: int) -> None:
    features, labels = clusters(intents, 12)
    model = fit(features, labels, strength=1.0)
    scores = model.scores(features)
    assert scores.shape == (12 * intents, intents)
    assert (model.names[scores.argmax(axis=1)] == labels).all()
    np.testing.assert_allclose(model.confidences(scores).sum(axis=1), 1.0)


def test_a_single_intent_is_always_it() -> None:
    model = fit(csr_matrix(np.ones((3, 4))), ["hello"] * 3, strength=1.0)
    np.testing.assert_array_equal(
        model.confidences(model.scores(csr_matrix(np.zeros((2, 4))))), np.ones((2, 1))
    )


def test_importance_decides_where_examples_contradict_each_other() -> None:
    features, labels = csr_matrix(np.vstack([np.eye(2)] * 2)), ["a", "a", "b", "b"]
    for heavy in (0, 1):
        importance = np.asarray([1.0, 9.0, 9.0, 1.0] if heavy else [9.0, 1.0, 1.0, 9.0])
        model = fit(features, labels, strength=1.0, importance=importance)
        assert model.scores(csr_matrix([[1.0, 0.0]]))[0].argmax() == heavy


def test_dense_columns_are_only_a_quicker_way() -> None:
    features, labels = clusters(4, 10)
    models = [fit(features, labels, dense_columns=count, strength=5.0) for count in (0, 2, 4)]
    for model in models[1:]:
        np.testing.assert_allclose(model.weights, models[0].weights, atol=0.02)


def test_an_intent_that_a_fold_has_not_seen_scores_lowest() -> None:
    features, labels = clusters(3, 6)
    names = np.unique(labels)
    model = fit(features[:12], labels[:12], strength=1.0)
    scores = scores_for(model, features, names)
    assert scores.shape == (18, 3)
    assert (scores[:, 2] < scores[:, :2].min(axis=1)).all()


def test_folds_hold_every_example_out_once_and_never_an_intents_last() -> None:
    ids = np.asarray([0] * 10 + [1] * 7 + [2] * 2 + [3])
    folds = folds_of(ids, seed=1)
    held_out = np.sort(np.concatenate([rows for _, rows in folds]))
    np.testing.assert_array_equal(held_out, np.arange(19))
    for train, rows in folds:
        assert not set(train) & set(rows)
        assert 3 in ids[train]
        assert set(ids[rows]) <= set(ids[train])


def test_no_more_is_held_out_than_it_takes() -> None:
    folds = folds_of(np.repeat(np.arange(20), 200), seed=1)
    assert [len(rows) for _, rows in folds] == [800, 800]
    assert not set(folds[0][1]) & set(folds[1][1])


def test_single_examples_make_no_folds() -> None:
    assert folds_of(np.arange(5), seed=1) == []
