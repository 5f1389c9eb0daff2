"""Which language a customer's message is in: English, Norwegian, or unsure.

`LanguageIdentifier` is a Rasa graph component that puts `language` ("en" or "nb") on every
message it is sure about, and nothing on the others, so that "ok", "10042" or a name keep the
language of the conversation.
"""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING, Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.language_words import ENGLISH_WORDS, NORWEGIAN_WORDS

if TYPE_CHECKING:
    from lingua import LanguageDetector

LANGUAGE = "language"
ENGLISH = "en"
NORWEGIAN = "nb"

# Lingua's share for the language; a lone word carries little evidence, so it must be clearer.
SURE_OF_SENTENCE = 0.85
SURE_OF_WORD = 0.97
# A language does not change in the middle of a message, and nobody should pay for 100 kB of it.
MAX_CHARACTERS = 400

_NOT_LANGUAGE = re.compile(r"\S+@\S+|https?://\S+|www\.\S+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_NORWEGIAN_LETTER = re.compile(r"[æøå]")

_detector_lock = threading.Lock()


def identify_language(text: str) -> str | None:
    """Tell the language of a message.

    Args:
        text: What the customer wrote, or a button's payload ("/intent...").

    Returns:
        "en", "nb" (any Norwegian, Nynorsk and dialects too) or None where the text does not
        say: payloads, numbers, names, words that both languages have. Never raises.
    """
    if text.lstrip().startswith("/"):
        return None
    plain = _NOT_LANGUAGE.sub(" ", text[:MAX_CHARACTERS]).replace("’", "'")
    words = _WORD.findall(plain)
    lowered = [word.lower() for word in words]
    english = sum(word in ENGLISH_WORDS for word in lowered)
    norwegian = sum(word in NORWEGIAN_WORDS for word in lowered)
    if english != norwegian:
        return ENGLISH if english > norwegian else NORWEGIAN
    # Names and places are capitalised, and speakers of both languages have Norwegian ones.
    common = [word for word in words if word.islower()]
    if any(_NORWEGIAN_LETTER.search(word) for word in common):
        return NORWEGIAN
    return _statistical_guess(common)


def _statistical_guess(words: list[str]) -> str | None:
    if sum(map(len, words)) < 4:
        return None
    english = norwegian = 0.0
    for share in _get_detector().compute_language_confidence_values(" ".join(words)):
        if share.language.iso_code_639_1.name == "EN":
            english = share.value
        else:
            norwegian += share.value
    enough = SURE_OF_SENTENCE if len(words) > 1 else SURE_OF_WORD
    if english >= enough:
        return ENGLISH
    return NORWEGIAN if norwegian >= enough else None


def _get_detector() -> LanguageDetector:
    # functools.cache alone would let two threads build one each.
    with _detector_lock:
        return _build_detector()


@functools.cache
def _build_detector() -> LanguageDetector:
    """Lingua's detector, which takes 40 MB and 70 ms: once a process, and not at import."""
    from lingua import Language, LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_languages(
        Language.ENGLISH, Language.BOKMAL, Language.NYNORSK
    ).build()


# Registered as an extractor because that is the one kind of component that Rasa runs at
# prediction alone: identifying the language of the training data would serve nobody.
@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class LanguageIdentifier(GraphComponent):
    """Puts `language` ("en" or "nb") on messages whose language is sure, also in parse output."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LanguageIdentifier:
        return cls()

    @staticmethod
    def required_packages() -> list[str]:
        return ["lingua"]

    def process(self, messages: list[Message]) -> list[Message]:
        """Set `language` where it is sure; the messages themselves are returned."""
        for message in messages:
            language = identify_language(message.get(TEXT) or "")
            if language is not None:
                message.set(LANGUAGE, language, add_to_output=True)
        return messages
