"""The featurizer as a Rasa component: whose features a message has, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.intent_features import HELD_OUT, HELD_OUT_TEXT, INTENT_NAME, blocks_of
from bot.nlu.sentence_features import SentenceFeatures

CONTEXT = ExecutionContext(GraphSchema({}), node_name="sentences")


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage.create(tmp_path)


def made(storage: LocalModelStorage, *, load: bool = False, **config: Any) -> SentenceFeatures:
    full = {**SentenceFeatures.get_default_config(), **config}
    make = SentenceFeatures.load if load else SentenceFeatures.create
    return make(full, storage, Resource("sentences"), CONTEXT)


def messages(*texts: str) -> list[Message]:
    return [Message({TEXT: text}) for text in texts]


def examples() -> TrainingData:
    texts = {
        "card_arrival": ["where is my card", "card not here", "still no card", "card?", "my card"],
        "top_up": ["add money", "put money in", "more money", "fill my account", "load money"],
    }
    return TrainingData(
        [Message({TEXT: text, INTENT: name}) for name, group in texts.items() for text in group]
    )


def test_a_message_gets_one_vector(storage: LocalModelStorage) -> None:
    (vectors,) = blocks_of(made(storage).process(messages("where is my card", "hi"))).dense
    assert vectors.shape == (2, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


def test_a_text_in_words_it_does_not_know_gets_a_shorter_vector(storage: LocalModelStorage) -> None:
    text = "hvor blir det av kortet mitt"
    (short,) = blocks_of(made(storage).process(messages(text))).dense
    (whole,) = blocks_of(made(storage, fragmented_weight=1).process(messages(text))).dense
    assert 0.5 <= np.linalg.norm(short) < 0.8
    np.testing.assert_allclose(short / np.linalg.norm(short), whole, atol=1e-5)


def test_what_has_no_text_gets_none(storage: LocalModelStorage) -> None:
    processed = made(storage).process([Message({}), *messages("", "hi")])
    assert [len(message.features) for message in processed] == [0, 0, 1]


def test_names_of_intents_are_features_too(storage: LocalModelStorage) -> None:
    component = made(storage)
    data = component.process_training_data(examples())
    (names,) = blocks_of(data.intent_examples, INTENT_NAME).dense
    (words,) = blocks_of(component.process(messages("card arrival"))).dense
    np.testing.assert_allclose(names[0], words[0], atol=1e-5)
    assert not blocks_of(data.intent_examples, HELD_OUT_TEXT).dense


def test_tuning_holds_a_fifth_out_and_is_there_again_when_loaded(
    storage: LocalModelStorage,
) -> None:
    config: dict[str, Any] = {"tune": True, "epochs": 1, "layers": 1}
    trained = made(storage, **config)
    data = examples()
    trained.train(data)
    trained.process_training_data(data)
    held_out = [message for message in data.intent_examples if message.get(HELD_OUT)]
    assert sorted(message.get(INTENT) for message in held_out) == ["card_arrival", "top_up"]
    (before,) = blocks_of(data.intent_examples, HELD_OUT_TEXT).dense
    (tuned,) = blocks_of(data.intent_examples).dense
    assert np.abs(before - tuned).max() > 1e-3
    loaded = made(storage, load=True, **config)
    texts = [message.get(TEXT) for message in data.intent_examples]
    (again,) = blocks_of(loaded.process(messages(*texts))).dense
    np.testing.assert_allclose(again, tuned, atol=1e-5)
    (plain,) = blocks_of(made(storage).process(messages(*texts))).dense
    assert np.abs(plain - tuned).max() > 1e-3


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"model": ""}, "model"),
        ({"model": "no/such/folder"}, "no/such/folder"),
        ({"batch_size": 0}, "batch_size"),
        ({"fragmented_weight": 0}, "fragmented_weight"),
        ({"keep": 1.5}, "keep"),
        ({"learning_rate": "quick"}, "must be numbers"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    storage: LocalModelStorage, config: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidConfigException, match=named):
        made(storage, **config)
