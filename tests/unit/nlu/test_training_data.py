"""The training data itself: enough of it, in both languages, and nothing twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from rasa.shared.nlu.training_data.loading import load_data

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = ("en", "nb")
EXAMPLES_PER_INTENT = 20
# Nobody says these: the NLU's own, and those that the channels and the desk send as payloads.
WORDLESS = {
    "nlu_fallback",
    "share_attachment",
    "share_location",
    "channel_linked",
    "channel_unlinked",
    "link_refused",
    "back_to_bot",
    "rate",
    "handed_back",
}


def intents() -> list[str]:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))
    return [intent for intent in domain["intents"] if intent not in WORDLESS]


def examples(folder: Path) -> list[tuple[str, str]]:
    return [(e.get("text"), e.get("intent")) for e in load_data(str(folder)).intent_examples]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_has_enough_examples(language: str) -> None:
    counts = Counter(intent for _, intent in examples(ROOT / "data" / "nlu" / language))
    assert len(intents()) >= 28
    assert set(counts) == set(intents())
    assert {i: n for i, n in counts.items() if n < EXAMPLES_PER_INTENT} == {}


def test_no_text_means_two_things() -> None:
    meanings: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for text, intent in examples(ROOT / "data" / "nlu" / language):
            meanings.setdefault(text.lower(), set()).add(intent)
    assert {text: found for text, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_stands_twice(language: str) -> None:
    counts = Counter(text.lower() for text, _ in examples(ROOT / "data" / "nlu" / language))
    assert [text for text, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_unseen_messages_are_not_trained_on(language: str) -> None:
    trained = {text.lower() for text, _ in examples(ROOT / "data" / "nlu" / language)}
    unseen = {
        text.lower() for text, _ in examples(ROOT / "tests" / "nlu" / f"unseen_{language}.yml")
    }
    assert unseen & trained == set()
