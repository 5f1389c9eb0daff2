"""Rasa's logistic regression over sparse and dense sentence features, with batches as batches."""

from __future__ import annotations

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.message import Message
from scipy.sparse import csr_matrix, hstack, vstack


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(LogisticRegressionClassifier):
    """The same classifier; the features of a batch are put together in one step.

    Rasa's own builds a matrix for each message and feature type and stacks them, which costs more
    than the prediction. Takes the configuration of LogisticRegressionClassifier.
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
