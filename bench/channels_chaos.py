"""`python -m bench.channels_chaos`: three platforms that fail, while workers and senders are killed.

Ends with 1 where an answer was lost, out of order, or twice although the platform has means to know
of a call that was cut off, or where a platform's rates were broken.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.alone import alone
from bench.answers import AnswerBook
from bench.assassin import Assassin
from bench.audit import Fault
from bench.channels_audit import broken, compare, expected_marks, received
from bench.channels_customers import Customers
from bench.channels_outcome import ChannelOutcome, Outcome, save, table
from bench.conversations import ORDER_CONVERSATIONS
from bench.errors import BenchError
from bench.platforms import Faults, Platform, platforms
from bench.processes import free_port
from bench.sides import flerkanal_model
from bench.storage import Storage
from bench.variants import OURS, Side, flerkanal
from bot.app.bootstrap.pipeline import push_channels
from bot.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "bench"
# How long the rest may take once all events were taken, in seconds.
DRAIN = 240.0
# Which share of the events comes by which platform: in step with how fast it takes the answers.
SHARES = {"slack": 0.15, "telegram": 0.45, "messenger": 0.40}
AT_ONCE = {"slack": 40, "telegram": 120, "messenger": 80}


def main(
    events: Annotated[
        int, typer.Option(help="Messages of customers, over all platforms.")
    ] = 10_000,
    kills: Annotated[int, typer.Option(help="Of workers, and as many of senders.")] = 8,
    share: Annotated[float, typer.Option(help="Of the platforms' calls that go wrong.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Of the moments; 0: a new one.")] = 0,
) -> None:
    """Customers on Slack, Telegram and Messenger, over recording servers that fail on purpose."""
    console = Console()
    seed = seed or random.SystemRandom().randrange(1, 1_000_000)
    console.print(f"seed {seed}", highlight=False)
    try:
        _check(events, kills, share)
        with alone(WORK):
            model = flerkanal_model(ROOT, WORK, lambda text: console.print(text, highlight=False))
            trial = Trial(Side(OURS, "Flerkanal", model), events, kills, share, seed)
            outcome = uvloop.run(trial.run(console))
    except BenchError as error:
        console.print("The trial stopped:", str(error), style="red", highlight=False)
        raise typer.Exit(2) from error
    console.print(table(outcome))
    for channel in outcome.channels:
        for fault in channel.faults[:20]:
            console.print(f"{fault.kind}: {fault.conversation}: {fault.what}", style="red")
    path = save(outcome, seed, ROOT)
    console.print(f"JSON: {path}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if outcome.clean else 1)


def _check(events: int, kills: int, share: float) -> None:
    if events < 60 or kills < 0 or not 0 <= share < 1:
        raise BenchError("events: 60 or more; kills: 0 or more; share: from 0 to below 1")


class Trial:
    """One `flerkanal up` between three platforms."""

    def __init__(self, side: Side, events: int, kills: int, share: float, seed: int) -> None:
        self._side = side
        self._kills = kills
        self._faults = Faults(share, seed)
        self._chance = random.Random(seed)
        self._steps = len(ORDER_CONVERSATIONS[0].steps)
        self._conversations = {
            name: max(1, round(events * part / self._steps)) for name, part in SHARES.items()
        }
        self._events = sum(self._conversations.values()) * self._steps
        self._sent = 0

    async def run(self, console: Console) -> Outcome:
        """Everything, from the start of the processes to the audit."""
        book = AnswerBook.of_domain(ROOT / "domain.yml")
        run_dir = WORK / "runs" / f"{int(time.time())}-channels"
        port = free_port()
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(
                platforms(ROOT, run_dir / "platforms", port, self._faults)
            )
            environ = {"PORT": str(port)}
            for platform in running:
                environ |= platform.environ
            up = await stack.enter_async_context(
                flerkanal(self._side, ROOT, run_dir, book, environ)
            )
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=up.base_url, timeout=30, trust_env=False)
            )
            following = [asyncio.create_task(platform.follow()) for platform in running]
            assassins = [
                Assassin(up.server, role, self._kills, self._events, self._chance)
                for role in ("worker", "sender")
            ]
            killing = [asyncio.create_task(each.run(lambda: self._sent)) for each in assassins]
            began = time.perf_counter()
            try:
                held = await self._hold(console, client, running)
                async with Storage.of(run_dir) as storage:
                    left_over = await self._drain(storage)
                    seconds = time.perf_counter() - began
                    for platform in running:
                        platform.read()
                    channels = [await self._audit(storage, each) for each in held]
            finally:
                for task in (*killing, *following):
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
        kills = [kill for assassin in assassins for kill in assassin.killed]
        return Outcome(round(seconds, 1), kills, left_over, channels)

    async def _hold(
        self, console: Console, client: httpx.AsyncClient, running: Sequence[Platform]
    ) -> list[tuple[Platform, Customers]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            task = progress.add_task("events taken", total=self._events)

            def sent() -> None:
                self._sent += 1
                progress.update(task, completed=self._sent)

            held = [
                (platform, Customers(client, platform, ORDER_CONVERSATIONS, self._chance, sent))
                for platform in running
            ]
            await asyncio.gather(
                *(
                    customers.hold(
                        self._conversations[platform.kind.name], AT_ONCE[platform.kind.name]
                    )
                    for platform, customers in held
                )
            )
        return held

    async def _drain(self, storage: Storage) -> dict[str, int]:
        deadline = time.monotonic() + DRAIN
        while True:
            left_over = await storage.left_over()
            if not left_over["unfinished entries"] or time.monotonic() > deadline:
                return left_over
            await asyncio.sleep(0.5)

    async def _audit(self, storage: Storage, held: tuple[Platform, Customers]) -> ChannelOutcome:
        platform, customers = held
        kind = platform.kind
        settings = load_settings(_env_file=None, **platform.customers.settings)
        channels = push_channels(settings, storage.redis)
        channel = channels[kind.name]
        answers = twice = 0
        faults: list[Fault] = []
        for chat in customers.chats:
            transcript = await storage.transcript(chat.conversation)
            faults += received(transcript, chat.event_ids, chat.conversation)
            expected = expected_marks(
                channel,
                transcript,
                chat.address,
                chat.conversation,
                chat.script.language,
                by_key=kind.tells,
            )
            taken = [kind.mark(call["arguments"]) for call in platform.taken.get(chat.address, ())]
            delivered = compare(expected, taken, chat.conversation)
            answers += delivered.expected
            twice += delivered.twice
            faults += delivered.faults
        for each in channels.values():
            await each.close()
        return ChannelOutcome(
            channel=kind.name,
            conversations=len(customers.chats),
            events=sum(len(chat.event_ids) for chat in customers.chats),
            events_again=customers.posts.again,
            events_repeated=customers.posts.repeated,
            webhook_p99=round(1_000 * float(np.percentile(customers.posts.seconds, 99)), 1),
            answers=answers,
            calls=len(platform.calls),
            calls_failed=dict(platform.faults),
            twice=twice,
            twice_allowed=not kind.tells,
            rates_broken=broken(kind.limits, platform.taken),
            faults=faults,
        )


if __name__ == "__main__":
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    typer.run(main)
