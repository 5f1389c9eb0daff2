"""What somebody wants to see of the figures, read from a page's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.model.staff import Role, StaffMember
from bot.reporting.figures import Dimension, Selection
from bot.reporting.periods import Grain, Period

Choice = TypeVar("Choice", bound=Enum)

DAYS = 30
# Ready-made periods, in days.
PRESETS = (7, 30, 90, 365)
_LONGEST = 320


@dataclass(frozen=True)
class FiguresQuery:
    """What was asked for. `is_wrong`: dates were given that are none, so others are shown.

    `is_coarser`: the period is too long for the grain that was asked for.
    """

    period: Period
    selection: Selection
    split: Dimension
    is_wrong: bool = False
    is_coarser: bool = False

    @property
    def parts(self) -> Mapping[str, str | None]:
        """The same as an address's query."""
        return {
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "step": self.period.grain.value,
            "split": self.split.value,
            **{dimension.value: self.selection.of(dimension) for dimension in Dimension},
        }


def read_query(
    given: Mapping[str, str], staff: StaffMember, today: date, zone: ZoneInfo
) -> FiguresQuery:
    """Whatever is wrong is left out: the figures of the last 30 days by channel are always there."""
    first, last, is_wrong = _dates(given, today)
    wanted = _one_of(Grain, given.get("step"), Grain.DAY)
    period = Period.fitting(first, last, wanted, zone)
    allowed = dimensions(staff)
    split = _one_of(Dimension, given.get("split"), Dimension.CHANNEL)
    return FiguresQuery(
        period=period,
        selection=Selection(
            **{
                dimension.value: given[dimension.value][:_LONGEST]
                for dimension in allowed
                if given.get(dimension.value)
            }
        ),
        split=split if split in allowed else Dimension.CHANNEL,
        is_wrong=is_wrong,
        is_coarser=period.grain is not wanted or period.first != first,
    )


def dimensions(staff: StaffMember) -> tuple[Dimension, ...]:
    """What somebody may split by: how single agents do is for supervisors alone."""
    sees_agents = staff.has(Role.SUPERVISOR)
    return tuple(one for one in Dimension if sees_agents or one is not Dimension.AGENT)


def _dates(given: Mapping[str, str], today: date) -> tuple[date, date, bool]:
    try:
        last = date.fromisoformat(given["to"]) if given.get("to") else today
        earlier = last - timedelta(days=DAYS - 1)
        first = date.fromisoformat(given["from"]) if given.get("from") else earlier
    except (ValueError, OverflowError):
        first, last = date.max, date.min
    # Days of other centuries can't be reckoned with in every time zone.
    if not date(1971, 1, 1) <= first <= last <= date(2999, 1, 1):
        return today - timedelta(days=DAYS - 1), today, True
    return first, last, False


def _one_of(kind: type[Choice], value: str | None, otherwise: Choice) -> Choice:
    try:
        return kind(value)
    except ValueError:
        return otherwise
