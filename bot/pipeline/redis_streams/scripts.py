"""The Lua scripts that make several writes one step. Each tells its keys and arguments itself."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

from bot.pipeline.redis_streams.client import Redis, storage_errors


class Script:
    """A script by its file's name in `lua/`; sent to the server once, then called by its digest."""

    def __init__(self, redis: Redis, name: str) -> None:
        source = (
            resources.files(__package__).joinpath("lua").joinpath(f"{name}.lua").read_text("utf-8")
        )
        self._script = redis.register_script(source)

    async def __call__(
        self, keys: Sequence[str], args: Sequence[str | bytes | int | float] = ()
    ) -> Any:
        """Run it. Raises StorageUnavailable."""
        with storage_errors():
            return await self._script(keys=list(keys), args=list(args))
