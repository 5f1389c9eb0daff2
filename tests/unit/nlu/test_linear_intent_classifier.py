"""The batched classifier gives what Rasa's own gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, FEATURE_TYPE_SEQUENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix

from bot.nlu.linear_intent_classifier import LinearIntentClassifier

random = np.random.default_rng(7)


def message(sparse: tuple[int, ...], dense: tuple[int, ...]) -> Message:
    """A message with sentence and sequence features of the given widths, one per featurizer."""
    made = Message({TEXT: "hei på deg"})
    for number, width in enumerate(sparse):
        for kind, rows in ((FEATURE_TYPE_SEQUENCE, 3), (FEATURE_TYPE_SENTENCE, 1)):
            values = csr_matrix(random.integers(0, 3, (rows, width)).astype(float))
            made.add_features(Features(values, kind, TEXT, f"sparse{number}"))
    for number, width in enumerate(dense):
        for kind, rows in ((FEATURE_TYPE_SEQUENCE, 3), (FEATURE_TYPE_SENTENCE, 1)):
            made.add_features(Features(random.random((rows, width)), kind, TEXT, f"dense{number}"))
    return made


@pytest.mark.parametrize(
    ("sparse", "dense"),
    [((5, 40), ()), ((5,), (8,)), ((), (8,)), ((3, 4), (2, 6))],
    ids=["sparse", "both", "dense", "several of each"],
)
@pytest.mark.parametrize("count", [1, 7])
def test_the_features_are_rasas(
    sparse: tuple[int, ...], dense: tuple[int, ...], count: int
) -> None:
    messages = [message(sparse, dense) for _ in range(count)]
    config = LogisticRegressionClassifier.get_default_config()
    ours, rasas = (
        made(config, "lr", None, Resource("lr"))._create_X(messages).toarray()
        for made in (LinearIntentClassifier, LogisticRegressionClassifier)
    )
    assert ours.shape == (count, sum(sparse) + sum(dense))
    np.testing.assert_array_equal(ours, rasas)


def test_no_messages_are_no_rows() -> None:
    config = LogisticRegressionClassifier.get_default_config()
    classifier = LinearIntentClassifier(config, "lr", None, Resource("lr"))
    assert classifier._create_X([]).shape[0] == 0


def test_what_is_stored_predicts_the_same(tmp_path: Path) -> None:
    messages = [message((12,), (4,)) for _ in range(40)]
    for number, one in enumerate(messages):
        one.set("intent", ["greet", "hilse på deg", "order_status"][number % 3])
    storage, resource = LocalModelStorage.create(tmp_path), Resource("lr")
    config = LinearIntentClassifier.get_default_config()
    trained = LinearIntentClassifier(config, "lr", storage, resource)
    trained.train(TrainingData(messages))
    context = ExecutionContext(GraphSchema({}), node_name="lr")
    loaded = LinearIntentClassifier.load(config, storage, resource, context)
    rankings = [
        [one.get("intent_ranking") for one in classifier.process(messages)]
        for classifier in (trained, loaded)
    ]
    assert rankings[0] == rankings[1]
    assert {ranking[0]["name"] for ranking in rankings[0]} == {
        "greet",
        "hilse på deg",
        "order_status",
    }
    assert type(rankings[1][0][0]["name"]) is str
