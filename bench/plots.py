"""The results as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from bench.conversations import GROWING
from bench.results import Visit
from bench.variants import OURS, STOCK, STOCK_PROJECT, Side

# Told apart by people with any colour vision (Okabe and Ito); a side's colour is always the same.
_COLOURS = {STOCK: "#999999", STOCK_PROJECT: "#56B4E9", OURS: "#D55E00"}


def plot(
    sides: Sequence[Side], visits: Sequence[Visit], growth: dict[str, Any], folder: Path
) -> list[Path]:
    """Write `throughput.png`, `latency.png` and, where one grew, `growth.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [
        _bars(sides, visits, "throughput", "messages a second", folder),
        _bars(sides, visits, "p50_ms", "median latency, ms", folder, "latency"),
    ]
    if growth:
        made.append(_curves(sides, growth, folder))
    return made


def _bars(
    sides: Sequence[Side],
    visits: Sequence[Visit],
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
        bars = axes.bar(centres, heights, width, label=side.title, color=_COLOURS[side.key])
        axes.bar_label(bars, fmt="%.0f", padding=2, fontsize=8)
    axes.set_xticks(range(len(clients)))
    axes.set_xticklabels([f"{count} client{'s' if count > 1 else ''}" for count in clients])
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _write(figure, folder / f"{file or name}.png")


def _curves(sides: Sequence[Side], growth: dict[str, Any], folder: Path) -> Path:
    figure = Figure(figsize=(8, 4.5))
    axes = figure.add_subplot()
    for side in sides:
        if side.key in growth:
            times = [seconds * 1000 for seconds in growth[side.key]["seconds"]]
            colour = _COLOURS[side.key]
            turns = range(1, len(times) + 1)
            axes.plot(turns, times, color=colour, alpha=0.25, lw=0.8)
            axes.plot(turns, _smooth(times), label=side.title, color=colour, lw=1.8)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("turn of the conversation")
    axes.set_ylabel("ms a message (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncol=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _write(figure, folder / "growth.png")


def _smooth(times: Sequence[float]) -> list[float]:
    half = len(GROWING) // 2
    return [median(times[max(0, at - half) : at + half + 1]) for at in range(len(times))]


def _write(figure: Figure, path: Path) -> Path:
    FigureCanvasAgg(figure)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    return path
