"""The demo company's custom actions, run in the worker or by a rasa-sdk action server.

Actions speak only through responses of `domain.yml`: no text that a customer reads stands here.
"""

from __future__ import annotations

import asyncio


async def prepare() -> None:
    """Make ready what the actions work with; the worker calls this before its first turn.

    Raises SettingsError where the settings can't be right, OrdersUnavailable or TicketsUnavailable
    where a system does not answer now; the other one is made ready all the same.
    """
    from actions.orders.provider import current_store
    from actions.tickets.provider import current_desk

    store, desk = current_store.get(), current_desk.get()
    results = await asyncio.gather(store.prepare(), desk.prepare(), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


def close() -> None:
    """Close what the actions work with; the worker calls this after its last turn."""
    from actions.orders.provider import current_store
    from actions.tickets.provider import current_desk

    current_store.close()
    current_desk.close()
