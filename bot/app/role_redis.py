"""Redis for a role that is run apart: REDIS_URL, else this folder's embedded server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from tenacity import AsyncRetrying, RetryError, retry_if_result, stop_after_delay, wait_fixed

from bot.app.parts import Launch, Part
from bot.app.supervisor import Supervisor
from bot.errors import EmbeddedServerTaken, StorageUnavailable
from bot.pipeline.embedded_server import EmbeddedServer, is_serving
from bot.settings import Settings

logger = structlog.get_logger(__name__)

_OWNER_SECONDS = 30.0


def server_part(server: EmbeddedServer) -> Part:
    """The embedded server as a part to supervise. `server` must have been acquired."""
    return Part(
        name="redis",
        launch=lambda: Launch(server.command(), ready=server.wait_ready),
        stop_order=9,
        stop_seconds=20.0,
        log_file=server.log_file,
    )


@asynccontextmanager
async def role_redis(settings: Settings) -> AsyncIterator[Settings]:
    """The settings with `redis_url` set to a Redis that answers.

    Where REDIS_URL is absent: the server that another process of this folder runs, else a server
    that this process runs until the block is left, restarted where it crashes. Raises PartFailed,
    and StorageUnavailable where the other process's server does not answer in 30 s.
    """
    if settings.redis_url is not None:
        yield settings
        return
    server = EmbeddedServer(settings.var_dir)
    try:
        server.acquire()
    except EmbeddedServerTaken as taken:
        url = await _owners_url(server, taken)
        logger.info("embedded_redis_shared", owner=taken.pid)
        yield settings.copy(update={"redis_url": url})
        return
    supervisor = Supervisor(_log_line, _log_event)
    try:
        await supervisor.start([server_part(server)])
        logger.info("embedded_redis_started", data=str(server.directory))
        yield settings.copy(update={"redis_url": server.url})
    finally:
        await supervisor.stop()
        server.release()


async def _owners_url(server: EmbeddedServer, taken: EmbeddedServerTaken) -> str:
    async def ask() -> str | None:
        owner = server.owner()
        return owner.url if owner is not None and await is_serving(owner.url) else None

    asking = AsyncRetrying(
        retry=retry_if_result(lambda url: url is None),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_OWNER_SECONDS),
    )
    try:
        url: str | None = await asking(ask)
    except RetryError:
        raise StorageUnavailable(
            f"process {taken.pid} runs the embedded Redis, but that does not answer: "
            f"see {server.log_file}"
        ) from None
    assert url is not None
    return url


def _log_line(part: str, line: str) -> None:
    logger.info("embedded_redis_said", part=part, line=line)


def _log_event(part: str, event: str) -> None:
    logger.warning("embedded_redis", part=part, what=event)
