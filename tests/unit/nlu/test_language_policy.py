"""The language slot follows the customer's messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.nlu.language_policy import LanguagePolicy

# Rasa says so for every domain, whatever is in it.
pytestmark = pytest.mark.filterwarnings("ignore:Slot auto-fill has been removed")

DOMAIN = """
version: "3.1"
intents: [greet, change_language]
entities: [wanted_language]
slots:
  language:
    type: categorical
    values: [en, nb]
    influence_conversation: false
    mappings: [{type: custom}]
responses:
  utter_greet: [{text: Hi}]
"""


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_yaml(DOMAIN)


@pytest.fixture
def policy(tmp_path: Path) -> LanguagePolicy:
    return LanguagePolicy.load(
        LanguagePolicy.get_default_config(),
        LocalModelStorage(tmp_path),
        Resource("policy"),
        ExecutionContext(GraphSchema({})),
    )


def message(
    language: str | None,
    intent: str = "greet",
    wanted: str | None = None,
    locale: object = None,
) -> UserUttered:
    parse_data: dict[str, Any] = {"language": language} if language else {}
    entities = [{"entity": "wanted_language", "value": wanted}] if wanted else []
    return UserUttered(
        "text",
        intent={"name": intent, "confidence": 1.0},
        entities=entities,
        parse_data=parse_data,
        metadata={"locale": locale} if locale else None,
    )


def conversation(domain: Domain, slot: str | None, latest: UserUttered) -> DialogueStateTracker:
    events = [SlotSet("language", slot), latest] if slot else [latest]
    return DialogueStateTracker.from_events("customer", events, domain.slots)


@pytest.mark.parametrize(
    ("slot", "latest", "expected"),
    [
        (None, message("nb"), "nb"),
        (None, message("en"), "en"),
        (None, message(None), None),
        (None, message(None, locale="nb-NO"), "nb"),
        (None, message(None, locale="nn"), "nb"),
        (None, message(None, locale="en_GB"), "en"),
        (None, message(None, locale="sv"), "en"),
        (None, message(None, locale=7), None),
        (None, message("en", locale="nb-NO"), "en"),
        ("en", message(None, locale="nb-NO"), None),
        ("nb", message("nb"), None),
        ("nb", message("en"), "en"),
        ("en", message("nb"), "nb"),
        ("nb", message(None), None),
        ("nb", message("nb", "change_language", wanted="en"), "en"),
        ("en", message("en", "change_language", wanted="nb"), "nb"),
        ("en", message("en", "change_language", wanted="en"), None),
        # Languages that the assistant does not have are asked for in one that it has.
        ("en", message("nb", "change_language", wanted="tysk"), "nb"),
        # "I bought a book in Norwegian" asks for no other language.
        ("en", message("en", "greet", wanted="nb"), None),
        # A pipeline with a component of its own may know more languages than the slot.
        ("en", message("sv"), None),
    ],
)
def test_slot_follows_the_message(
    policy: LanguagePolicy,
    domain: Domain,
    slot: str | None,
    latest: UserUttered,
    expected: str | None,
) -> None:
    prediction = policy.predict_action_probabilities(conversation(domain, slot, latest), domain)
    assert prediction.events == ([SlotSet("language", expected)] if expected else [])


def test_no_action_is_predicted(policy: LanguagePolicy, domain: Domain) -> None:
    prediction = policy.predict_action_probabilities(
        conversation(domain, None, message("nb")), domain
    )
    assert prediction.probabilities == [0.0] * domain.num_actions


def test_a_conversation_without_a_message_changes_nothing(
    policy: LanguagePolicy, domain: Domain
) -> None:
    tracker = DialogueStateTracker.from_events("customer", [], domain.slots)
    assert policy.predict_action_probabilities(tracker, domain).events == []


def test_training_needs_no_data(policy: LanguagePolicy, domain: Domain) -> None:
    assert policy.train([], domain) == Resource("policy")
