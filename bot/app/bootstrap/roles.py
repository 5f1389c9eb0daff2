"""The roles: each waits for its stores, works until it is told to stop, and closes what it opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.app.bootstrap.gateway import build_gateway
from bot.app.bootstrap.pipeline import build_sender, build_worker, load_engine, push_channels
from bot.app.bootstrap.stores import close, prepare_stores, redis_url
from bot.app.gateway import Address, serve_gateway
from bot.app.platforms import platforms
from bot.app.signals import stop_on_signals
from bot.pipeline.redis_streams.client import connect
from bot.settings import Settings


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
    """The sender role: delivers to the channels that must be called, until SIGTERM or SIGINT.

    `holder` is this start's unique name. Raises SettingsError, LayoutMismatch, StorageUnavailable.
    """
    with stop_on_signals() as stop:
        await prepare_stores(settings)
        redis = connect(redis_url(settings))
        channels = push_channels(settings, redis)
        try:
            await build_sender(settings, redis, holder, channels).run(stop)
        finally:
            for channel in channels.values():
                await channel.close()
            await close(redis)
