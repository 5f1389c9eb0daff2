"""What a trial of handoffs came to: figures, a table, and a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from rich.table import Table

from bench import machine
from bench.audit import Fault
from bench.handoff_agents import Agent, Office
from bench.handoff_customers import Customer

# An agent sees what a customer wrote within this, at the 95th percentile.
LIMIT_MS = 300.0
SEEN = "customer sends, the agent's stream tells"


@dataclass(frozen=True)
class Figure:
    """Times of one kind, in milliseconds."""

    what: str
    count: int
    p50: float
    p95: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Outcome:
    """A trial. `think` and `seconds` are in seconds, `cpu_seconds` are processor time by role."""

    customers: int
    agents: int
    exchanges: int
    think: float
    gateway_killed: bool
    seconds: float
    cpu_seconds: dict[str, float]
    figures: list[Figure]
    faults: list[Fault]

    @property
    def clean(self) -> bool:
        """Nothing wrong; and soon enough, where the gateway was there all the time."""
        seen = next(figure for figure in self.figures if figure.what == SEEN)
        return not self.faults and (self.gateway_killed or seen.p95 < LIMIT_MS)


def figures(customers: Sequence[Customer], agents: Sequence[Agent], office: Office) -> list[Figure]:
    """What was measured, on one clock: customers and agents are in one process."""
    seen, kept, told = [], [], []
    conversations = {number: conversation for conversation, number in office.numbers.items()}
    for customer in customers:
        conversation = conversations.get(customer.number, "")
        for line in customer.heard.values():
            sent = office.said_at.get((conversation, line.text))
            if line.author == "staff" and sent is not None:
                told.append(line.at - sent)
        for said in customer.said.values():
            rung = [agent.rung[said.id] for agent in agents if said.id in agent.rung]
            if rung and said.to_person:
                seen.append(min(rung) - said.sent_at)
            if said.accepted_at is not None:
                kept.append(said.accepted_at - said.sent_at)
    claims = [seconds for agent in agents for seconds in agent.claims]
    return [
        _figure(SEEN, seen),
        _figure("customer sends, it is accepted", kept),
        _figure("agent sends, the customer has it", told),
        _figure("agent takes one out of the queue", claims),
    ]


def _figure(what: str, seconds: Sequence[float]) -> Figure:
    if not seconds:
        return Figure(what, 0, *(float("nan"),) * 4)
    found = (round(1_000 * float(np.percentile(seconds, each)), 1) for each in (50, 95, 99, 100))
    return Figure(what, len(seconds), *found)


def table(outcome: Outcome) -> Table:
    """For the screen."""
    title = (
        f"{outcome.customers} handoffs at once, {outcome.agents} agents, {outcome.seconds:.0f} s"
        f"{', the gateway killed' if outcome.gateway_killed else ''}; ms"
    )
    shown = Table(title=title, title_justify="left")
    shown.add_column("")
    for heading in ("times", "p50", "p95", "p99", "longest"):
        shown.add_column(heading, justify="right")
    for each in outcome.figures:
        shown.add_row(
            each.what,
            str(each.count),
            *(f"{v:.0f}" for v in (each.p50, each.p95, each.p99, each.longest)),
        )
    shown.add_section()
    shown.add_row("faults", str(len(outcome.faults)))
    for role, spent in outcome.cpu_seconds.items():
        shown.add_row(f"processor time, {role}", f"{spent:.0f} s")
    return shown


def save(outcome: Outcome, root: Path) -> Path:
    """Write the file; returns its path."""
    folder = root / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc)
    data = {
        "schema": 1,
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": machine.facts(root),
        "limit_ms": LIMIT_MS,
        "clean": outcome.clean,
        **asdict(outcome),
    }
    path = folder / f"handoffs-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
