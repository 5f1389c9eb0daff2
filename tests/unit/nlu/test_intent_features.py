"""Features of any featurizers side by side, each with its share."""

from __future__ import annotations

import numpy as np
import pytest
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from scipy.sparse import csr_matrix

from bot.nlu.intent_features import FEW_COLUMNS, Blocks, FeatureWeights, blocks_of
from bot.nlu.neighbours import Neighbours


def message(counts: list[float], vector: list[float]) -> Message:
    made = Message({TEXT: "hei"})
    made.add_features(Features(csr_matrix([counts]), FEATURE_TYPE_SENTENCE, TEXT, "counts"))
    made.add_features(Features(np.asarray([vector]), FEATURE_TYPE_SENTENCE, TEXT, "vector"))
    return made


def blocks(counts: list[list[float]], vectors: list[list[float]]) -> Blocks:
    return blocks_of([message(*both) for both in zip(counts, vectors, strict=True)])


def test_a_word_in_every_message_counts_least() -> None:
    made = blocks([[1, 1, 0], [1, 0, 1], [1, 0, 0]], [[1, 0]] * 3)
    matrix = FeatureWeights.fit(made).matrix(made).toarray()
    assert matrix.shape == (3, 5)
    assert 0 < matrix[0, 2] < matrix[0, 3]
    np.testing.assert_allclose(np.linalg.norm(matrix[:2, 2:], axis=1), 0.35, rtol=1e-5)


def test_what_one_example_alone_has_is_left_out_of_many_columns() -> None:
    counts = np.zeros((3, FEW_COLUMNS + 1))
    counts[:2, 5] = 1
    counts[2, 7] = 1
    made = Blocks([csr_matrix(counts)], [])
    matrix = FeatureWeights.fit(made).matrix(made)
    assert matrix.shape == (3, 1)
    np.testing.assert_allclose(matrix.toarray()[:, 0], [1.0, 1.0, 0.0])


def test_words_count_more_where_the_encoder_knows_less() -> None:
    made = blocks([[1, 0]] * 10, [[1.0, 0.0]] * 9 + [[0.5, 0.0]])
    matrix = FeatureWeights.fit(made).matrix(made).toarray()
    known, unknown = matrix[0], matrix[-1]
    assert np.linalg.norm(unknown[:2]) == pytest.approx(0.5)
    assert np.linalg.norm(unknown[2:]) > np.linalg.norm(known[2:])


def test_the_usual_length_of_a_dense_featurizer_does_not_matter() -> None:
    short, long = (blocks([[1, 0], [0, 1]], [[size, 0.0], [0.0, size]]) for size in (1.0, 250.0))
    np.testing.assert_allclose(
        FeatureWeights.fit(short).matrix(short).toarray(),
        FeatureWeights.fit(long).matrix(long).toarray(),
        rtol=1e-5,
    )


def test_sparse_alone_and_dense_alone_are_whole() -> None:
    both = blocks([[1, 2], [0, 1]], [[1.0, 0.0], [0.0, 1.0]])
    for part in (Blocks(both.sparse, []), Blocks([], both.dense)):
        matrix = FeatureWeights.fit(part).matrix(part).toarray()
        np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1.0, rtol=1e-5)


def test_no_word_that_is_known_is_no_division_by_zero() -> None:
    trained = blocks([[1, 1], [0, 1]], [[1.0, 0.0]] * 2)
    empty = blocks([[0, 0]], [[0.0, 0.0]])
    weights = FeatureWeights.fit(trained)
    matrix = weights.matrix(empty)
    np.testing.assert_array_equal(matrix.toarray(), np.zeros((1, 4)))
    near = Neighbours.of(weights.matrix(trained), weights.dense_columns)
    assert near.nearest(matrix).tolist() == [0.0]


def test_other_features_than_in_training_are_refused() -> None:
    weights = FeatureWeights.fit(blocks([[1, 1]], [[1.0, 0.0]]))
    with pytest.raises(ValueError, match="train the model anew"):
        weights.matrix(blocks([[1, 1, 1]], [[1.0, 0.0]]))
    with pytest.raises(ValueError, match="train the model anew"):
        weights.matrix(blocks([[1, 1]], [[1.0, 0.0, 0.0]]))


def test_messages_with_unlike_features_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        blocks_of([message([1], [1]), Message({TEXT: "hei"})])


def test_neighbours_are_the_whole_vectors_cosines() -> None:
    random = np.random.default_rng(5)
    examples = csr_matrix(random.random((20, 9)) * (random.random((20, 9)) > 0.4))
    asked = csr_matrix(random.random((4, 9)))
    unit = examples.toarray() / np.linalg.norm(examples.toarray(), axis=1, keepdims=True)
    expected = (asked.toarray() / np.linalg.norm(asked.toarray(), axis=1, keepdims=True)) @ unit.T
    for dense_columns in (0, 4, 9):
        near = Neighbours.of(examples, dense_columns).nearest(asked)
        np.testing.assert_allclose(near, expected.max(axis=1), rtol=1e-5)
