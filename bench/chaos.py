"""`python -m bench.chaos`: whole conversations while processes are killed, and an audit after.

Ends with 1 where a message was lost, answered twice, out of order, or wrongly.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import machine
from bench.alone import alone
from bench.answers import AnswerBook
from bench.assassin import Assassin, Kill
from bench.audit import Fault
from bench.client import rest_client
from bench.conversations import ORDER_CONVERSATIONS
from bench.customers import Held, hold_all
from bench.errors import BenchError
from bench.sides import flerkanal_model
from bench.storage import Storage
from bench.variants import OURS, Side, flerkanal

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "bench"
RESULTS = ROOT / "bench" / "results"
REQUEST_TIMEOUT = 90.0


@dataclass(frozen=True)
class Outcome:
    """What a scenario came to. Seconds; `retries` are requests beyond the first of a message."""

    victim: str
    conversations: int
    messages: int
    seconds: float
    kills: list[Kill]
    retries: int
    retry_reasons: dict[str, int]
    longest_wait: float
    left_over: dict[str, int]
    faults: list[Fault]

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing twice, nothing left over."""
        return not self.faults and not any(self.left_over.values())


def main(
    conversations: Annotated[int, typer.Option(help="In each scenario, of 5 turns.")] = 1000,
    kills: Annotated[int, typer.Option(help="In each scenario.")] = 5,
    at_once: Annotated[int, typer.Option(help="Customers at once.")] = 32,
    victims: Annotated[str, typer.Option(help="Scenarios, with commas.")] = "worker,gateway",
    seed: Annotated[int, typer.Option(help="Of the moments; 0: a new one.")] = 0,
) -> None:
    """Kill processes of a real `flerkanal up` under load; audit every conversation afterwards."""
    console = Console()
    seed = seed or random.SystemRandom().randrange(1, 1_000_000)
    console.print(f"seed {seed}", highlight=False)
    try:
        names = _victims(victims)
        _check_counts(conversations, kills, at_once)
        with alone(WORK):
            model = flerkanal_model(ROOT, WORK, lambda text: console.print(text, highlight=False))
            side = Side(OURS, "Flerkanal", model)
            outcomes = [
                uvloop.run(
                    Scenario(side, victim, conversations, kills, at_once, random.Random(seed)).run(
                        console
                    )
                )
                for victim in names
            ]
    except BenchError as error:
        console.print("The trial stopped:", str(error), style="red", highlight=False)
        raise typer.Exit(2) from error
    console.print(_table(outcomes))
    for outcome in outcomes:
        for fault in outcome.faults[:20]:
            console.print(f"{fault.kind}: {fault.conversation}: {fault.what}", style="red")
    path = _save(outcomes, seed)
    console.print(f"JSON: {path}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(outcome.clean for outcome in outcomes) else 1)


class Scenario:
    """One `flerkanal up`, one kind of victim."""

    def __init__(
        self,
        side: Side,
        victim: str,
        conversations: int,
        kills: int,
        at_once: int,
        chance: random.Random,
    ) -> None:
        self._side = side
        self._victim = victim
        self._conversations = conversations
        self._kills = kills
        self._at_once = at_once
        self._chance = chance
        self._answers = 0

    async def run(self, console: Console) -> Outcome:
        """Hold the conversations while the assassin is about, then look into the store."""
        book = AnswerBook.of_domain(ROOT / "domain.yml")
        run_dir = WORK / "runs" / f"{int(time.time())}-chaos-{self._victim}"
        messages = sum(
            len(ORDER_CONVERSATIONS[number % len(ORDER_CONVERSATIONS)].steps)
            for number in range(self._conversations)
        )
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            task = progress.add_task(f"{self._victim} killed {self._kills} times", total=messages)

            def answered() -> None:
                self._answers += 1
                progress.update(task, completed=self._answers)

            async with flerkanal(self._side, ROOT, run_dir, book) as running:
                assassin = Assassin(
                    running.server, self._victim, self._kills, messages, self._chance
                )
                killing = asyncio.create_task(assassin.run(lambda: self._answers))
                began = time.perf_counter()
                try:
                    async with rest_client(running.base_url, REQUEST_TIMEOUT) as client:
                        held = await hold_all(
                            client,
                            book,
                            ORDER_CONVERSATIONS,
                            self._conversations,
                            self._at_once,
                            answered,
                        )
                    seconds = time.perf_counter() - began
                finally:
                    killing.cancel()
                    with suppress(asyncio.CancelledError):
                        await killing
                async with Storage.of(run_dir) as storage:
                    faults = [fault for one in held for fault in await storage.audit(one)]
                    left_over = await storage.left_over()
        return self._outcome(held, seconds, assassin.killed, left_over, faults)

    def _outcome(
        self,
        held: list[Held],
        seconds: float,
        kills: list[Kill],
        left_over: dict[str, int],
        faults: list[Fault],
    ) -> Outcome:
        asked = [asked for one in held for asked in one.asked]
        if len(kills) < self._kills:
            faults = [
                *faults,
                Fault("trial", "-", f"{len(kills)} of {self._kills} kills came in time"),
            ]
        return Outcome(
            victim=self._victim,
            conversations=len(held),
            messages=len(asked),
            seconds=round(seconds, 1),
            kills=kills,
            retries=sum(one.tries - 1 for one in asked),
            retry_reasons=dict(
                Counter(problem.split(":")[0] for one in asked for problem in one.problems)
            ),
            longest_wait=round(max(one.waited for one in asked), 2),
            left_over=left_over,
            faults=faults,
        )


def _victims(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - {"worker", "gateway"})
    if unknown or not names:
        raise BenchError(f"victims: {text!r}; there are worker and gateway")
    return names


def _check_counts(*counts: int) -> None:
    if min(counts) < 1:
        raise BenchError("conversations, kills and at-once: 1 or more each")


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="Killed under load", title_justify="left")
    table.add_column("")
    for outcome in outcomes:
        table.add_column(f"{outcome.victim} killed", justify="right")
    kinds = ("lost", "duplicate", "order", "answer", "tracker", "trial")
    rows: dict[str, list[str]] = {
        "conversations": [str(outcome.conversations) for outcome in outcomes],
        "messages": [str(outcome.messages) for outcome in outcomes],
        "seconds": [f"{outcome.seconds:.1f}" for outcome in outcomes],
        "kills (s: after answers)": [
            "\n".join(f"{kill.at_seconds:.1f}: {kill.after_answers}" for kill in outcome.kills)
            for outcome in outcomes
        ],
        "requests sent again": [str(outcome.retries) for outcome in outcomes],
        "longest wait for an answer, s": [f"{outcome.longest_wait:.1f}" for outcome in outcomes],
        **{
            f"faults: {kind}": [
                str(sum(fault.kind == kind for fault in outcome.faults)) for outcome in outcomes
            ]
            for kind in kinds
        },
        **{
            f"left over: {name}": [str(outcome.left_over[name]) for outcome in outcomes]
            for name in outcomes[0].left_over
        },
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _save(outcomes: list[Outcome], seed: int) -> Path:
    RESULTS.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc)
    data: dict[str, Any] = {
        "schema": 1,
        "measured_at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "machine": machine.facts(ROOT),
        "outcomes": [{**asdict(outcome), "clean": outcome.clean} for outcome in outcomes],
    }
    path = RESULTS / f"chaos-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    typer.run(main)
