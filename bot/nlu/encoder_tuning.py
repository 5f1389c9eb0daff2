"""Tuning a sentence encoder so that what is meant alike lies together: few-shot learning.

In the manner of SetFit (Tunstall et al. 2022, arXiv 2209.11055), with two changes: instead of
pairs the supervised contrastive loss takes all of a batch at once (Khosla et al. 2020, arXiv
2004.11362), and a cosine classifier that starts from the intents' centroids is tuned along and
thrown away afterwards.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rasa.shared.exceptions import InvalidConfigException

from bot.nlu.sentence_encoder import SentenceEncoder, embed

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

_WARM_UP = 0.1
_LEAST_RATE = 0.02
_EXAMPLES_TOGETHER = 2
_SECONDS_BETWEEN_NEWS = 10.0


@dataclass(frozen=True)
class Tuning:
    """How to tune. `epochs` 0: as many as `steps` batches take, between 3 and 15.

    `layers` is how many of the transformer's last layers change; the ones below, and its word
    embeddings, hold what it knows of language beyond the examples. `keep` is the share of the
    weights before in the weights after: the mean of both is right more often than either where
    examples are few (Wortsman et al. 2022, arXiv 2109.01903).
    """

    epochs: int = 0
    steps: int = 500
    batch_size: int = 32
    learning_rate: float = 2e-4
    layers: int = 3
    contrast: float = 0.5
    keep: float = 0.5
    temperature: float = 0.05
    seed: int = 42

    def __post_init__(self) -> None:
        """Raise InvalidConfigException where a figure makes no sense."""
        wrong = [
            f"{name} is {value}, but must be above 0"
            for name, value in vars(self).items()
            if name not in ("epochs", "contrast", "keep", "seed") and not value > 0
        ]
        wrong += [
            f"{name} is {value}, but must not be below 0"
            for name, value in vars(self).items()
            if name in ("epochs", "contrast") and value < 0
        ]
        if not 0 <= self.keep < 1:
            wrong.append(f"keep is {self.keep}, but must be from 0 to below 1")
        if wrong:
            raise InvalidConfigException("the sentence encoder's tuning: " + "; ".join(wrong))

    def epochs_for(self, examples: int) -> int:
        """How often each of so many examples is shown."""
        if self.epochs:
            return self.epochs
        batches = -(-examples // self.batch_size)
        return int(np.clip(round(self.steps / batches), 3, 15))


def tune(
    model: SentenceTransformer, texts: Sequence[str], labels: Sequence[str], tuning: Tuning
) -> None:
    """Tune the model in place on labelled texts; it is left in evaluation mode.

    The same texts, labels and seed give the same model on the same machine. Raises
    InvalidConfigException where the labels are fewer than two.
    """
    import torch

    names, ids = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) < 2:
        raise InvalidConfigException("tuning the sentence encoder takes examples of two intents")
    random = np.random.default_rng(tuning.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tuning.seed)
        centroids = _centroids(SentenceEncoder(model).encode(texts), ids, len(names))
        weights = torch.nn.Parameter(torch.from_numpy(centroids))
        changing = _last_layers(model, tuning.layers)
        before = [weight.detach().clone() for weight in changing]
        epochs = tuning.epochs_for(len(texts))
        total = epochs * -(-len(texts) // tuning.batch_size)
        optimizer = torch.optim.AdamW(
            [
                {"params": changing, "lr": tuning.learning_rate, "weight_decay": 0.01},
                {"params": [weights], "lr": 10 * tuning.learning_rate, "weight_decay": 0.0},
            ]
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total))
        news = _News(total)
        model.train()
        try:
            for _ in range(epochs):
                order = _shuffled(ids, random)
                for start in range(0, len(order), tuning.batch_size):
                    rows = order[start : start + tuning.batch_size]
                    made = embed(model, [texts[row] for row in rows])
                    loss = _loss(made, torch.from_numpy(ids[rows]), weights, tuning)
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    torch.nn.utils.clip_grad_norm_(changing, 1.0)
                    optimizer.step()
                    schedule.step()
                    news.step(loss.item())
        finally:
            model.eval().requires_grad_(requires_grad=False)
        for weight, kept in zip(changing, before, strict=True):
            weight.lerp_(kept, tuning.keep)


def _centroids(
    embeddings: npt.NDArray[np.float32], ids: npt.NDArray[np.intp], count: int
) -> npt.NDArray[np.float32]:
    return np.stack([embeddings[ids == one].mean(axis=0) for one in range(count)])


def _last_layers(model: SentenceTransformer, count: int) -> list[torch.nn.Parameter]:
    """Freeze all but the parameters of the last layers, and return these."""
    import torch

    stacks = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList)]
    # The longest list of modules of a transformer is its stack of layers.
    layers: Any = max(stacks, key=len, default=None)
    if not layers:
        raise InvalidConfigException(
            "this sentence-transformers model has no stack of layers to tune: leave `tune` out"
        )
    model.requires_grad_(requires_grad=False)
    changing = []
    for layer in layers[-count:]:
        layer.requires_grad_(requires_grad=True)
        changing += list(layer.parameters())
    return changing


def _rate(step: int, total: int) -> float:
    rising = (step + 1) / max(1.0, _WARM_UP * total)
    return float(min(1.0, rising) * max(_LEAST_RATE, (total - step) / total))


def _shuffled(ids: npt.NDArray[np.intp], random: np.random.Generator) -> npt.NDArray[np.intp]:
    """The examples' rows in a new order, two of an intent together: contrast needs company."""
    groups = []
    for one in np.unique(ids):
        rows = random.permutation(np.flatnonzero(ids == one))
        groups += [
            rows[start : start + _EXAMPLES_TOGETHER]
            for start in range(0, len(rows), _EXAMPLES_TOGETHER)
        ]
    return np.concatenate([groups[group] for group in random.permutation(len(groups))])


def _loss(
    embeddings: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, tuning: Tuning
) -> torch.Tensor:
    from torch.nn.functional import cross_entropy, normalize

    logits = embeddings @ normalize(weights, dim=1).T / tuning.temperature
    loss = cross_entropy(logits, labels)
    if tuning.contrast:
        loss = loss + tuning.contrast * contrastive_loss(embeddings, labels, 2 * tuning.temperature)
    return loss


def contrastive_loss(
    embeddings: torch.Tensor, labels: torch.Tensor, temperature: float
) -> torch.Tensor:
    """The supervised contrastive loss of a batch, 0 where no two of it have the same label."""
    import torch

    itself = torch.eye(len(labels), dtype=torch.bool)
    alike = (labels[:, None] == labels[None, :]) & ~itself
    has_company = alike.any(dim=1)
    if not has_company.any():
        return embeddings.sum() * 0.0
    similar = (embeddings @ embeddings.T / temperature).masked_fill(itself, -1e9)
    likelihood = similar - similar.logsumexp(dim=1, keepdim=True)
    of_each = (likelihood * alike).sum(dim=1)[has_company] / alike.sum(dim=1)[has_company]
    return -of_each.mean()


class _News:
    """Says now and then how far the tuning is and how long it will take."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._began = self._told = time.monotonic()

    def step(self, loss: float) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._told < _SECONDS_BETWEEN_NEWS and self._done < self._total:
            return
        self._told = now
        left = (now - self._began) / self._done * (self._total - self._done)
        logger.info(
            "Tuning the sentence encoder: batch %d of %d, loss %.3f, about %.0f s left",
            self._done,
            self._total,
            loss,
            left,
        )
