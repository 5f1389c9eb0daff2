"""All roles in one terminal: the embedded server, the gateway, the workers, the sender."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from bot.app.gateway import Address, bind
from bot.app.role_redis import server_part
from bot.app.roles import Roles, wait_answering
from bot.app.signals import stop_on_signals
from bot.app.supervisor import Supervisor
from bot.pipeline.embedded_server import EmbeddedServer
from bot.pipeline.redis_streams.client import connect
from bot.settings import Settings


def choose_address(settings: Settings) -> Address:
    """Where the gateway is going to listen: HOST and PORT, which are free, or a free port for 0.

    Raises SettingsError where they can't be had.
    """
    sockets = bind(settings.host, settings.port)
    port = sockets[0].getsockname()[1]
    for listening in sockets:
        listening.close()
    return Address(settings.host, port)


async def run_everything(
    settings: Settings,
    address: Address,
    server: EmbeddedServer | None,
    supervisor: Supervisor,
    *,
    log_format: str,
    on_ready: Callable[[], Awaitable[None]],
    on_stop: Callable[[], None],
) -> None:
    """Start all roles, call `on_ready` once a customer gets answers, keep them until a signal.

    `on_stop` is called when the signal has come.
    SIGTERM or SIGINT stops them in order, edge first; a second one ends this process at once, and
    its children with it. `server` is the acquired embedded server, None where REDIS_URL is set.
    Raises PartFailed after everything has been stopped.
    """
    url = settings.redis_url if server is None else server.url
    assert url is not None
    env = {
        "REDIS_URL": url,
        "HOST": address.host,
        "PORT": str(address.port),
        "LOG_FORMAT": log_format,
        "PYTHONUNBUFFERED": "1",
    }
    async with AsyncExitStack() as resources:
        redis = connect(url)
        resources.push_async_callback(redis.close, close_connection_pool=True)
        roles = Roles(settings, redis, env)

        async def run() -> None:
            if server is not None:
                await supervisor.start([server_part(server)])
            # One worker first, since it takes longest; the others would only slow it down.
            first, *others = [roles.worker(number) for number in range(1, settings.workers + 1)]
            await supervisor.start([first, roles.gateway(address), roles.sender()])
            kept = asyncio.create_task(supervisor.wait())
            answering = asyncio.create_task(wait_answering(address.url))
            try:
                await asyncio.wait({kept, answering}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    answering.result()
                    await on_ready()
                    await supervisor.start(others)
                    kept.cancel()
                    await supervisor.wait()
                await kept
            finally:
                kept.cancel()
                answering.cancel()

        with stop_on_signals() as stop:
            running = asyncio.create_task(run())
            stopping = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()
                on_stop()
            finally:
                running.cancel()
                stopping.cancel()
                await _stop(supervisor)


async def _stop(supervisor: Supervisor) -> None:
    try:
        await supervisor.stop()
    except BaseException:
        # A second Ctrl-C: whoever presses it twice does not want to wait.
        supervisor.kill()
        raise
