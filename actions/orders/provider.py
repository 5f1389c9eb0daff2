"""The one order store of this process.

rasa-sdk makes the action objects itself, without arguments, so that they have to ask somewhere for
what they work with. It is built at the first call, from the settings.
"""

from __future__ import annotations

import threading

from actions.orders.sql_store import SqlOrderStore
from actions.orders.store import OrderStore
from bot.settings import load_settings


class StoreProvider:
    """Holds a store, and builds one from the settings where none was put in. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: OrderStore | None = None

    def get(self) -> OrderStore:
        """The store. Raises SettingsError where the settings name no usable database."""
        with self._lock:
            if self._store is None:
                settings = load_settings()
                self._store = SqlOrderStore(settings.orders_dsn, limit=settings.orders_timeout)
            return self._store

    def put(self, store: OrderStore) -> None:
        """Hold `store` from now on. The one before is not closed: whoever built it does that."""
        with self._lock:
            self._store = store

    def close(self) -> None:
        """Close the store that is held, if any; the next `get` builds another."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()


current_store = StoreProvider()
