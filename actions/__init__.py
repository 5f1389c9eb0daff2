"""The demo company's custom actions, run in the worker or by a rasa-sdk action server.

Actions speak only through responses of `domain.yml`: no text that a customer reads stands here.
"""

from __future__ import annotations


async def prepare() -> None:
    """Make ready what the actions work with; the worker calls this before its first turn.

    Raises SettingsError where the settings can't be right, OrdersUnavailable where the order
    system does not answer now.
    """
    from actions.orders.provider import current_store

    await current_store.get().prepare()


def close() -> None:
    """Close what the actions work with; the worker calls this after its last turn."""
    from actions.orders.provider import current_store

    current_store.close()
