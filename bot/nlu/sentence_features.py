"""Dense features of whole messages from a sentence-transformers model.

In `config.yml`, with everything that may be set and what it is otherwise:

    - name: bot.nlu.sentence_features.SentenceFeatures
      model: all-MiniLM-L6-v2   # the packaged one; a hub's name or a folder
      batch_size: 64            # texts at once, in training
      fragmented_weight: 0.5    # how long the vector of a text in unknown words is; 1: as any
      tune: false               # tune the encoder on the examples first; the rest is how
      epochs: 0                 # 0: 3 to 15, by how many examples there are
      learning_rate: 0.0002
      layers: 3                 # the last ones, which change
      keep: 0.5                 # the share of the weights before in the weights after
      seed: 42
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.encoder_tuning import Tuning, tune
from bot.nlu.intent_features import HELD_OUT, HELD_OUT_TEXT, INTENT_NAME
from bot.nlu.sentence_encoder import (
    PACKAGED_MODEL,
    Embeddings,
    SentenceEncoder,
    read_model,
    shared_encoder,
)

logger = logging.getLogger(__name__)

_TUNED = "encoder"
# Of the examples, how many the first of two tunings leaves out, to see what tuning comes to.
_HELD_OUT_SHARE = 0.2
_TUNING_KEYS = ("epochs", "learning_rate", "layers", "keep", "seed")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceFeatures(DenseFeaturizer, GraphComponent):
    """Puts a message's sentence embedding among its features, a batch of messages in one go.

    The vector's length is 1 where the encoder knows the words, and shorter the more of them it
    has to spell (`fragmented_weight`): an English encoder says less about Norwegian. In training
    the names of intents are embedded too (see `INTENT_NAME`); a classifier may use them.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            **DenseFeaturizer.get_default_config(),
            "model": PACKAGED_MODEL,
            "batch_size": 64,
            "fragmented_weight": 0.5,
            "tune": False,
            "epochs": 0,
            "learning_rate": Tuning.learning_rate,
            "layers": Tuning.layers,
            "keep": Tuning.keep,
            "seed": Tuning.seed,
        }

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise InvalidConfigException where a setting is not what it must be."""
        if not isinstance(config["model"], str) or not config["model"]:
            raise InvalidConfigException("SentenceFeatures: `model` must be a name or a folder")
        if type(config["batch_size"]) is not int or config["batch_size"] < 1:
            raise InvalidConfigException("SentenceFeatures: `batch_size` must be 1 or more")
        if not 0 < config["fragmented_weight"] <= 1:
            raise InvalidConfigException(
                "SentenceFeatures: `fragmented_weight` must be above 0 and at most 1"
            )
        _tuning(config)

    @staticmethod
    def required_packages() -> list[str]:
        return ["sentence_transformers"]

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        storage: ModelStorage,
        resource: Resource,
        encoder: SentenceEncoder,
    ) -> None:
        Featurizer.__init__(self, name, config)
        self._storage = storage
        self._resource = resource
        self._encoder = encoder
        self._before: tuple[SentenceEncoder, set[str]] | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceFeatures:
        """With the encoder as it comes. Raises InvalidConfigException where it does not load."""
        cls.validate_config(config)
        encoder = shared_encoder(config["model"])
        return cls(config, execution_context.node_name, model_storage, resource, encoder)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceFeatures:
        """With the encoder that the model was trained with."""
        if not config["tune"]:
            return cls.create(config, model_storage, resource, execution_context)
        with model_storage.read_from(resource) as folder:
            model = read_model(str(folder / _TUNED))
        encoder = SentenceEncoder(model)
        return cls(config, execution_context.node_name, model_storage, resource, encoder)

    def train(self, training_data: TrainingData) -> Resource:
        """Tune the encoder on the intents' examples, where that is asked for.

        It is tuned twice: first without a fifth of the examples, since only what a tuned encoder
        makes of examples that it was not tuned on tells how sure a classifier may be.
        """
        if not self._config["tune"]:
            with self._storage.write_to(self._resource):
                return self._resource
        examples = [
            (message.get(TEXT), message.get(INTENT))
            for message in training_data.intent_examples
            if message.get(TEXT) and message.get(INTENT)
        ]
        tuning = _tuning(self._config)
        texts, intents = (list(column) for column in zip(*sorted(set(examples)), strict=True))
        held_out = _held_out(intents, tuning.seed)
        if len(held_out):
            logger.info("Tuning the sentence encoder without %d held-out examples", len(held_out))
            left = [row for row in range(len(texts)) if row not in held_out]
            encoder = self._tuned([texts[row] for row in left], [intents[row] for row in left])
            self._before = (encoder, {texts[row] for row in held_out})
        logger.info("Tuning the sentence encoder on all %d examples", len(texts))
        self._encoder = self._tuned(texts, intents, keep=True)
        return self._resource

    def _tuned(
        self, texts: list[str], intents: list[str], *, keep: bool = False
    ) -> SentenceEncoder:
        model = read_model(self._config["model"])
        names = sorted(set(intents))
        tune(
            model,
            [*texts, *(_words_of(name) for name in names)],
            [*intents, *names],
            _tuning(self._config),
        )
        if keep:
            with self._storage.write_to(self._resource) as folder:
                model.save_pretrained(str(folder / _TUNED), create_model_card=False)
        return SentenceEncoder(model)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Embed all texts, and the names of the intents."""
        messages = [message for message in training_data.training_examples if message.get(TEXT)]
        self._add(messages, self._encoder, TEXT)
        if self._before is not None:
            encoder, held_out = self._before
            self._add(messages, encoder, HELD_OUT_TEXT)
            for message in messages:
                message.set(HELD_OUT, message.get(TEXT) in held_out)
        self._add_names([message for message in messages if message.get(INTENT)])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Embed the messages, all in one batch; the messages themselves are returned."""
        self._add([message for message in messages if message.get(TEXT)], self._encoder, TEXT)
        return messages

    def _add(self, messages: list[Message], encoder: SentenceEncoder, attribute: str) -> None:
        made = self._embed([message.get(TEXT) for message in messages], encoder)
        for message, vector in zip(messages, made, strict=True):
            message.add_features(
                Features(vector[None, :], FEATURE_TYPE_SENTENCE, attribute, self._identifier)
            )

    def _add_names(self, messages: list[Message]) -> None:
        names = sorted({message.get(INTENT) for message in messages})
        vectors = dict(
            zip(names, self._embed(list(map(_words_of, names)), self._encoder), strict=True)
        )
        for message in messages:
            vector = vectors[message.get(INTENT)][None, :]
            message.add_features(
                Features(vector, FEATURE_TYPE_SENTENCE, INTENT_NAME, self._identifier)
            )

    def _embed(self, texts: list[str], encoder: SentenceEncoder) -> Embeddings:
        embeddings = encoder.encode(texts, batch_size=self._config["batch_size"])
        least = self._config["fragmented_weight"]
        weights = least + (1 - least) * encoder.familiarity(texts)
        return np.asarray(embeddings * weights[:, None], dtype=np.float32)


def _tuning(config: dict[str, Any]) -> Tuning:
    try:
        return Tuning(**{key: config[key] for key in _TUNING_KEYS})
    except TypeError as error:
        raise InvalidConfigException(
            f"SentenceFeatures: {', '.join(_TUNING_KEYS)} must be numbers ({error})"
        ) from error


def _words_of(name: str) -> str:
    """An intent's name as words: `faq/card_arrival` is "faq card arrival"."""
    return " ".join(name.replace("/", " ").replace("_", " ").replace("-", " ").split()) or name


def _held_out(intents: list[str], seed: int) -> set[int]:
    """A fifth of the rows of every intent that has enough of them for that."""
    random = np.random.default_rng(seed)
    labels: npt.NDArray[np.str_] = np.asarray(intents)
    rows: list[int] = []
    for name in np.unique(labels):
        of_it = random.permutation(np.flatnonzero(labels == name))
        rows += of_it[: int(len(of_it) * _HELD_OUT_SHARE)].tolist()
    return set(rows)
