"""Rasa's logistic regression over sparse and dense sentence features, with batches as batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.message import Message
from scipy.sparse import csr_matrix, hstack, vstack

_WEIGHTS = "weights.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(LogisticRegressionClassifier):
    """The same classifier; a batch's features are put together in one step, weights are arrays.

    Rasa's own builds a matrix for each message and feature type and stacks them, which costs more
    than the prediction, and it keeps its weights with skops, whose import walks through every
    module that is loaded: seconds of a worker's start. Takes the configuration of
    LogisticRegressionClassifier.
    """

    def _create_X(self, messages: list[Message]) -> csr_matrix:  # noqa: N802 (Rasa's name)
        """A matrix of shape (messages, features): each featurizer's columns side by side.

        All messages must have come through the same featurizers, as in one pipeline they do.
        """
        if not messages:
            return csr_matrix((0, 0))
        columns = []
        for sparse in (True, False):
            of_messages = [
                [
                    feature.features
                    for feature in message.features
                    if feature.attribute == TEXT
                    and feature.type == FEATURE_TYPE_SENTENCE
                    and feature.is_sparse() == sparse
                ]
                for message in messages
            ]
            columns += [
                vstack([csr_matrix(block) for block in blocks])
                for blocks in zip(*of_messages, strict=True)
            ]
        return hstack(columns, format="csr")

    def persist(self) -> None:
        """Write the weights into the model; nothing where there was nothing to train on."""
        if not hasattr(self.clf, "coef_"):
            return
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(
                folder / _WEIGHTS,
                coef=self.clf.coef_,
                intercept=self.clf.intercept_,
                classes=np.asarray(self.clf.classes_, dtype=np.str_),
            )

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearIntentClassifier:
        """The trained classifier. Raises ValueError where the model holds no weights of it."""
        component = cls(config, execution_context.node_name, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / _WEIGHTS) as weights:
            component.clf.coef_ = weights["coef"]
            component.clf.intercept_ = weights["intercept"]
            component.clf.classes_ = weights["classes"].astype(object)
        return component
