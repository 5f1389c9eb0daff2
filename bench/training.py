"""The models that are measured: trained once, kept under `var/bench` as long as the data fits."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from bench.errors import BenchError, TrainingFailed

# Rasa's own epochs, and how many are left where these would take too long. Answering takes the
# same time after either: the network's size does not depend on it.
DEFAULT_EPOCHS = 100
REDUCED_EPOCHS = 20

QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "HF_HUB_OFFLINE": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class TrainedModel:
    """A trained model and how it came to be.

    `seconds` is its training time; `epochs` is 0 where the configuration itself says how many.
    """

    path: Path
    seconds: float
    epochs: int
    pipeline: tuple[str, ...]
    policies: tuple[str, ...]


def components(config: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a Rasa configuration's (pipeline, policies)."""
    return (
        tuple(str(part["name"]) for part in config.get("pipeline") or ()),
        tuple(str(part["name"]) for part in config.get("policies") or ()),
    )


def default_config(epochs: int) -> dict[str, Any]:
    """The configuration that Rasa itself gives a project that has none, with so many epochs.

    It is read from the installed Rasa. Raises BenchError where it is not there.
    """
    spec = importlib.util.find_spec("rasa")
    if spec is None or not spec.submodule_search_locations:
        raise BenchError("Rasa is not installed here: run `make run` once")
    path = Path(spec.submodule_search_locations[0]) / "engine/recipes/config_files"
    config: dict[str, Any] = yaml.safe_load((path / "default_config.yml").read_text("utf-8"))
    config["assistant_id"] = "stock"
    for part in (*config["pipeline"], *config["policies"]):
        if "epochs" in part:
            part["epochs"] = epochs
    return config


def fingerprint(root: Path, config: dict[str, Any]) -> str:
    """Changes whenever the domain, the data, the configuration, own components or Rasa do."""
    digest = hashlib.sha256(version("rasa").encode())
    digest.update(json.dumps(config, sort_keys=True).encode())
    sources = [root / "domain.yml", *sorted((root / "data").rglob("*.yml"))]
    if any("." in name for name in (*components(config)[0], *components(config)[1])):
        sources += sorted((root / "bot" / "nlu").rglob("*.py"))
    for path in sources:
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def stock_model(
    root: Path, work: Path, epochs: int, limit: float, tell: Callable[[str], None]
) -> TrainedModel:
    """Rasa's default configuration on the project's data.

    Training that takes more than `limit` seconds is given up and done with fewer epochs.
    Raises TrainingFailed.
    """
    for count in (epochs, min(epochs, REDUCED_EPOCHS)):
        config = default_config(count)
        path = work / "models" / f"stock-{fingerprint(root, config)}.tar.gz"
        found = _kept(path)
        if found is not None:
            return found
        given_up = path.with_name(path.name + ".too-slow")
        if count > REDUCED_EPOCHS and given_up.exists():
            continue
        tell(f"training stock Rasa's default pipeline ({count} epochs, once)")
        try:
            seconds = _train(root, work, config, path, limit if count > REDUCED_EPOCHS else None)
        except subprocess.TimeoutExpired:
            tell(f"{count} epochs take more than {limit:.0f} s here; {REDUCED_EPOCHS} it is")
            given_up.write_text(f"more than {limit:.0f} s\n", encoding="utf-8")
            continue
        return _keep(TrainedModel(path, round(seconds, 1), count, *components(config)))
    raise BenchError("no epochs are left to try")


def project_model(root: Path, work: Path, tell: Callable[[str], None]) -> TrainedModel:
    """The project's own `config.yml`, trained by plain `rasa train`. Raises TrainingFailed."""
    config: dict[str, Any] = yaml.safe_load((root / "config.yml").read_text(encoding="utf-8"))
    path = work / "models" / f"project-{fingerprint(root, config)}.tar.gz"
    found = _kept(path)
    if found is not None:
        return found
    tell("training this project's pipeline (once)")
    seconds = _train(root, work, config, path, None)
    return _keep(TrainedModel(path, round(seconds, 1), 0, *components(config)))


def _kept(path: Path) -> TrainedModel | None:
    try:
        note = json.loads(_note_for(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not path.exists():
        return None
    pipeline, policies = tuple(note["pipeline"]), tuple(note["policies"])
    return TrainedModel(path, note["seconds"], note["epochs"], pipeline, policies)


def _keep(model: TrainedModel) -> TrainedModel:
    note = {**asdict(model), "path": model.path.name}
    _note_for(model.path).write_text(json.dumps(note, indent=2), encoding="utf-8")
    return model


def _note_for(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _train(
    root: Path, work: Path, config: dict[str, Any], target: Path, limit: float | None
) -> float:
    target.parent.mkdir(parents=True, exist_ok=True)
    config_path = work / "config-in-training.yml"
    config_path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    unfinished = work / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    log = work / "logs" / "training.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "rasa", "train", "--domain", "domain.yml", "--data", "data"]
    command += ["--config", str(config_path), "--out", str(unfinished)]
    command += ["--fixed-model-name", "model"]
    env = {
        **os.environ,
        **QUIET,
        "RASA_CACHE_DIRECTORY": str(work / "rasa-cache"),
        "PYTHONPATH": str(root),
    }
    started = time.perf_counter()
    with log.open("wb") as output:
        code = subprocess.run(
            command, cwd=root, env=env, stdout=output, stderr=output, timeout=limit, check=False
        ).returncode
    made = unfinished / "model.tar.gz"
    if code != 0 or not made.exists():
        raise TrainingFailed(f"`rasa train` ended with exit code {code}", log)
    made.replace(target)
    return time.perf_counter() - started
