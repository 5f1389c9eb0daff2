"""The packaged sentence encoder: batches, 8-bit arithmetic, words it knows."""

from __future__ import annotations

import numpy as np
import pytest
from rasa.shared.exceptions import InvalidConfigException

from bot.nlu.sentence_encoder import PACKAGED_MODEL, read_model, shared_encoder

TEXTS = [
    "where is my parcel",
    "hi",
    "I want to send the lamp back and get my money",
    "has it shipped?",
]


def test_a_batch_gives_what_each_text_alone_gives() -> None:
    encoder = shared_encoder(PACKAGED_MODEL)
    together = encoder.encode(TEXTS)
    assert together.shape == (4, encoder.size)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, rtol=1e-5)
    alone = np.vstack([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_meaning_is_nearer_than_words() -> None:
    parcel, shipped, joke = shared_encoder(PACKAGED_MODEL).encode(
        ["where is my parcel", "has my order been shipped", "where is my favourite joke"]
    )
    assert parcel @ shipped > parcel @ joke


def test_a_process_has_one_encoder_of_a_name() -> None:
    assert shared_encoder(PACKAGED_MODEL) is shared_encoder(PACKAGED_MODEL)


def test_very_long_and_very_odd_texts_are_embedded() -> None:
    odd = ["word " * 5000, "👍", "\u200b", "   "]
    made = shared_encoder(PACKAGED_MODEL).encode(odd)
    assert np.isfinite(made).all()


def test_nothing_to_embed_is_nothing_embedded() -> None:
    encoder = shared_encoder(PACKAGED_MODEL)
    assert encoder.encode([]).shape == (0, encoder.size)
    assert encoder.familiarity([]).shape == (0,)


def test_an_english_encoder_knows_english_words() -> None:
    english, norwegian, dialect, number = shared_encoder(PACKAGED_MODEL).familiarity(
        [
            "Where is my parcel? It should have been here on Monday.",
            "Hvor blir det av pakken min? Den skulle vært her på mandag.",
            "kor e pakka mi, ho skulla vore her no",
            "123",
        ]
    )
    assert english > 0.9
    assert number > 0.9
    assert norwegian < 0.5
    assert dialect < 0.7


def test_a_model_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(InvalidConfigException, match="give the folder of one"):
        read_model("no-such/encoder")
