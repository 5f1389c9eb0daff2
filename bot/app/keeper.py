"""One part's process: started, watched, started again after a crash, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_exponential,
)

from bot.app.parts import EXIT_SETTINGS, EXIT_UNUSABLE, Launch, Limits, Part, Report
from bot.errors import FlerkanalError, PartFailed

_MAX_LINE_BYTES = 65_536
_TAIL_LINES = 25
_HOPELESS = {
    EXIT_SETTINGS: "refused its settings",
    EXIT_UNUSABLE: "can't work with what it found",
}


class _Crashed(Exception):
    """A process ended without being told to."""

    def __init__(self, code: int, tail: Sequence[str]) -> None:
        self.code = code
        self.tail = tail
        super().__init__(_ended(code))


class Keeper:
    """Keeps one part running. `ready` is set while the part serves."""

    def __init__(self, part: Part, on_line: Report, on_event: Report, limits: Limits) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self._on_line = on_line
        self._on_event = on_event
        self._limits = limits
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._killed = False
        self._crashes_before_ready = 0
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    async def keep(self) -> None:
        """Keep the part running until `stop` or `kill`. Raises PartFailed."""
        try:
            while not self._stopping.is_set():
                await self._run_while_stable()
        except _Crashed as crash:
            if not self._stopping.is_set():
                raise self._failure(crash) from None
        except OSError as error:
            raise PartFailed(self.part.name, f"can't be started: {error}", ()) from error
        finally:
            self._finished.set()

    async def stop(self) -> None:
        """Ask the process to end, and end it where it does not in the part's `stop_seconds`."""
        self._stopping.set()
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
        try:
            await asyncio.wait_for(self._finished.wait(), self.part.stop_seconds)
        except asyncio.TimeoutError:
            self._on_event(
                self.part.name, f"did not stop in {self.part.stop_seconds:.0f} s: killed"
            )
            self.kill()
            await self._finished.wait()

    def kill(self) -> None:
        """End the process, and what it started in turn, at once."""
        self._stopping.set()
        self._killed = True
        self._kill_process()

    async def _run_while_stable(self) -> None:
        starts = AsyncRetrying(
            retry=retry_if_exception_type(_Crashed),
            wait=wait_exponential(
                multiplier=self._limits.first_pause, max=self._limits.longest_pause
            ),
            stop=self._gives_up,
            sleep=self._pause,
            before_sleep=self._tell_of_restart,
            reraise=True,
        )
        await starts(self._run_once)

    def _kill_process(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _run_once(self) -> None:
        """One start, until the process ends. Raises _Crashed; returns after a long good run."""
        if self._stopping.is_set():
            return
        launch = self.part.launch()
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._tail.clear()
        process = await asyncio.create_subprocess_exec(
            *launch.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **self.part.env},
            # Ctrl-C in the terminal is for the supervisor, which stops its parts in order.
            start_new_session=True,
        )
        self._process = process
        if self._killed:
            self._kill_process()
        elif self._stopping.is_set():
            process.terminate()
        relay = asyncio.create_task(self._relay(process))
        watch = asyncio.create_task(self._await_ready(launch))
        try:
            code = await process.wait()
        finally:
            watch.cancel()
        # What it started in turn may hold the pipe open for ever.
        await asyncio.wait({relay, watch}, timeout=1.0)
        relay.cancel()
        if launch.after_exit is not None:
            await self._clean_up(launch.after_exit)
        if self._stopping.is_set():
            return
        was_ready = self.ready.is_set()
        self.ready.clear()
        self._crashes_before_ready = 0 if was_ready else self._crashes_before_ready + 1
        if not was_ready or loop.time() - began < self._limits.stable_after:
            raise _Crashed(code, self._last_lines())
        self._on_event(self.part.name, f"{_ended(code)}: starts again")

    async def _await_ready(self, launch: Launch) -> None:
        try:
            await launch.ready()
        except (FlerkanalError, OSError) as error:
            self._on_event(self.part.name, f"did not become ready, killed: {error}")
            self._kill_process()
            return
        self.ready.set()

    async def _clean_up(self, after_exit: Callable[[], Awaitable[None]]) -> None:
        try:
            await asyncio.wait_for(after_exit(), timeout=5.0)
        except (FlerkanalError, OSError, asyncio.TimeoutError) as error:
            self._on_event(self.part.name, f"could not be cleaned up after: {error}")

    async def _relay(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        pending = b""
        while chunk := await process.stdout.read(_MAX_LINE_BYTES):
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) > _MAX_LINE_BYTES:
                lines.append(pending)
                pending = b""
            for line in lines:
                self._print(line)
        if pending:
            self._print(pending)

    def _print(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if text:
            self._tail.append(text)
            self._on_line(self.part.name, text)

    def _last_lines(self) -> list[str]:
        if self.part.log_file is not None and not self._tail:
            with suppress(OSError):
                return self.part.log_file.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return list(self._tail)

    def _gives_up(self, state: RetryCallState) -> bool:
        assert state.outcome is not None
        crash = state.outcome.exception()
        assert isinstance(crash, _Crashed)
        return (
            self._stopping.is_set()
            or crash.code in _HOPELESS
            or self._crashes_before_ready >= self._limits.crashes_before_ready
        )

    async def _pause(self, seconds: float) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _tell_of_restart(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        pause = state.next_action.sleep if state.next_action else 0.0
        self._on_event(
            self.part.name, f"{state.outcome.exception()}: starts again in {pause:.1f} s"
        )

    def _failure(self, crash: _Crashed) -> PartFailed:
        if crash.code in _HOPELESS:
            return PartFailed(self.part.name, _HOPELESS[crash.code], crash.tail)
        return PartFailed(
            self.part.name,
            f"{crash} {self._crashes_before_ready} times before it was ready",
            crash.tail,
        )


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
