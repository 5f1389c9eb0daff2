"""Tuning an encoder: what is meant alike comes together, and the same data gives the same model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from rasa.shared.exceptions import InvalidConfigException

from bot.nlu.encoder_tuning import Tuning, contrastive_loss, tune
from bot.nlu.sentence_encoder import PACKAGED_MODEL, SentenceEncoder, read_model

TEXTS = {
    "top_up": ["the card was declined at the till", "money on my account", "add funds please"],
    "verify": ["the card was refused in a shop", "who am I to you", "check my passport please"],
}


def spread(encoder: SentenceEncoder) -> float:
    """How much nearer the intents' own examples are than the other's, as a difference of cosines."""
    first, second = (encoder.encode(texts) for texts in TEXTS.values())
    own = np.mean([(group @ group.T)[np.triu_indices(3, 1)].mean() for group in (first, second)])
    return float(own - (first @ second.T).mean())


def test_tuning_brings_intents_apart_and_is_repeatable() -> None:
    texts = [text for group in TEXTS.values() for text in group]
    labels = [name for name, group in TEXTS.items() for _ in group]
    made = []
    before = spread(SentenceEncoder(read_model(PACKAGED_MODEL)))
    for _ in range(2):
        model = read_model(PACKAGED_MODEL)
        (words,) = (
            weights
            for name, weights in model.named_parameters()
            if name.endswith("word_embeddings.weight")
        )
        frozen = words.detach().clone()
        tune(model, texts, labels, Tuning(epochs=6, batch_size=6, layers=1))
        assert torch.equal(frozen, words)
        assert not model.training
        made.append(SentenceEncoder(model))
    assert spread(made[0]) > before + 0.1
    np.testing.assert_allclose(made[0].encode(texts), made[1].encode(texts), atol=1e-5)


def test_contrast_is_least_where_labels_lie_together() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    mixed = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert contrastive_loss(apart, labels, 0.1) < 0.01 < contrastive_loss(mixed, labels, 0.1)


def test_a_batch_without_company_has_no_contrast() -> None:
    vectors = torch.eye(3, requires_grad=True)
    loss = contrastive_loss(vectors, torch.tensor([0, 1, 2]), 0.1)
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0.0


@pytest.mark.parametrize(("examples", "epochs"), [(100, 15), (800, 15), (2000, 8), (10_000, 3)])
def test_few_examples_are_shown_more_often(examples: int, epochs: int) -> None:
    assert Tuning().epochs_for(examples) == epochs
    assert Tuning(epochs=7).epochs_for(examples) == 7


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidConfigException, match=r"learning_rate is -1.*must be above 0"):
        Tuning(learning_rate=-1)
    with pytest.raises(InvalidConfigException, match="keep is 1, but must be from 0"):
        Tuning(keep=1)
    with pytest.raises(InvalidConfigException, match="epochs is -1"):
        Tuning(epochs=-1)


def test_a_single_intent_can_not_be_tuned_on() -> None:
    with pytest.raises(InvalidConfigException, match="two intents"):
        tune(read_model(PACKAGED_MODEL), ["hi", "hello"], ["greet", "greet"], Tuning())
