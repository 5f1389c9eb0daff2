"""Intents by a calibrated linear classifier over dense and sparse features.

In `config.yml`, with everything that may be set and what it is otherwise:

    - name: bot.nlu.intent_classifier.IntentClassifier
      strength: null              # the inverse of the regularization; null: what is best on
                                  # held-out examples
      name_weight: 1.0            # of an intent's name as an example of it; 0: not used
      refused_share: null         # 0.03: call "nlu_fallback" what looks like nothing known, so
                                  # that 3 in 100 known messages are refused at the most
      out_of_scope: out_of_scope  # the intent, if any, of examples of what is not understood
      ranking_length: 10          # 0: all intents
      seed: 42

It takes whatever featurizers stand before it: best are SentenceFeatures and two
CountVectorsFeaturizers, of words and of characters.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.intent_examples import examples_of
from bot.nlu.intent_features import blocks_of
from bot.nlu.intent_model import IntentModel, train

logger = logging.getLogger(__name__)

IN_SCOPE = "in_scope"
"""The output's key for how much a message is like known ones, and what would be enough."""

_FILE = "intents.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(RasaIntentClassifier, GraphComponent):
    """Predicts a batch's intents in one step, with confidences that were calibrated.

    Confidences, and the score below which a message is refused, come from examples that were
    held out, not from guesses. Every parsed message gets `in_scope: {score, threshold}`.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "strength": None,
            "name_weight": 1.0,
            "refused_share": None,
            "out_of_scope": "out_of_scope",
            "ranking_length": 10,
            "seed": 42,
        }

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Raise InvalidConfigException where a setting is not what it must be."""
        share = config["refused_share"]
        wrong = [
            text
            for right, text in (
                (
                    config["strength"] is None or config["strength"] > 0,
                    "`strength` must be null or above 0",
                ),
                (config["name_weight"] >= 0, "`name_weight` must be 0 or more"),
                (
                    share is None or 0 < share < 0.5,
                    "`refused_share` must be null or a share between 0 and 0.5, such as 0.03",
                ),
                (config["ranking_length"] >= 0, "`ranking_length` must be 0 or more"),
            )
            if not right
        ]
        if wrong:
            raise InvalidConfigException("IntentClassifier: " + "; ".join(wrong))

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: IntentModel | None = None,
    ) -> None:
        self.validate_config(config)
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        """The trained classifier. Raises ValueError where the model holds none."""
        with model_storage.read_from(resource) as folder:
            file = folder / _FILE
            model = IntentModel.read(file) if file.exists() else None
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Train and calibrate; without examples of intents there is nothing to predict later."""
        with self._storage.write_to(self._resource) as folder:
            examples = examples_of(training_data)
            if examples is None:
                logger.warning("No intent has examples: no intents will be predicted")
                return self._resource
            self._model = train(
                examples,
                strength=self._config["strength"],
                name_weight=self._config["name_weight"],
                refused_share=self._config["refused_share"] or 0.0,
                out_of_scope=self._config["out_of_scope"],
                seed=self._config["seed"],
            )
            self._model.write(folder / _FILE)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Predict for the examples, too, as components after this one expect."""
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent, ranking and `in_scope`; the messages themselves are returned.

        What has no text or no features, such as a pressed button, is left as it is.
        """
        readable = [message for message in messages if message.get(TEXT) and message.features]
        if self._model is None or not readable:
            return messages
        prediction = self._model.predict(blocks_of(readable))
        best_first = np.argsort(-prediction.confidences, axis=1, kind="stable")
        for row, message in enumerate(readable):
            ranking = [
                {"name": str(prediction.names[one]), "confidence": float(confidence)}
                for one, confidence in zip(
                    best_first[row], prediction.confidences[row][best_first[row]], strict=True
                )
            ]
            score = float(prediction.in_scope[row])
            if score < prediction.threshold:
                ranking.insert(
                    0,
                    {
                        "name": DEFAULT_NLU_FALLBACK_INTENT_NAME,
                        "confidence": 1.0 - float(prediction.confidences[row].max()),
                    },
                )
            length = self._config["ranking_length"] or len(ranking)
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking[:length], add_to_output=True)
            message.set(
                IN_SCOPE,
                {"score": score, "threshold": max(prediction.threshold, -1.0)},
                add_to_output=True,
            )
        return messages
