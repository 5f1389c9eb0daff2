"""What an intent classifier learns from, taken out of Rasa's training data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.intent_features import HELD_OUT, HELD_OUT_TEXT, INTENT_NAME, Blocks, blocks_of


@dataclass(frozen=True)
class Examples:
    """Examples of intents. Arrays and matrices have one row an example.

    `names` are the dense features of each intent's name, one row an intent in the order of
    `numpy.unique(intents)`; None where no featurizer makes them, or not for each dense block.
    `dense_before` and `held_out` are there when an encoder was tuned: the dense features by an
    encoder tuned without the held-out ones, and which these are.
    """

    blocks: Blocks
    intents: npt.NDArray[np.str_]
    names: list[npt.NDArray[np.float32]] | None
    dense_before: list[npt.NDArray[np.float32]] | None
    held_out: npt.NDArray[np.bool_]


def examples_of(training_data: TrainingData) -> Examples | None:
    """All examples that have a text and an intent; None where there are none.

    A retrieval intent's examples count for the intent as a whole, as Rasa's classifiers do it.
    """
    messages = [
        message
        for message in training_data.intent_examples
        if message.get(TEXT) and message.get(INTENT)
    ]
    if not messages:
        return None
    intents = np.asarray([message.get(INTENT) for message in messages], dtype=np.str_)
    blocks = blocks_of(messages)
    if not blocks.sparse and not blocks.dense:
        return None
    return Examples(
        blocks=blocks,
        intents=intents,
        names=_names(messages, intents, blocks),
        dense_before=_dense_before(messages, blocks),
        held_out=np.asarray([bool(message.get(HELD_OUT)) for message in messages]),
    )


def _names(
    messages: list[Message], intents: npt.NDArray[np.str_], blocks: Blocks
) -> list[npt.NDArray[np.float32]] | None:
    _, first = np.unique(intents, return_index=True)
    names = blocks_of([messages[row] for row in first], INTENT_NAME)
    if not names.dense or _widths(names) != _widths(blocks):
        return None
    return names.dense


def _dense_before(messages: list[Message], blocks: Blocks) -> list[npt.NDArray[np.float32]] | None:
    before = blocks_of(messages, HELD_OUT_TEXT)
    if not before.dense or _widths(before) != _widths(blocks):
        return None
    return before.dense


def _widths(blocks: Blocks) -> list[int]:
    return [block.shape[1] for block in blocks.dense]
