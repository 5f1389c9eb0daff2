"""Training a model: Rasa's own training in a process of its own, and a model that is whole or not."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import yaml
from filelock import FileLock

from bot.child_process import tethered
from bot.errors import TrainingFailed
from bot.observability.third_party import environment
from bot.settings import Settings
from bot.training.models import SUFFIX, fingerprint, fitting_model, note_of

_TAIL_LINES = 40
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_TRAINING = re.compile(r"Starting to train component '(\w+)'")
_TRAINED = re.compile(r"(?:Finished training|Restored) component '(\w+)'")


@dataclass(frozen=True)
class Progress:
    """How far a training is: what it does now, how many components are ready, and of how many.

    `total` counts those that have nothing to train as well, so a training ends a little before it.
    """

    stage: str
    trained: int
    total: int


OnProgress = Callable[[Progress], None]


def train(
    settings: Settings, on_progress: OnProgress, *, root: Path = Path(), if_needed: bool = False
) -> Path:
    """Validate the data in `root` and train a model into `settings.models_dir`; returns its path.

    `if_needed`: returns the model that fits already, where there is one. One training at a time
    runs for a folder; a second one waits. A training that is cut off leaves no model. Where the
    data changes meanwhile the model is there, but does not count as one that fits.

    To be called from the main thread. Raises ModelNotFound where `root` is no Rasa project, and
    TrainingFailed, whose `tail` says what was wrong with the data.
    """
    if if_needed and (model := fitting_model(settings, root)):
        return model
    fingerprint(root)  # raises before anything is made
    folder = settings.models_dir.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".training.lock"):
        if if_needed and (model := fitting_model(settings, root)):
            return model
        with _workshop(folder) as workshop:
            trained_from = fingerprint(root)
            began = time.monotonic()
            _run_rasa(root, workshop, on_progress)
            unchanged = fingerprint(root) == trained_from
            return _publish(workshop / f"model{SUFFIX}", folder, trained_from, began, unchanged)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    # In the same folder, so that a model can be renamed into place; leftovers are of the dead.
    for leftover in folder.glob(".training-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    workshop = Path(tempfile.mkdtemp(prefix=".training-", dir=folder))
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _run_rasa(root: Path, workshop: Path, on_progress: OnProgress) -> None:
    command = [sys.executable, "-m", "rasa", "train", "--out", str(workshop)]
    process = subprocess.Popen(
        tethered([*command, "--fixed-model-name", "model"]),
        cwd=root,
        env=environment(PYTHONUNBUFFERED="1", PYTHONWARNINGS="ignore::DeprecationWarning"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Ctrl-C is answered here: what Rasa prints about it helps nobody.
        start_new_session=True,
    )
    try:
        tail = _follow(process, _component_count(root), on_progress)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        code = process.wait()
    if code != 0 or not (workshop / f"model{SUFFIX}").exists():
        raise TrainingFailed(_explain(code), tail)


def _follow(process: subprocess.Popen[bytes], total: int, on_progress: OnProgress) -> list[str]:
    assert process.stdout is not None
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    trained = 0
    on_progress(Progress("loading Rasa", trained, total))
    with process.stdout:
        for raw in process.stdout:
            line = _ANSI.sub("", raw.decode(errors="replace")).rstrip()
            if not line:
                continue
            tail.append(line)
            if "Started validating" in line:
                on_progress(Progress("reading and checking the data", trained, total))
            elif found := _TRAINING.search(line):
                on_progress(Progress(f"training {found[1]}", trained, total))
            elif found := _TRAINED.search(line):
                trained += 1
                on_progress(Progress(f"trained {found[1]}", trained, total))
    return list(tail)


def _component_count(root: Path) -> int:
    try:
        configuration = yaml.safe_load((root / "config.yml").read_bytes())
        return len(configuration["pipeline"]) + len(configuration["policies"])
    except (yaml.YAMLError, OSError, KeyError, TypeError):
        # What is wrong with it is Rasa's to say, and it says it better.
        return 0


def _publish(model: Path, folder: Path, trained_from: str, began: float, unchanged: bool) -> Path:
    now = datetime.now(timezone.utc)
    final = folder / f"{now:%Y%m%d-%H%M%S}-{trained_from[:8]}{SUFFIX}"
    note = {
        "fingerprint": trained_from if unchanged else None,
        "trained_at": now.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "rasa": metadata.version("rasa"),
    }
    with model.open("rb") as whole:
        os.fsync(whole.fileno())
    # The note first: a model is never there without it.
    note_of(model).write_text(json.dumps(note, indent=2) + "\n")
    note_of(model).replace(note_of(final))
    model.replace(final)
    return final


def _explain(code: int) -> str:
    if code == -signal.SIGKILL:
        return "training was killed, most likely because memory ran out: give it 2 GB"
    return (
        "Rasa could not train from the data: see its last lines, mend what they name, and check "
        "with `rasa data validate`"
    )
