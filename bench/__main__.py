"""`python -m bench`: stock Rasa and Flerkanal side by side, on this machine, now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from bench import machine, plots, screen
from bench.alone import alone
from bench.errors import BenchError
from bench.results import SCHEMA, Visit, growth_figures, ratios, save, visit_figures
from bench.sides import sides
from bench.suite import Plan, Suite
from bench.training import DEFAULT_EPOCHS
from bench.variants import OURS, STOCK_PROJECT, Side

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "bench"
RESULTS = ROOT / "bench" / "results"
EARLY_TURN = 10
MARKS = (10, 50, 100, 200, 300, 400)
FULL = Plan()
QUICK = Plan(rounds=1, seconds=4.0, warmup=1.0, min_messages=60, turns=120, growth_limit=45.0)


def main(
    quick: Annotated[bool, typer.Option(help="A smoke run of under 4 minutes.")] = False,
    clients: Annotated[str, typer.Option(help="Customers at once, with commas.")] = "1,8,32",
    rounds: Annotated[int, typer.Option(help="Of all sides in turn; 0: 2, or 1 if quick.")] = 0,
    seconds: Annotated[float, typer.Option(help="Of a load run; 0: 15, or 4 if quick.")] = 0,
    turns: Annotated[int, typer.Option(help="Of the growing one; 0: 500, or 120 if quick.")] = 0,
    growth_limit: Annotated[
        float, typer.Option(help="Seconds for the growing one; 0: 240, or 45 if quick.")
    ] = 0,
    growth_everywhere: Annotated[
        bool, typer.Option(help="One grows on stock Rasa with this project's pipeline too.")
    ] = False,
    only: Annotated[str, typer.Option(help="Of stock,stock-project,flerkanal; else all.")] = "",
    epochs: Annotated[int, typer.Option(help="Of stock Rasa's default pipeline.")] = DEFAULT_EPOCHS,
    training_limit: Annotated[
        float, typer.Option(help="Seconds; fewer epochs where training takes longer.")
    ] = 600.0,
) -> None:
    """Measure stock Rasa and Flerkanal in turn.

    Tables here, JSON and plots in bench/results. Ends with 1 where Flerkanal gave a wrong answer
    or none, with 2 where something could not be measured.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=110)

    def tell(text: str) -> None:
        console.print(
            f"{datetime.now().astimezone():%H:%M:%S} {text}", highlight=False, soft_wrap=True
        )

    base = QUICK if quick else FULL
    try:
        plan = Plan(
            clients=_numbers(clients),
            rounds=rounds or base.rounds,
            seconds=seconds or base.seconds,
            warmup=base.warmup,
            min_messages=base.min_messages,
            turns=turns or base.turns,
            growth_limit=growth_limit or base.growth_limit,
        )
        with alone(WORK):
            taking_part = sides(only, ROOT, WORK, epochs, training_limit, tell)
            growing = [
                side for side in taking_part if growth_everywhere or side.key != STOCK_PROJECT
            ]
            results, visits = uvloop.run(measure(plan, taking_part, growing, tell))
    except BenchError as error:
        console.print("The benchmark stopped:", str(error), style="red", highlight=False)
        raise typer.Exit(2) from error
    screen.show(console, taking_part, visits, results)
    stamp = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"
    console.print(f"JSON: {save(results, RESULTS, stamp)}", highlight=False, soft_wrap=True)
    for path in plots.plot(taking_part, visits, results["growth"], RESULTS):
        console.print(f"plot: {path}", highlight=False, soft_wrap=True)
    if _at_fault(visits, results["growth"]):
        console.print("Flerkanal gave wrong answers or none, see above.", style="red")
        raise typer.Exit(1)


async def measure(
    plan: Plan, taking_part: list[Side], growing: list[Side], tell: Callable[[str], None]
) -> tuple[dict[str, Any], list[Visit]]:
    """Run the plan. Returns the JSON-ready results, and the visits that they were made from."""
    facts = machine.facts(ROOT)
    if machine.is_busy():
        tell("other work runs on this machine: the figures will be rough, the ratios too")
    suite = Suite(ROOT, WORK, plan, tell)
    visits = await suite.compare(taking_part)
    marks = [*(mark for mark in MARKS if mark < plan.turns), plan.turns]
    growth = {
        side.key: growth_figures(await suite.grow(side), EARLY_TURN, marks) for side in growing
    }
    keys = [side.key for side in taking_part]
    return {
        "schema": SCHEMA,
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": facts,
        "plan": asdict(plan),
        "sides": {
            side.key: {"title": side.title, **asdict(side.model), "path": side.model.path.name}
            for side in taking_part
        },
        "visits": [visit_figures(visit) for visit in visits],
        "growth": growth,
        "ratios": {key: ratios(visits, OURS, key) for key in keys if OURS in keys and key != OURS},
    }, visits


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise BenchError(f"clients: {text!r} is not a list of numbers such as 1,8,32") from error


def _at_fault(visits: list[Visit], growth: dict[str, Any]) -> bool:
    points = [point for visit in visits if visit.side == OURS for point in visit.points]
    ours = growth.get(OURS, {"verdicts": {}})["verdicts"]
    wrong = sum(point.wrong + point.errors + point.other_language for point in points)
    return bool(wrong + ours.get("wrong", 0) + ours.get("other_language", 0))


if __name__ == "__main__":
    typer.run(main)
