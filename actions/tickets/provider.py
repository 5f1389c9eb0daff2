"""The one ticket desk of this process, as the settings have it.

rasa-sdk makes the action objects itself, without arguments, so that they have to ask somewhere for
what they work with. It is built at the first call, from the settings.
"""

from __future__ import annotations

import threading

from actions.tickets.desk import TicketDesk
from actions.tickets.sql_desk import SqlTicketDesk
from actions.tickets.zammad import DEFAULT_GROUP, ZammadDesk
from actions.tickets.zendesk import ZendeskDesk
from bot.settings import Settings, load_settings

# An action must have answered before ACTION_TIMEOUT ends it.
_SHARE_OF_ACTION = 0.8


def build_desk(settings: Settings) -> TicketDesk:
    """The desk that TICKETS_SYSTEM names, else the embedded one. Opens nothing.

    Raises SettingsError where the settings name no usable database.
    """
    limit = min(settings.tickets_timeout, _SHARE_OF_ACTION * settings.action_timeout)
    url, token, group = settings.tickets_api_url, settings.tickets_api_token, settings.tickets_group
    if settings.tickets_system is None or url is None or token is None:
        return SqlTicketDesk(settings.database_dsn, limit=limit)
    secret = token.get_secret_value()
    if settings.tickets_system == "zammad":
        return ZammadDesk(url, secret, group=group or DEFAULT_GROUP, limit=limit)
    return ZendeskDesk(url, secret, group=int(group) if group else None, limit=limit)


class DeskProvider:
    """Holds a desk, and builds one from the settings where none was put in. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._desk: TicketDesk | None = None

    def get(self) -> TicketDesk:
        """The desk. Raises SettingsError where the settings name no usable database."""
        with self._lock:
            if self._desk is None:
                self._desk = build_desk(load_settings())
            return self._desk

    def put(self, desk: TicketDesk) -> None:
        """Hold `desk` from now on. The one before is not closed: whoever built it does that."""
        with self._lock:
            self._desk = desk

    def close(self) -> None:
        """Close the desk that is held, if any; the next `get` builds another."""
        with self._lock:
            desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()


current_desk = DeskProvider()
