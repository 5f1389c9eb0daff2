"""The results as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.results import Visit
from bench.variants import Side

# Told apart by people with any colour vision (Okabe and Ito).
_COLOURS = ("#999999", "#56B4E9", "#D55E00")


def plot(
    sides: Sequence[Side], visits: Sequence[Visit], growth: dict[str, Any], folder: Path
) -> list[Path]:
    """Write `throughput.png`, `latency.png` and, where one grew, `growth.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    colours = {side.key: _COLOURS[place % len(_COLOURS)] for place, side in enumerate(sides)}
    made = [
        _bars(sides, visits, colours, "throughput", "messages a second", folder),
        _bars(sides, visits, colours, "p50_ms", "median latency, ms", folder, "latency"),
    ]
    if growth:
        made.append(_curves(sides, growth, colours, folder))
    return made


def _bars(
    sides: Sequence[Side],
    visits: Sequence[Visit],
    colours: dict[str, str],
    name: str,
    label: str,
    folder: Path,
    file: str | None = None,
) -> Path:
    figure = Figure(figsize=(8, 4.5))
    axes = figure.add_subplot()
    clients = [point.clients for point in visits[0].points]
    width = 0.8 / len(sides)
    for place, side in enumerate(sides):
        heights = []
        for count in clients:
            values = [
                float(getattr(point, name))
                for visit in visits
                for point in visit.points
                if visit.side == side.key and point.clients == count
            ]
            heights.append(median(values))
        centres = [at + (place - (len(sides) - 1) / 2) * width for at in range(len(clients))]
        bars = axes.bar(centres, heights, width, label=side.title, color=colours[side.key])
        axes.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    axes.set_xticks(range(len(clients)))
    axes.set_xticklabels([f"{count} client{'s' if count > 1 else ''}" for count in clients])
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return _write(figure, folder / f"{file or name}.png")


def _curves(
    sides: Sequence[Side], growth: dict[str, Any], colours: dict[str, str], folder: Path
) -> Path:
    figure = Figure(figsize=(8, 4.5))
    axes = figure.add_subplot()
    for side in sides:
        if side.key in growth:
            times = [seconds * 1000 for seconds in growth[side.key]["seconds"]]
            axes.plot(
                range(1, len(times) + 1), times, label=side.title, color=colours[side.key], lw=1.2
            )
    axes.set_yscale("log")
    axes.set_xlabel("turn of the conversation")
    axes.set_ylabel("ms a message (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return _write(figure, folder / "growth.png")


def _write(figure: Figure, path: Path) -> Path:
    FigureCanvasAgg(figure)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    return path
