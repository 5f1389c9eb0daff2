"""A recording server as a program of its own: `python -m tests.recording.telegram --port 8081`.

Each call is a line of JSON in the log, written once the call is over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Literal

import uvloop

from tests.recording.server import (
    Fault,
    Faults,
    Received,
    RecordingPlatform,
    no_faults,
    serve,
    share_of_calls,
)

_KINDS: Mapping[str, Literal["busy", "error", "cut", "refused"]] = {
    "busy": "busy",
    "error": "error",
    "cut": "cut",
    "refused": "refused",
}


def options() -> argparse.ArgumentParser:
    """What every platform's program takes; add to it what only one does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log", type=Path, help="where to write each call as a line of JSON")
    parser.add_argument("--share", type=float, default=0.0, help="of the calls that go wrong")
    parser.add_argument("--kinds", default=",".join(_KINDS), help="what goes wrong, with commas")
    parser.add_argument("--retry-after", type=int, default=1, help="seconds, where it is busy")
    parser.add_argument("--seed", type=int, default=1, help="of the chance")
    return parser


def faults_of(chosen: argparse.Namespace) -> Faults:
    """The faults that the options ask for."""
    kinds = [kind.strip() for kind in chosen.kinds.split(",")]
    unknown = sorted(set(kinds) - set(_KINDS))
    if unknown:
        raise SystemExit(f"--kinds: {', '.join(unknown)}; there are {', '.join(_KINDS)}")
    faults = [Fault(_KINDS[kind], chosen.retry_after) for kind in kinds]
    return share_of_calls(chosen.share, faults, chosen.seed) if chosen.share else no_faults


def run(
    make: Callable[[argparse.Namespace], RecordingPlatform],
    arguments: Sequence[str] | None = None,
    parser: argparse.ArgumentParser | None = None,
) -> None:
    """Serve what `make` makes of the options, until SIGTERM or SIGINT; prints the address."""
    chosen = (parser or options()).parse_args(arguments)
    platform = make(chosen)
    platform.faults = faults_of(chosen)
    if chosen.log is None:
        uvloop.run(_serve(platform, chosen.port))
        return
    with chosen.log.open("a", encoding="utf-8") as log:
        platform.noted = _writer(log)
        uvloop.run(_serve(platform, chosen.port))


async def _serve(platform: RecordingPlatform, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(platform, port):
        sys.stdout.write(f"{platform.url}\n")
        sys.stdout.flush()
        await stop.wait()


def _writer(log: IO[str]) -> Callable[[Received], None]:
    def write(call: Received) -> None:
        line: dict[str, Any] = asdict(call)
        log.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        # Whoever reads the log while it grows must find whole lines.
        log.flush()

    return write
