"""The one order store of this process, built from the settings."""

from __future__ import annotations

from actions.orders.sql_store import SqlOrderStore
from actions.orders.store import OrderStore
from actions.provider import Provider
from bot.settings import load_settings


def _build_store() -> OrderStore:
    settings = load_settings()
    return SqlOrderStore(settings.orders_dsn, limit=settings.orders_timeout)


current_store: Provider[OrderStore] = Provider(_build_store)
