"""The intent classifier as a Rasa component: training, batches, calibration, refusal, storing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix

from bot.nlu.intent_classifier import IN_SCOPE, IntentClassifier
from bot.nlu.intent_features import HELD_OUT, HELD_OUT_TEXT, INTENT_NAME

INTENTS = ["bestille", "order_status", "say: hi"]
DIRECTIONS = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]


def message(kind: int, random: np.random.Generator, noise: float = 0.15) -> Message:
    """A message whose dense features point about the way of its kind; kind 3 is no intent's."""
    made = Message({TEXT: f"text {kind} {random.random()}"})
    vector = DIRECTIONS[kind] + random.normal(scale=noise, size=8)
    vector /= np.linalg.norm(vector)
    made.add_features(Features(vector[None, :], FEATURE_TYPE_SENTENCE, TEXT, "dense"))
    counts = np.zeros((1, 12))
    counts[0, 3 * kind + random.integers(0, 3)] = 1
    made.add_features(Features(csr_matrix(counts), FEATURE_TYPE_SENTENCE, TEXT, "sparse"))
    return made


def examples(each: int, seed: int = 1, noise: float = 0.15) -> list[Message]:
    random = np.random.default_rng(seed)
    made = []
    for kind, intent in enumerate(INTENTS):
        for _ in range(each):
            one = message(kind, random, noise)
            one.set(INTENT, intent)
            name = Features(DIRECTIONS[kind][None, :], FEATURE_TYPE_SENTENCE, INTENT_NAME, "dense")
            one.add_features(name)
            made.append(one)
    return made


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage.create(tmp_path)


def component(storage: LocalModelStorage, **config: Any) -> IntentClassifier:
    context = ExecutionContext(GraphSchema({}), node_name="intents")
    full = {**IntentClassifier.get_default_config(), **config}
    return IntentClassifier.create(full, storage, Resource("intents"), context)


def dense_alone(messages: list[Message]) -> list[Message]:
    """The messages without the sparse features, which give the intent away."""
    for one in messages:
        one.features = [feature for feature in one.features if not feature.is_sparse()]
    return messages


def reloaded(storage: LocalModelStorage, **config: Any) -> IntentClassifier:
    context = ExecutionContext(GraphSchema({}), node_name="intents")
    full = {**IntentClassifier.get_default_config(), **config}
    return IntentClassifier.load(full, storage, Resource("intents"), context)


def unlabelled(kind: int, count: int, seed: int = 9) -> list[Message]:
    random = np.random.default_rng(seed)
    return [message(kind, random) for _ in range(count)]


def test_messages_are_understood_with_a_whole_ranking(storage: LocalModelStorage) -> None:
    classifier = component(storage)
    classifier.train(TrainingData(examples(10)))
    for kind, intent in enumerate(INTENTS):
        for one in classifier.process(unlabelled(kind, 5)):
            ranking = one.get("intent_ranking")
            assert one.get(INTENT) == ranking[0]
            assert ranking[0]["name"] == intent
            assert ranking[0]["confidence"] > 0.8
            assert sorted(entry["name"] for entry in ranking) == INTENTS
            assert sum(entry["confidence"] for entry in ranking) == pytest.approx(1.0)
            assert type(ranking[0]["name"]) is str


def test_a_batch_is_what_its_messages_are_alone(storage: LocalModelStorage) -> None:
    classifier = component(storage)
    classifier.train(TrainingData(examples(10)))
    together = classifier.process(unlabelled(0, 4) + unlabelled(2, 4))
    alone = [classifier.process([one])[0] for one in unlabelled(0, 4) + unlabelled(2, 4)]
    for one, other in zip(together, alone, strict=True):
        assert one.get(INTENT)["name"] == other.get(INTENT)["name"]
        assert one.get(INTENT)["confidence"] == pytest.approx(other.get(INTENT)["confidence"])


@pytest.mark.parametrize("share", [None, 0.05])
def test_what_is_stored_predicts_the_same(storage: LocalModelStorage, share: float | None) -> None:
    trained = component(storage, refused_share=share)
    trained.train(TrainingData(examples(10)))
    loaded = reloaded(storage, refused_share=share)
    for one, other in zip(
        trained.process(unlabelled(1, 6)), loaded.process(unlabelled(1, 6)), strict=True
    ):
        assert one.get("intent_ranking") == other.get("intent_ranking")
        assert one.get(IN_SCOPE)["threshold"] == other.get(IN_SCOPE)["threshold"]
        assert one.get(IN_SCOPE)["score"] == pytest.approx(other.get(IN_SCOPE)["score"], abs=2e-3)


def test_what_is_like_nothing_known_is_refused_and_little_else(
    storage: LocalModelStorage,
) -> None:
    classifier = component(storage, refused_share=0.03)
    classifier.train(TrainingData(examples(40)))
    other = classifier.process(unlabelled(3, 60))
    refused = [one.get(INTENT)["name"] == "nlu_fallback" for one in other]
    assert np.mean(refused) > 0.9
    ranking = other[refused.index(True)].get("intent_ranking")
    assert ranking[0]["name"] == "nlu_fallback"
    assert sorted(entry["name"] for entry in ranking[1:]) == INTENTS
    known = [one for kind in range(3) for one in classifier.process(unlabelled(kind, 100))]
    assert np.mean([one.get(INTENT)["name"] == "nlu_fallback" for one in known]) < 0.08


def test_nothing_is_refused_unless_asked_for(storage: LocalModelStorage) -> None:
    classifier = component(storage)
    classifier.train(TrainingData(examples(10)))
    names = {one.get(INTENT)["name"] for one in classifier.process(unlabelled(3, 30))}
    assert names <= set(INTENTS)


def test_confidences_are_those_of_examples_that_were_held_out(
    storage: LocalModelStorage,
) -> None:
    """Data as hard as this is learnt by heart in training: only held-out examples are honest."""
    classifier = component(storage)
    classifier.train(TrainingData(dense_alone(examples(150, noise=0.6))))
    fresh = classifier.process(dense_alone(examples(200, seed=5, noise=0.6)))
    right = np.asarray(
        [one.get(INTENT)["name"] == INTENTS[number // 200] for number, one in enumerate(fresh)]
    )
    confidence = np.mean([one.get(INTENT)["confidence"] for one in fresh])
    assert 0.6 < right.mean() < 0.95
    assert confidence == pytest.approx(right.mean(), abs=0.05)


def test_examples_held_out_by_a_tuned_encoder_calibrate(storage: LocalModelStorage) -> None:
    """The tuned features separate the examples perfectly; the ones before show how it really is."""
    tuned = examples(30, noise=0.01)
    random = np.random.default_rng(4)
    for number, one in enumerate(tuned):
        vector = DIRECTIONS[random.integers(0, 3)][None, :]
        one.add_features(Features(vector, FEATURE_TYPE_SENTENCE, HELD_OUT_TEXT, "dense"))
        one.set(HELD_OUT, number % 5 == 0)
    classifier = component(storage, name_weight=0.0)
    classifier.train(TrainingData(dense_alone(tuned)))
    asked = dense_alone(unlabelled(0, 1))
    assert classifier.process(asked)[0].get(INTENT)["confidence"] < 0.75


def test_one_example_an_intent_is_enough_to_begin(storage: LocalModelStorage) -> None:
    classifier = component(storage, refused_share=0.03)
    classifier.train(TrainingData(examples(1)))
    assert classifier.process(unlabelled(1, 1))[0].get(INTENT)["name"] == INTENTS[1]


def test_without_examples_nothing_is_predicted(storage: LocalModelStorage) -> None:
    component(storage).train(TrainingData([]))
    (one,) = reloaded(storage).process(unlabelled(0, 1))
    assert one.get(INTENT) is None


def test_a_pressed_button_is_left_alone(storage: LocalModelStorage) -> None:
    classifier = component(storage)
    classifier.train(TrainingData(examples(5)))
    button = Message({TEXT: "/order_status", INTENT: {"name": "order_status", "confidence": 1.0}})
    understood = classifier.process([button, *unlabelled(0, 1)])
    assert understood[0].get(INTENT) == {"name": "order_status", "confidence": 1.0}
    assert understood[1].get(INTENT)["name"] == INTENTS[0]


def test_the_ranking_is_as_long_as_wanted(storage: LocalModelStorage) -> None:
    classifier = component(storage, ranking_length=2)
    classifier.train(TrainingData(examples(5)))
    assert len(classifier.process(unlabelled(0, 1))[0].get("intent_ranking")) == 2


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"strength": 0}, "strength"),
        ({"name_weight": -1}, "name_weight"),
        ({"refused_share": 3}, "refused_share"),
        ({"ranking_length": -1}, "ranking_length"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    storage: LocalModelStorage, config: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidConfigException, match=named):
        component(storage, **config)
