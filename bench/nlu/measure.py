"""One training and what comes of it: accuracy, calibration, times."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import yaml

from bench.errors import BenchError
from bench.nlu.data import Labelled

BATCH = 32
ALONE = 100
_BINS = 15


@dataclass(frozen=True)
class Measured:
    """A run's figures. Shares from 0 to 1; `calibration_error` is the expected one of 15 bins.

    `batch_ms` is milliseconds a message in batches of 32, `alone_ms` the median of a message that
    comes alone; both are a parse through Rasa's whole NLU graph.
    """

    side: str
    setting: str
    seed: int
    examples: int
    accuracy: float
    calibration_error: float
    train_seconds: float
    batch_ms: float
    alone_ms: float


def measure(
    side: str,
    config: dict[str, Any],
    setting: str,
    seed: int,
    train: Labelled,
    test: Labelled,
    work: Path,
) -> Measured:
    """Train with plain Rasa on `train`, and ask for all of `test`. Raises BenchError."""
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    work.mkdir(parents=True, exist_ok=True)
    # A training from the cache takes no time, and would be told as such.
    os.environ["RASA_CACHE_DIRECTORY"] = str(work / f"cache-{time.time_ns()}")
    (work / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    _write_examples(train, work / "nlu.yml")
    began = time.perf_counter()
    model = train_nlu(str(work / "config.yml"), str(work / "nlu.yml"), str(work / "models"))
    seconds = time.perf_counter() - began
    if model is None:
        raise BenchError(f"{side} could not be trained on {setting}: see Rasa's lines above")
    agent = Agent.load(model)
    Path(model).unlink()
    predicted, confidences, batch_ms = _in_batches(agent, test.texts)
    right = np.asarray(predicted) == np.asarray(test.intents)
    return Measured(
        side=side,
        setting=setting,
        seed=seed,
        examples=len(train),
        accuracy=round(float(right.mean()), 5),
        calibration_error=round(calibration_error(np.asarray(confidences), right), 5),
        train_seconds=round(seconds, 1),
        batch_ms=round(batch_ms, 3),
        alone_ms=round(_alone(agent, test.texts[:ALONE]), 3),
    )


def calibration_error(confidences: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    """How far confidences are from the share that is right, over bins of equal width."""
    place = np.clip((confidences * _BINS).astype(int), 0, _BINS - 1)
    apart = [
        abs(confidences[place == one].mean() - right[place == one].mean()) * (place == one).mean()
        for one in np.unique(place)
    ]
    return float(sum(apart))


def _in_batches(agent: Any, texts: Sequence[str]) -> tuple[list[str], list[float], float]:
    names: list[str] = []
    confidences: list[float] = []
    times = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        began = time.perf_counter()
        intents = _parse(agent, batch)
        if len(batch) == BATCH:
            times.append((time.perf_counter() - began) * 1000 / BATCH)
        names += [str(intent["name"]) for intent in intents]
        confidences += [float(intent["confidence"]) for intent in intents]
    return names, confidences, median(times) if times else float("nan")


def _alone(agent: Any, texts: Sequence[str]) -> float:
    times = []
    for text in texts:
        began = time.perf_counter()
        _parse(agent, [text])
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def _parse(agent: Any, texts: Sequence[str]) -> list[dict[str, Any]]:
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
    from rasa.shared.nlu.constants import INTENT

    processor = agent.processor
    target = processor.model_metadata.nlu_target
    found = processor.graph_runner.run(
        inputs={
            PLACEHOLDER_MESSAGE: [UserMessage(text) for text in texts],
            PLACEHOLDER_TRACKER: None,
        },
        targets=[target],
    )[target]
    return [message.get(INTENT) for message in found]


def _write_examples(examples: Labelled, path: Path) -> None:
    by_intent: dict[str, list[str]] = {}
    for text, intent in zip(examples.texts, examples.intents, strict=True):
        # A bracket would start an entity, a line's end another example.
        plain = " ".join(text.split()).replace("[", "(").replace("]", ")")
        by_intent.setdefault(intent, []).append(f"- {plain}\n")
    nlu = [{"intent": name, "examples": "".join(lines)} for name, lines in by_intent.items()]
    path.write_text(
        yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True, width=10_000),
        encoding="utf-8",
    )
