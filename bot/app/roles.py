"""Flerkanal's roles as parts to supervise: how each is started, and when it is ready."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping

import httpx
from tenacity import AsyncRetrying, RetryError, retry_if_result, stop_after_delay, wait_fixed

from bot.app.gateway import Address
from bot.app.parts import Launch, Part
from bot.child_process import tethered
from bot.errors import PartFailed, StorageUnavailable
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.heartbeats import Heartbeats
from bot.pipeline.redis_streams.layout import Layout, Role
from bot.pipeline.redis_streams.leases import release_holder
from bot.settings import Settings

_POLL_SECONDS = 0.1
# A role that has not become ready by then hangs. Loading a large model on a slow disk may take long.
_READY_SECONDS = 300.0


def new_holder() -> str:
    """A name that no other start of a process has: `<host>-<pid>-<random>`."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


class Roles:
    """Makes the parts. `env` is what the children get on top of this process's environment."""

    def __init__(self, settings: Settings, redis: Redis, env: Mapping[str, str]) -> None:
        self._settings = settings
        self._redis = redis
        self._env = env

    def gateway(self, address: Address) -> Part:
        """The edge, at `address`."""

        async def ready() -> None:
            async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
                await _poll(lambda: _answers(client, f"{address.url}/healthz"))

        return Part(
            name="gateway",
            launch=lambda: Launch(self._command("gateway"), ready),
            stop_order=1,
            stop_seconds=30.0,
            env=self._env,
        )

    def worker(self, number: int) -> Part:
        """One of the workers; numbered from 1."""
        name = "worker" if self._settings.workers == 1 else f"worker-{number}"
        return self._queue_reader(name, "worker", "inbox", stop_order=2)

    def sender(self) -> Part:
        """What delivers to the platforms."""
        return self._queue_reader("sender", "sender", "outbox", stop_order=3)

    def _queue_reader(self, name: str, command: str, role: Role, stop_order: int) -> Part:
        heartbeats = Heartbeats(self._redis, role, self._settings.lease_seconds)
        layout = Layout(self._settings.partitions)

        def launch() -> Launch:
            holder = new_holder()

            async def beats() -> bool:
                try:
                    return holder in await heartbeats.alive()
                except StorageUnavailable:
                    return False

            async def free_leases() -> None:
                await release_holder(self._redis, layout, holder)

            return Launch(
                self._command(command, "--holder", holder),
                ready=lambda: _poll(beats),
                after_exit=free_leases,
            )

        return Part(
            name=name, launch=launch, stop_order=stop_order, stop_seconds=30.0, env=self._env
        )

    def _command(self, *arguments: str) -> list[str]:
        return tethered([sys.executable, "-m", "bot.cli", *arguments])


async def wait_answering(url: str) -> None:
    """Returns once `url`/readyz answers 200: a customer would get an answer now.

    Raises PartFailed after five minutes, with what was missing.
    """
    missing = ""

    async def is_ready() -> bool:
        nonlocal missing
        try:
            response = await client.get(f"{url}/readyz")
        except httpx.HTTPError as error:
            missing = str(error)
            return False
        missing = response.text
        return response.status_code == 200

    async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
        try:
            await _poll(is_ready)
        except StorageUnavailable as error:
            raise PartFailed("the bot", f"is {error}, though its parts run: {missing}", ()) from (
                error
            )


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


async def _poll(is_so: Callable[[], Awaitable[bool]]) -> None:
    polling = AsyncRetrying(
        retry=retry_if_result(lambda so: not so),
        wait=wait_fixed(_POLL_SECONDS),
        stop=stop_after_delay(_READY_SECONDS),
    )

    # tenacity awaits what it knows to be a coroutine function, which a lambda is not.
    async def ask() -> bool:
        return await is_so()

    try:
        await polling(ask)
    except RetryError:
        raise StorageUnavailable(f"not ready after {_READY_SECONDS:.0f} s") from None
