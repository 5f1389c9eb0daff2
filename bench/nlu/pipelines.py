"""What is compared: Rasa configurations, as anybody could write them into a config.yml."""

from __future__ import annotations

from typing import Any

from bench.training import DEFAULT_EPOCHS, default_config

FLERKANAL = "flerkanal"
TUNED = "flerkanal-tuned"
DIET = "diet"
TITLES = {
    FLERKANAL: "Flerkanal",
    TUNED: "Flerkanal, encoder tuned",
    DIET: "stock Rasa, default pipeline (DIET)",
}


def config_of(side: str, diet_epochs: int = DEFAULT_EPOCHS) -> dict[str, Any]:
    """A whole Rasa configuration of one of TITLES' sides, for NLU alone."""
    if side == DIET:
        pipeline = default_config(diet_epochs)["pipeline"]
        # Refusing is another question than telling apart.
        pipeline = [part for part in pipeline if part["name"] != "FallbackClassifier"]
    else:
        pipeline = [
            {"name": "WhitespaceTokenizer"},
            {
                "name": "bot.nlu.sentence_features.SentenceFeatures",
                **({"tune": True} if side == TUNED else {}),
            },
            {"name": "CountVectorsFeaturizer", "min_ngram": 1, "max_ngram": 2},
            {
                "name": "CountVectorsFeaturizer",
                "analyzer": "char_wb",
                "min_ngram": 2,
                "max_ngram": 5,
            },
            {"name": "bot.nlu.intent_classifier.IntentClassifier"},
        ]
    return {
        "recipe": "default.v1",
        "assistant_id": "bench",
        "language": "en",
        "pipeline": pipeline,
    }
