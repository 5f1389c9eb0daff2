"""Ending asyncio tasks for certain. Standard library only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks until all have ended; what they raised stays with them.

    Once is not enough: Python 3.10's wait_for, which the Redis client uses, may lose a
    cancellation (bpo-37658).
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=0.1)
