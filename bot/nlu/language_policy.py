"""Keeps the `language` slot on the language of the customer's latest message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from bot.model.languages import known_language
from bot.nlu.language import ENGLISH, LANGUAGE, NORWEGIAN

CHANGE_LANGUAGE_INTENT = "change_language"
WANTED_LANGUAGE_ENTITY = "wanted_language"
LOCALE = "locale"
SUPPORTED = (ENGLISH, NORWEGIAN)


def language_of_latest_message(tracker: DialogueStateTracker) -> str | None:
    """The language to answer in, or None where the message does not say.

    A language that is asked for by name ("kan du snakke engelsk?") goes before the language
    it is asked in. Who has not written a word yet and only pressed a button is answered in the
    language of their device, where the channel tells it (`metadata.locale`, such as `nb-NO`).
    """
    message = tracker.latest_message
    if message is None:
        return None
    if message.intent.get("name") == CHANGE_LANGUAGE_INTENT:
        wanted = next(tracker.get_latest_entity_values(WANTED_LANGUAGE_ENTITY), None)
        if wanted in SUPPORTED:
            return str(wanted)
    language = message.parse_data.get(LANGUAGE)
    if language in SUPPORTED:
        return str(language)
    if tracker.get_slot(LANGUAGE) is None:
        return _language_of_device(message.metadata or {})
    return None


def _language_of_device(metadata: Mapping[str, Any]) -> str | None:
    locale = metadata.get(LOCALE)
    return known_language(locale) or ENGLISH if isinstance(locale, str) else None


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False
)
class LanguagePolicy(Policy):
    """Sets the `language` slot before any answer is chosen; never predicts an action itself.

    A policy, not a custom action, since a policy's events are applied before the predicted
    action runs: the first answer is in the right language already, forms included, and no
    action server has to be up.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 1}

    @staticmethod
    def supported_data() -> SupportedData:
        return SupportedData.ML_AND_RULE_DATA

    def train(
        self,
        training_trackers: list[TrackerWithCachedStates],
        domain: Domain,
        **kwargs: Any,
    ) -> Resource:
        """There is nothing to learn; Rasa asks every policy."""
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LanguagePolicy:
        return cls(config, model_storage, resource, execution_context)

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Predict no action; carry a `SlotSet` where the language has changed."""
        prediction = self._prediction(self._default_predictions(domain))
        language = language_of_latest_message(tracker)
        if language is not None and language != tracker.get_slot(LANGUAGE):
            prediction.events.append(SlotSet(LANGUAGE, language))
        return prediction
