"""What the command line and the doctor want of Messenger's side."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import SettingsError
from bot.settings import CHANNEL_SECRETS, Settings
from channels.messenger.graph import GraphApi
from channels.messenger.page import OwnPage, Page
from channels.messenger.profile import FIELDS, PARTS, missing_fields, profile, profile_gaps

_PATIENCE = 8.0


@dataclass(frozen=True)
class MessengerState:
    """`missing_fields` are events that nobody is subscribed to, None where the token may not ask
    for them; `profile_gaps` names parts of the profile that are not set.
    """

    page: Page
    missing_fields: Sequence[str] | None
    profile_gaps: Sequence[str]


def graph_api(settings: Settings, timeout: float = 10.0) -> GraphApi:
    """The Graph API with the settings' token. Raises SettingsError where Messenger is not set up."""
    token, secret = settings.messenger_page_token, settings.messenger_app_secret
    if token is None or secret is None:
        names = ", ".join(CHANNEL_SECRETS["messenger"]).upper()
        raise SettingsError([f"Messenger is not set up: set {names}"])
    return GraphApi(
        api_url=settings.messenger_api_url,
        page_token=token.get_secret_value(),
        app_secret=secret.get_secret_value(),
        timeout=timeout,
    )


async def look(settings: Settings) -> MessengerState:
    """How it stands. Raises SettingsError, and DeliveryError where the platform does not tell."""
    async with _calling(settings) as api:
        return await _look(api)


async def set_up(settings: Settings) -> MessengerState:
    """Subscribe the app to the page's events and set the page's profile; safe to do again.

    Returns how it stands after it. Raises as `look`.
    """
    async with _calling(settings) as api:
        await api.post("me/subscribed_apps", {"subscribed_fields": list(FIELDS)})
        await api.post("me/messenger_profile", profile())
        return await _look(api)


@contextlib.asynccontextmanager
async def _calling(settings: Settings) -> AsyncIterator[GraphApi]:
    api = graph_api(settings, _PATIENCE)
    try:
        yield api
    finally:
        await api.close()


async def _look(api: GraphApi) -> MessengerState:
    page = await OwnPage(api).get()
    apps: Mapping[str, Any] | None = await api.get_if_allowed("me/subscribed_apps")
    found = await api.get("me/messenger_profile", fields=",".join(PARTS))
    missing = None if apps is None else missing_fields(apps)
    return MessengerState(page, missing, profile_gaps(found))
