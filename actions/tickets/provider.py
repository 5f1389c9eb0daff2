"""The one ticket desk of this process, as the settings have it."""

from __future__ import annotations

from actions.provider import Provider
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


current_desk: Provider[TicketDesk] = Provider(lambda: build_desk(load_settings()))
