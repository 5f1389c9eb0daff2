"""Search over all that was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from bot.archive.search import Search, SearchQuery
from bot.console.pages import DESK, Page
from bot.console.view import View
from bot.handoff.keeping import Tags
from bot.model.languages import LANGUAGES
from bot.model.messages import Author
from bot.staff.accounts import Accounts

_SHOWN = 25
_LONGEST_QUERY = 500
_FIELDS = ("q", "channel", "language", "author", "since", "until", "handed", "tag", "agent")


class SearchPages:
    """A form whose address can be kept: everything asked for is in it."""

    def __init__(
        self,
        *,
        search: Search,
        tags: Tags,
        accounts: Accounts,
        view: View,
        channels: Iterable[str],
        time_zone: str,
    ) -> None:
        self._search = search
        self._tags = tags
        self._accounts = accounts
        self._view = view
        self._channels = tuple(channels)
        self._zone = ZoneInfo(time_zone)

    def pages(self) -> Sequence[Page]:
        """The page."""
        return [Page("/search", "search", self.show, DESK)]

    async def show(self, request: Request) -> Response:
        """The form, and what was found where something was asked for."""
        asked = {name: request.query_params.get(name, "").strip() for name in _FIELDS}
        hits = None
        if any(asked.values()):
            query = self._query(asked)
            hits = await self._search.find(
                query, limit=_SHOWN, before=_number(request.query_params)
            )
        context: Mapping[str, Any] = {
            "asked": asked,
            "hits": hits,
            "more": None
            if hits is None or hits.before is None
            else {**asked, "before": hits.before},
            "channels": self._channels,
            "languages": LANGUAGES,
            "known_tags": await self._tags.known(),
            "agents": [account.member for account in await self._accounts.all()],
        }
        return self._view.render(request, "search.html", **context)

    def _query(self, asked: Mapping[str, str]) -> SearchQuery:
        until = _day(asked["until"])
        return SearchQuery(
            text=asked["q"][:_LONGEST_QUERY],
            channel=asked["channel"] or None,
            language=asked["language"] or None,
            author=next((one for one in Author if one.value == asked["author"]), None),
            since=self._begin(_day(asked["since"])),
            until=self._begin(None if until is None else until + timedelta(days=1)),
            handed_over={"yes": True, "no": False}.get(asked["handed"]),
            tag=asked["tag"].lower() or None,
            agent_id=asked["agent"] or None,
        )

    def _begin(self, day: date | None) -> datetime | None:
        """The day's first moment where the company is."""
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=self._zone)


def _day(given: str) -> date | None:
    """What a date field sends; what is no day of the calendar's usual years is as if left empty."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _number(query: QueryParams) -> int | None:
    given = query.get("before", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else None
