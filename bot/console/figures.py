"""The figures: a page with plots over time, and the same as files for a spreadsheet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot.console import export
from bot.console.figures_query import PRESETS, FiguresQuery, dimensions, read_query
from bot.console.figures_shown import shown
from bot.console.figures_words import GRAINS, FigureWords
from bot.console.pages import ADMINISTRATORS, SUPERVISORS, Page
from bot.console.view import View, signed_in
from bot.reporting.figures import Dimension
from bot.reporting.reports import Reports

FIGURES = SUPERVISORS | ADMINISTRATORS


class FiguresPages:
    """Days are those of `time_zone`."""

    def __init__(
        self,
        view: View,
        reports: Reports,
        *,
        time_zone: str,
        clock: Callable[[ZoneInfo], datetime] = datetime.now,
    ) -> None:
        self._view = view
        self._reports = reports
        self._zone = ZoneInfo(time_zone)
        self._clock = clock

    def pages(self) -> Sequence[Page]:
        """Of supervisors and administrators."""
        return [
            Page("/figures", "figures", self.show, FIGURES),
            Page("/figures/times.csv", "figures_times", self.times, FIGURES),
            Page("/figures/parts.csv", "figures_parts", self.parts, FIGURES),
            Page("/figures/handoffs.csv", "figures_handoffs", self.handoffs, FIGURES),
        ]

    async def show(self, request: Request) -> Response:
        """Tiles, plots, a table of the parts, and what to choose from."""
        query = self._query(request)
        report = await self._reports.report(query.period, query.selection, query.split)
        choices = await self._reports.choices(query.period)
        words = FigureWords(self._view.words(request), self._view.language(request))
        allowed = dimensions(signed_in(request))
        return self._view.render(
            request,
            "figures.html",
            query=query,
            shown=shown(report, query.period, query.split, words),
            zone=self._zone.key,
            presets=[(days, self._today - timedelta(days=days - 1)) for days in PRESETS],
            today=self._today,
            grains=[(grain.value, words.text(title)) for grain, title in GRAINS.items()],
            splits=[(one.value, words.dimension(one)) for one in allowed],
            filters=[
                (
                    one.value,
                    words.dimension(one),
                    [(choice.value, words.part(one, choice)) for choice in choices[one]],
                    query.selection.of(one),
                )
                for one in allowed
            ],
        )

    async def times(self, request: Request) -> Response:
        """A file with a line for each hour, day or week."""
        query = self._query(request)
        report = await self._reports.report(query.period, query.selection, query.split)
        return _download(export.times_lines(report), query, query.period.grain.value)

    async def parts(self, request: Request) -> Response:
        """A file with a line for each channel, language, topic, team or agent."""
        query = self._query(request)
        report = await self._reports.report(query.period, query.selection, query.split)
        return _download(export.parts_lines(report, query.split.value), query, query.split.value)

    async def handoffs(self, request: Request) -> Response:
        """A file with a line for each handoff, written as it is read."""
        query = self._query(request)
        rows = self._reports.handoffs(query.period, query.selection)
        with_agents = Dimension.AGENT in dimensions(signed_in(request))
        lines = export.handoff_lines(rows, self._zone, with_agents=with_agents)
        return await _streamed(lines, query, "handoffs")

    @property
    def _today(self) -> date:
        return self._clock(self._zone).date()

    def _query(self, request: Request) -> FiguresQuery:
        return read_query(request.query_params, signed_in(request), self._today, self._zone)


def _download(lines: Iterable[str], query: FiguresQuery, what: str) -> Response:
    return StreamingResponse(lines, headers=_headers(query, what))


async def _streamed(lines: AsyncIterator[str], query: FiguresQuery, what: str) -> Response:
    # The first page is read before the answer begins, so that a database which is away is told as
    # such and not as a file that ends early.
    head = [await lines.__anext__()]
    async for first in lines:
        head.append(first)
        break

    async def whole() -> AsyncIterator[str]:
        for one in head:
            yield one
        async for one in lines:
            yield one

    return StreamingResponse(whole(), headers=_headers(query, what))


def _headers(query: FiguresQuery, what: str) -> dict[str, str]:
    period = query.period
    name = f"flerkanal-{what}-{period.first.isoformat()}-{period.last.isoformat()}.csv"
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
