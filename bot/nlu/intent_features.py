"""A message's sentence features from any featurizers, weighted and put side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.message import Message
from scipy.sparse import csr_matrix, diags, hstack, vstack
from sklearn.preprocessing import normalize

INTENT_NAME = "intent_name"
"""The attribute of the features of an intent's name, on the intent's examples."""
HELD_OUT_TEXT = "held_out_text"
"""The attribute of a text's features by an encoder that was not tuned on all of the examples."""
HELD_OUT = "held_out"
"""Whether that encoder was tuned without the example itself."""

# What a sparse featurizer counts for beside dense features of length 1, and how much more where
# these are shorter: a sentence encoder shortens what is in words that it does not know.
SPARSE_WEIGHT = 0.35
SPARSE_WEIGHT_FOR_MISSING = 1.0

# What a single example has says nothing about others, and is most of what there is: left out,
# training takes half the time. With few columns there is nothing to save.
SEEN_OFTEN_ENOUGH = 2
FEW_COLUMNS = 2000


@dataclass(frozen=True)
class Blocks:
    """One matrix of shape (messages, its columns) for each featurizer."""

    sparse: list[csr_matrix]
    dense: list[npt.NDArray[np.float32]]

    def __len__(self) -> int:
        return int((self.sparse or self.dense)[0].shape[0]) if self.sparse or self.dense else 0


def blocks_of(messages: Sequence[Message], attribute: str = TEXT) -> Blocks:
    """The sentence features of messages that have come through the same featurizers.

    Raises ValueError where some have features that others lack.
    """
    sparse, dense = [], []
    of_messages = [
        [
            feature
            for feature in message.features
            if feature.attribute == attribute and feature.type == FEATURE_TYPE_SENTENCE
        ]
        for message in messages
    ]
    for column in zip(*of_messages, strict=True):
        values = [feature.features for feature in column]
        if column[0].is_sparse():
            sparse.append(vstack([csr_matrix(value) for value in values], format="csr"))
        else:
            dense.append(np.vstack([np.asarray(value, dtype=np.float32) for value in values]))
    return Blocks(sparse, dense)


class FeatureWeights:
    """Weighs features: counts become TF-IDF, and every block has its share.

    Sparse blocks get a damped term frequency times the inverse document frequency, and length 1;
    what is too rare is left out. Dense ones are divided by their usual length, so that a
    shorter one stays shorter.
    """

    def __init__(
        self,
        idf: list[npt.NDArray[np.float32]],
        length: npt.NDArray[np.float32],
        dense_columns: int,
    ) -> None:
        """`length` of each dense block; `dense_columns` of all of them together."""
        self.idf = idf
        self.length = length
        self.dense_columns = dense_columns

    @classmethod
    def fit(cls, blocks: Blocks) -> FeatureWeights:
        """Learn from the training data's features how common and how long each is."""
        idf = []
        for block in blocks.sparse:
            seen = np.bincount(block.indices[block.data > 0], minlength=block.shape[1])
            rarity = np.log((1 + block.shape[0]) / (1 + seen)) + 1
            common = (seen >= SEEN_OFTEN_ENOUGH) | (len(seen) <= FEW_COLUMNS)
            idf.append(np.where(common, rarity, 0.0).astype(np.float32))
        length = [np.quantile(np.linalg.norm(block, axis=1), 0.9) for block in blocks.dense]
        return cls(
            idf,
            np.maximum(np.asarray(length, dtype=np.float32), 1e-6),
            sum(block.shape[1] for block in blocks.dense),
        )

    def matrix(self, blocks: Blocks) -> csr_matrix:
        """The weighed features, of shape (messages, all columns), the dense ones first.

        Raises ValueError where the blocks are not those that the weights were made from.
        """
        if [block.shape[1] for block in blocks.sparse] != [len(idf) for idf in self.idf] or sum(
            block.shape[1] for block in blocks.dense
        ) != self.dense_columns:
            raise ValueError("other features than in training: train the model anew")
        dense = [block / length for block, length in zip(blocks.dense, self.length, strict=True)]
        if dense:
            known = np.clip(
                np.mean([np.linalg.norm(block, axis=1) for block in dense], axis=0), 0, 1
            )
            share = SPARSE_WEIGHT + SPARSE_WEIGHT_FOR_MISSING * (1 - known)
        else:
            share = np.ones(len(blocks))
        columns = [csr_matrix(block / np.sqrt(len(dense))) for block in dense]
        for block, idf in zip(blocks.sparse, self.idf, strict=True):
            damped = csr_matrix(block, dtype=np.float32, copy=True)
            damped.data = (1 + np.log(np.maximum(damped.data, 1))) * (damped.data > 0)
            damped = normalize((damped @ diags(idf))[:, idf > 0], copy=False)
            columns.append(diags(share.astype(np.float32)) @ damped)
        return hstack(columns, format="csr")
