"""The console, put together: all pages behind their guard, and what runs beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.routing import BaseRoute

from bot.archive.search import Search
from bot.console.administration import StaffParts, staff_pages
from bot.console.assets import Assets
from bot.console.board import BoardPages
from bot.console.chronicle import Chronicles
from bot.console.conversation import ConversationPages
from bot.console.guard import ConsoleGuard
from bot.console.home import home_pages
from bot.console.limits import ChannelLimits, Limits
from bot.console.live import Live
from bot.console.markup import Parser
from bot.console.news import Teller
from bot.console.pages import Page, mount
from bot.console.presence_page import PresencePages
from bot.console.queue import QueuePages
from bot.console.readings import Readings
from bot.console.search import SearchPages
from bot.console.session_cookie import SessionCookie
from bot.console.steps import StepPages
from bot.console.stream import StreamPages
from bot.console.talk import UPLOAD_PATH, TalkPages
from bot.console.uploads import MOST_BYTES, FileRoutes
from bot.console.view import View
from bot.console.words import load_words
from bot.handoff.keeping import Tags, Uploads
from bot.handoff.views import DeskViews
from bot.identity.customers import SqlCustomers
from bot.ports import Contacts, Desk, DialogueStates, Followers, Transcripts
from bot.record.database import Database
from bot.staff.presence import Presences

# A file, and what a form puts around it.
_UPLOAD_BODY_BYTES = MOST_BYTES + 65_536

MorePages = Callable[[View], Sequence[Page]]


class _Group(Protocol):
    def pages(self) -> Sequence[Page]: ...


@dataclass(frozen=True)
class ConsoleParts:
    """What the console is made of.

    `markup` reads the small markup of texts. `channels` are those that are on, with what each takes.
    `slots` are the bot's that staff can set when they return a customer. `more` are further groups of
    pages. `public_url` is where browsers reach this server from outside, if they can.
    """

    database: Database
    staff: StaffParts
    presences: Presences
    desk: Desk
    views: DeskViews
    search: Search
    transcripts: Transcripts
    followers: Followers
    contacts: Contacts
    states: DialogueStates
    markup: Parser
    channels: Mapping[str, ChannelLimits]
    slots: Sequence[str] = ()
    more: Sequence[MorePages] = ()
    public_url: str | None = None
    time_zone: str = "Europe/Oslo"
    beat_seconds: float = 10.0


@dataclass(frozen=True)
class Console:
    """`run` beside the server for as long as it serves; `close` as soon as it is to stop. `larger_bodies`
    are paths that take larger requests than others, and how large in bytes.
    """

    routes: Sequence[BaseRoute]
    live: Live
    pages: Sequence[Page]
    larger_bodies: Mapping[str, int] = field(default_factory=dict)


def build_console(parts: ConsoleParts) -> Console:
    """All of it; opens nothing. Raises SettingsError, ValueError for pages with the same name."""
    assets = Assets()
    view = View(words=load_words(), assets=assets, time_zone=parts.time_zone, markup=parts.markup)
    cookie = SessionCookie(parts.public_url)
    guard = ConsoleGuard(parts.staff.sessions, cookie, view, parts.public_url)
    limits = Limits(parts.channels, parts.public_url)
    chronicles = Chronicles(
        transcripts=parts.transcripts,
        archive=parts.search,
        views=parts.views,
        customers=SqlCustomers(parts.database),
        contacts=parts.contacts,
        states=parts.states,
        limits=limits,
    )
    live = Live(
        followers=parts.followers,
        desk=parts.desk,
        views=parts.views,
        presences=parts.presences,
        teller=Teller(parts.transcripts, chronicles, view),
        beat_seconds=parts.beat_seconds,
    )
    pages = [
        *_desk_pages(parts, view, chronicles, live, guard),
        *(page for group in parts.more for page in group(view)),
        *staff_pages(parts.staff, view, cookie),
        *assets.pages(),
    ]
    pages += home_pages(pages)
    view.link(pages)
    uploads = FileRoutes(Uploads(parts.database))
    return Console(
        routes=[*mount(pages, guard), *uploads.routes()],
        live=live,
        pages=pages,
        larger_bodies={UPLOAD_PATH: _UPLOAD_BODY_BYTES},
    )


def _desk_pages(
    parts: ConsoleParts, view: View, chronicles: Chronicles, live: Live, guard: ConsoleGuard
) -> Sequence[Page]:
    tags = Tags(parts.database)
    readings = Readings(parts.staff.audit, parts.desk)
    groups: Sequence[_Group] = [
        QueuePages(parts.views, parts.staff.teams, view),
        ConversationPages(
            chronicles=chronicles,
            views=parts.views,
            teams=parts.staff.teams,
            tags=tags,
            readings=readings,
            view=view,
            slots=parts.slots,
        ),
        StepPages(parts.desk, view, parts.slots),
        TalkPages(
            desk=parts.desk,
            views=parts.views,
            canned=parts.staff.canned,
            tags=tags,
            uploads=Uploads(parts.database),
            states=parts.states,
            live=live,
            view=view,
            public_url=parts.public_url,
        ),
        SearchPages(
            search=parts.search,
            tags=tags,
            accounts=parts.staff.accounts,
            view=view,
            channels=parts.channels,
            time_zone=parts.time_zone,
        ),
        BoardPages(parts.views, view),
        PresencePages(parts.presences, view),
        StreamPages(live, readings, view, guard.still_open),
    ]
    return [page for group in groups for page in group.pages()]
