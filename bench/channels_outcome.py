"""What the trial over three platforms came to: figures, a table, a file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from rich.table import Table

from bench import machine
from bench.assassin import Kill
from bench.audit import Fault


@dataclass(frozen=True)
class ChannelOutcome:
    """One platform's part of it. Counts; `webhook_p99` in milliseconds."""

    channel: str
    conversations: int
    events: int
    events_again: int
    events_repeated: int
    webhook_p99: float
    answers: int
    calls: int
    calls_failed: dict[str, int]
    twice: int
    twice_allowed: bool
    rates_broken: dict[str, int]
    faults: list[Fault]

    @property
    def clean(self) -> bool:
        """Every answer came, in order, once as far as the platform lets us know, in time."""
        return (
            not self.faults
            and not any(self.rates_broken.values())
            and (self.twice_allowed or not self.twice)
        )


@dataclass(frozen=True)
class Outcome:
    """The whole trial."""

    seconds: float
    kills: list[Kill]
    left_over: dict[str, int]
    channels: list[ChannelOutcome]

    @property
    def clean(self) -> bool:
        """Nothing wrong anywhere."""
        return not any(self.left_over.values()) and all(each.clean for each in self.channels)


def table(outcome: Outcome) -> Table:
    """For the screen."""
    shown = Table(title="Platforms that fail, processes killed", title_justify="left")
    shown.add_column("")
    for channel in outcome.channels:
        shown.add_column(channel.channel.capitalize(), justify="right")
    each = outcome.channels
    faults = [Counter(fault.kind for fault in channel.faults) for channel in each]
    rows: dict[str, list[object]] = {
        "conversations": [channel.conversations for channel in each],
        "events": [channel.events for channel in each],
        "events not taken at once": [channel.events_again for channel in each],
        "events delivered twice": [channel.events_repeated for channel in each],
        "webhook's answer, p99, ms": [channel.webhook_p99 for channel in each],
        "messages to deliver": [channel.answers for channel in each],
        "calls": [channel.calls for channel in each],
        "calls made to fail": [sum(channel.calls_failed.values()) for channel in each],
        "lost": [count["lost"] for count in faults],
        "out of order": [count["order"] for count in faults],
        "turns taken twice": [count["duplicate"] for count in faults],
        "shown twice": [
            f"{channel.twice}{' (no means)' if channel.twice_allowed else ''}" for channel in each
        ],
        "rates broken": [sum(channel.rates_broken.values()) for channel in each],
    }
    for name, cells in rows.items():
        shown.add_row(name, *map(str, cells))
    killed = Counter(kill.role for kill in outcome.kills)
    left = ", ".join(f"{count} {name}" for name, count in outcome.left_over.items())
    shown.caption = (
        f"{outcome.seconds:.0f} s; killed: {killed['worker']} workers, {killed['sender']} senders;"
        f" left over: {left}"
    )
    return shown


def save(outcome: Outcome, seed: int, root: Path) -> Path:
    """Where the figures are kept, as JSON."""
    folder = root / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc)
    data = {
        "schema": 1,
        "measured_at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "machine": machine.facts(root),
        "clean": outcome.clean,
        **asdict(outcome),
    }
    path = folder / f"channels-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
