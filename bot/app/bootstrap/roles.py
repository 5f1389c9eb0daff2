"""The roles: each waits for its stores, works until it is told to stop, and closes what it opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from bot.app.bootstrap.desk import build_desk, build_keeper
from bot.app.bootstrap.gateway import build_gateway
from bot.app.bootstrap.pipeline import (
    build_sender,
    build_worker,
    desk_channels,
    load_engine,
    push_channels,
)
from bot.app.bootstrap.stores import close, prepare_stores, redis_url
from bot.app.gateway import Address, serve_gateway
from bot.app.platforms import platforms
from bot.app.signals import stop_on_signals
from bot.handoff.clock import DeskClock
from bot.pipeline.redis_streams.client import connect
from bot.record.database import Database, open_engine
from bot.settings import Settings
from bot.tasks import cancel


async def run_gateway(
    settings: Settings, on_ready: Callable[[Address], None] | None = None
) -> None:
    """The gateway role: waits for its stores, then serves until SIGTERM or SIGINT.

    Raises SettingsError, LayoutMismatch, StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        gateway = build_gateway(settings)
        await serve_gateway(gateway, settings.host, settings.port, stop=stop, on_ready=on_ready)


async def run_worker(settings: Settings, holder: str) -> None:
    """The worker role: loads the model, then takes turns until SIGTERM or SIGINT.

    `holder` is this start's unique name. Raises ModelNotFound, SettingsError, LayoutMismatch,
    StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        # Loading takes seconds, and a signal must not wait for it.
        loading = asyncio.create_task(asyncio.to_thread(load_engine, settings))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({loading, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if stop.is_set():
            return
        engine = loading.result()
        redis = connect(redis_url(settings))
        try:
            await engine.prepare()
            await build_worker(settings, redis, engine, holder, platforms(settings)).run(stop)
        finally:
            engine.close()
            await close(redis)


async def run_sender(settings: Settings, holder: str) -> None:
    """The sender role: delivers to the channels that must be called, keeps the journal in the
    record and runs the desk's clock, until SIGTERM or SIGINT.

    `holder` is this start's unique name. Raises SettingsError, LayoutMismatch, StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        async with AsyncExitStack() as resources:
            redis = connect(redis_url(settings))
            resources.push_async_callback(close, redis)
            database = Database(open_engine(settings.database_dsn))
            resources.callback(database.close)
            channels = {
                **push_channels(settings, redis),
                **desk_channels(settings, redis, database),
            }
            for channel in channels.values():
                resources.push_async_callback(channel.close)
            desk = build_desk(settings, redis, database)
            consumers = [
                build_sender(settings, redis, holder, channels),
                build_keeper(settings, redis, database, desk, holder),
            ]
            clock = asyncio.create_task(DeskClock(desk).run())
            reading = [asyncio.create_task(consumer.run(stop)) for consumer in consumers]
            try:
                # One that fails stops the other: the supervisor starts both again.
                await asyncio.wait([clock, *reading], return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.set()
                await asyncio.wait(reading)
                await cancel([clock])
            for task in [clock, *reading]:
                if not task.cancelled():
                    task.result()
