"""The trial over three failing platforms, small: the program that `make chaos` runs at length."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from unittest import mock

import pytest
from rich.console import Console

from bench.channels_chaos import Trial
from bench.training import TrainedModel
from bench.variants import OURS, Side

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


def test_nothing_is_lost_where_platforms_fail_and_processes_are_killed(
    trained_model: Path, tmp_path: Path
) -> None:
    side = Side(OURS, "Flerkanal", TrainedModel(trained_model, 0.0, 0, (), ()))
    trial = Trial(side, events=90, kills=1, share=0.2, seed=7)
    with (
        mock.patch("bench.channels_chaos.WORK", tmp_path),
        mock.patch("bench.channels_customers.RAMP", 1.0),
        mock.patch.dict(os.environ, {"MODELS_DIR": str(trained_model.parent)}),
    ):
        outcome = asyncio.run(trial.run(Console(quiet=True)))
    assert outcome.clean, outcome
    assert {kill.role for kill in outcome.kills} == {"worker", "sender"}
    for channel in outcome.channels:
        assert channel.events
        assert channel.answers >= channel.events
        assert channel.calls_failed
