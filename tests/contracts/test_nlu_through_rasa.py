"""The components of bot.nlu as a Rasa project uses them: by name in its configuration, no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.agent import Agent
from rasa.model_training import train_nlu

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:rasa.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

EXAMPLES = {
    "opening_hours": [
        "when do you open",
        "are you open on sunday",
        "what time does the shop close",
        "opening hours please",
        "når åpner dere",
        "har dere åpent på søndag",
    ],
    "track_parcel": [
        "where is my parcel",
        "track my package",
        "has my order been shipped",
        "my delivery has not come",
        "hvor er pakken min",
        "pakken har ikke kommet",
    ],
    "refund": [
        "i want my money back",
        "how do i get a refund",
        "please pay me back",
        "when is the money back on my card",
        "jeg vil ha pengene tilbake",
        "når får jeg refusjon",
    ],
}
UNSEEN = {
    "is the store open at the weekend": "opening_hours",
    "my shipment still isn't here": "track_parcel",
    "can I be reimbursed": "refund",
    "pakka mi har ikkje kome": "track_parcel",
}


def pipeline(**features: Any) -> list[dict[str, Any]]:
    return [
        {"name": "WhitespaceTokenizer"},
        {"name": "bot.nlu.sentence_features.SentenceFeatures", **features},
        {"name": "CountVectorsFeaturizer"},
        {
            "name": "CountVectorsFeaturizer",
            "analyzer": "char_wb",
            "min_ngram": 2,
            "max_ngram": 5,
        },
        {"name": "bot.nlu.intent_classifier.IntentClassifier"},
    ]


def train(folder: Path, **features: Any) -> Path:
    data = {
        "version": "3.1",
        "nlu": [
            {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
            for intent, texts in EXAMPLES.items()
        ],
    }
    config = {
        "recipe": "default.v1",
        "assistant_id": "shop",
        "language": "en",
        "pipeline": pipeline(**features),
    }
    for name, content in (("nlu.yml", data), ("config.yml", config)):
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    model = train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder))
    assert model is not None
    return Path(model)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASA_CACHE_DIRECTORY", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "features",
    [{}, {"tune": True, "epochs": 2, "layers": 1}],
    ids=["as it comes", "tuned"],
)
async def test_a_project_trains_loads_and_understands(
    tmp_path: Path, features: dict[str, Any]
) -> None:
    agent = Agent.load(train(tmp_path, **features))
    for text, intent in UNSEEN.items():
        parsed = await agent.parse_message(text)
        assert parsed["intent"]["name"] == intent, text
        assert parsed["intent_ranking"][0]["name"] == intent
        assert sum(entry["confidence"] for entry in parsed["intent_ranking"]) == pytest.approx(1)
        assert parsed["in_scope"]["score"] > 0
    pressed = await agent.parse_message("/refund")
    assert pressed["intent"]["name"] == "refund"
    empty = await agent.parse_message("")
    assert empty["intent"]["name"] is None
