"""The platforms as processes of their own: recording servers that fail on purpose, and their logs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.channels_audit import Limit
from bench.errors import BenchError
from bench.processes import Server, free_port, wait_for_port
from bench.training import QUIET
from tests.channels.base import PlatformUnderTest
from tests.channels.messenger import MessengerUnderTest
from tests.channels.slack import SlackUnderTest
from tests.channels.telegram import TelegramUnderTest
from tests.recording.slack import TEAM

START_LIMIT = 60.0
# Slack leaves it at "several hundred"; more than that, and the trial is not all about Slack.
SLACK_PER_MINUTE = 600


@dataclass(frozen=True)
class Kind:
    """A platform. `shows` are the methods that put a message before the customer.

    `limits` are what it documents, `address` and `mark` read a call's arguments: whom it is for, and what tells it from others
    there: the delivery's key where the platform carries one, else the words. `tells`: the platform
    has some means to know whether a call that was cut off was made.
    """

    name: str
    make: Callable[[], PlatformUnderTest[Any]]
    shows: frozenset[str]
    address: Callable[[Mapping[str, Any]], str]
    mark: Callable[[Mapping[str, Any]], str]
    tells: bool
    limits: Sequence[Limit]
    options: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


KINDS = (
    Kind(
        "slack",
        SlackUnderTest,
        frozenset({"chat.postMessage"}),
        lambda arguments: f"{TEAM}/{arguments['channel']}",
        lambda arguments: str(arguments["metadata"]["event_payload"]["key"]),
        tells=True,
        limits=(
            Limit("1 a second in a chat", 1, 1.0, per_chat=True),
            Limit(f"{SLACK_PER_MINUTE} a minute over all", SLACK_PER_MINUTE, 60.0, per_chat=False),
        ),
        options=("--per-minute", str(SLACK_PER_MINUTE)),
        environ={"SLACK_MESSAGES_PER_MINUTE": str(SLACK_PER_MINUTE)},
    ),
    Kind(
        "telegram",
        TelegramUnderTest,
        frozenset({"sendMessage", "sendPhoto", "sendDocument"}),
        lambda arguments: str(arguments["chat_id"]),
        lambda arguments: str(arguments.get("text") or arguments.get("caption")),
        tells=False,
        limits=(
            Limit("1 a second in a chat", 1, 1.0, per_chat=True),
            Limit("30 a second over all", 30, 1.0, per_chat=False),
        ),
    ),
    Kind(
        "messenger",
        MessengerUnderTest,
        frozenset({"message"}),
        lambda arguments: str(arguments["recipient"]["id"]),
        lambda arguments: str(arguments["message"]["metadata"]),
        tells=True,
        limits=(Limit("300 a second over all", 300, 1.0, per_chat=False),),
    ),
)


@dataclass(frozen=True)
class Faults:
    """For which share of the calls something goes wrong, and by which seed."""

    share: float
    seed: int


class Platform:
    """One of them, running. Its log is read while it grows.

    `taken` are the calls that had an effect and were shown to somebody, by address, in order.
    """

    def __init__(self, kind: Kind, server: Server, port: int, log: Path) -> None:
        self.kind = kind
        self.server = server
        self.customers = kind.make()
        recording = self.customers.platform
        assert recording is not None
        recording.url = f"http://127.0.0.1:{port}"
        self.calls: list[dict[str, Any]] = []
        self.taken: dict[str, list[dict[str, Any]]] = {}
        self.arrived = asyncio.Condition()
        self._log = log
        self._read = 0

    @property
    def environ(self) -> dict[str, str]:
        """What Flerkanal's processes need to use it."""
        settings = {name.upper(): str(value) for name, value in self.customers.settings.items()}
        return {**settings, **self.kind.environ}

    @property
    def faults(self) -> Counter[str]:
        """How often what went wrong."""
        return Counter(call["fault"] for call in self.calls if call["fault"])

    async def follow(self) -> None:
        """Read the log until cancelled."""
        while True:
            self.server.check_alive()
            if self.read():
                async with self.arrived:
                    self.arrived.notify_all()
            await asyncio.sleep(0.05)

    def read(self) -> bool:
        """Take in what is new in the log; whether there was anything."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            lines = log.read().splitlines(keepends=True)
        complete = [line for line in lines if line.endswith(b"\n")]
        for line in complete:
            call = json.loads(line)
            self.calls.append(call)
            if call["taken"] and call["method"] in self.kind.shows:
                address = self.kind.address(call["arguments"])
                self.taken.setdefault(address, []).append(call)
        self._read += sum(map(len, complete))
        return bool(complete)


@asynccontextmanager
async def platforms(
    root: Path, run_dir: Path, gateway_port: int, faults: Faults
) -> AsyncIterator[list[Platform]]:
    """All of them. Raises BenchError where one does not start."""
    run_dir.mkdir(parents=True, exist_ok=True)
    started: list[Platform] = []
    try:
        for number, kind in enumerate(KINDS):
            port, log = free_port(), run_dir / f"{kind.name}.jsonl"
            log.touch()
            options = ["--port", str(port), "--log", str(log), *kind.options]
            options += ["--share", str(faults.share), "--seed", str(faults.seed + number)]
            if kind.name == "messenger":
                webhook = f"http://127.0.0.1:{gateway_port}/webhooks/messenger/webhook"
                options += ["--webhook", webhook]
            server = Server.start(
                kind.name,
                [sys.executable, "-m", f"tests.recording.{kind.name}", *options],
                QUIET,
                root,
                run_dir / f"{kind.name}.log",
            )
            started.append(Platform(kind, server, port, log))
            await wait_for_port(server, port, START_LIMIT)
        yield started
    finally:
        for platform in started:
            await platform.server.stop()


def named(name: str) -> Kind:
    """Raises BenchError where there is none of that name."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise BenchError(f"no such platform: {name}; there are {', '.join(k.name for k in KINDS)}")
