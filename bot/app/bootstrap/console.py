"""The staff console, put together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from bot.app.platforms import platforms
from bot.archive.search import Search
from bot.console.administration import StaffParts
from bot.console.app import Console, ConsoleParts, build_console
from bot.console.figures import FiguresPages
from bot.console.limits import ChannelLimits
from bot.console.oidc import OpenIdProvider
from bot.handoff.canned import CannedAnswers
from bot.handoff.teams import Teams
from bot.handoff.views import DeskViews
from bot.pipeline.redis_streams.client import Redis
from bot.pipeline.redis_streams.contacts import RedisContacts
from bot.pipeline.redis_streams.dialogue_states import RedisDialogueStates
from bot.pipeline.redis_streams.layout import Layout
from bot.ports import Desk, Followers, Transcripts
from bot.record.database import Database
from bot.reporting.reports import Reports
from bot.settings import Settings
from bot.staff.accounts import Accounts
from bot.staff.audit import Audit
from bot.staff.keys import SigningKey
from bot.staff.passwords import Passwords
from bot.staff.presence import Presences
from bot.staff.sessions import StaffSessions
from bot.staff.sign_in import SignIn
from bot.staff.throttle import SignInThrottle
from channels.rendering.markup import parse


def build_staff_console(
    settings: Settings,
    *,
    redis: Redis,
    database: Database,
    desk: Desk,
    transcripts: Transcripts,
    followers: Followers,
    resources: contextlib.AsyncExitStack,
) -> Console:
    """All of it; `resources` closes what it opens. Raises SettingsError."""
    passwords = Passwords()
    resources.callback(passwords.close)
    views = DeskViews(
        database, gone_seconds=settings.agent_gone_seconds, time_zone=settings.time_zone
    )
    layout = Layout(settings.partitions)
    reports = Reports(database, episode_minutes=settings.episode_minutes)
    return build_console(
        ConsoleParts(
            database=database,
            staff=_staff_parts(settings, database, passwords),
            presences=Presences(database, gone_seconds=settings.agent_gone_seconds),
            desk=desk,
            views=views,
            search=Search(database),
            transcripts=transcripts,
            followers=followers,
            contacts=RedisContacts(redis, layout),
            states=RedisDialogueStates(redis, layout),
            markup=parse,
            channels=_channels(settings),
            slots=settings.settable_slots,
            more=[lambda view: FiguresPages(view, reports, time_zone=settings.time_zone).pages()],
            public_url=settings.public_url,
            time_zone=settings.time_zone,
            # Several chances before somebody who is there counts as gone.
            beat_seconds=min(10.0, settings.agent_gone_seconds / 3),
        )
    )


def _staff_parts(settings: Settings, database: Database, passwords: Passwords) -> StaffParts:
    sessions = StaffSessions(database, hours=settings.console_session_hours)
    throttle = SignInThrottle(database)
    return StaffParts(
        accounts=Accounts(database, passwords),
        sessions=sessions,
        sign_in=SignIn(database, passwords, sessions, throttle),
        throttle=throttle,
        audit=Audit(database),
        teams=Teams(database, time_zone=settings.time_zone),
        canned=CannedAnswers(database, placeholders=settings.placeholder_slots),
        provider=_provider(settings, database),
        time_zone=settings.time_zone,
    )


def _provider(settings: Settings, database: Database) -> OpenIdProvider | None:
    issuer, client_id = settings.oidc_issuer, settings.oidc_client_id
    client_secret, public_url = settings.oidc_client_secret, settings.public_url
    if not (issuer and client_id and client_secret and public_url):
        return None
    given = settings.secret_key
    return OpenIdProvider(
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret.get_secret_value(),
        public_url=public_url,
        key=SigningKey(database, None if given is None else given.get_secret_value(), "oidc"),
    )


def _channels(settings: Settings) -> Mapping[str, ChannelLimits]:
    on = {name: platform.reply_limits() for name, platform in platforms(settings).items()}
    return {"web": ChannelLimits(), "rest": ChannelLimits(files=False), **on}
