"""Files that a spreadsheet opens and never runs."""

from __future__ import annotations

import csv
from datetime import date, datetime, timezone
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console.export import FIGURE_COLUMNS, line, parts_lines, times_lines
from bot.console.figures_query import read_query
from bot.model.staff import Role, StaffMember
from bot.reporting.figures import (
    Dimension,
    Figures,
    HandoffFigures,
    Selection,
    Spread,
    VisitFigures,
)
from bot.reporting.periods import Grain, Period
from bot.reporting.reports import Choice, Report

OSLO = ZoneInfo("Europe/Oslo")
TODAY = date(2026, 11, 24)
FULL = Figures(
    VisitFigures(10, 9, 8, 1, 30, 2, Spread(10, 0.1, 0.05, 0.3)),
    HandoffFigures(
        count=3,
        wait=Spread(3, 60.12345, 50.0, 90.0),
        causes={"customer_asked": 2, "form_failed": 1},
        ends={"resolved": 2},
        points={5: 1, 4: 1},
    ),
)


def read(lines: list[str]) -> list[list[str]]:
    text = "".join(lines)
    assert text.startswith("\ufeff")
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+47", "-2", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C'!A0"]
)
def test_a_text_that_begins_as_a_formula_is_none(text: str) -> None:
    (row,) = csv.reader(StringIO(line([text, "plain"]), newline=""))
    assert row == [f"'{text}", "plain"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_any_text_is_one_cell_that_is_no_formula(cells: list[str]) -> None:
    written = line(["first", *cells])
    assert written.endswith("\r\n")
    (row,) = csv.reader(StringIO(written, newline=""), strict=True)
    assert [cell.removeprefix("'") for cell in row[1:]] == [
        cell.removeprefix("'") for cell in cells
    ]
    assert not any(
        cell.lstrip(" ")[:1] in set("=+-@\t\r\n") - {""} for cell in row if cell.strip(" ")
    )


def test_times_have_their_zone_and_every_column_a_cell() -> None:
    period = Period(date(2026, 10, 25), date(2026, 10, 26), Grain.DAY, OSLO)
    report = Report(FULL, [(bucket, FULL) for bucket in period.buckets], [])
    head, first, second = read(list(times_lines(report)))
    assert len(head) == len(first) == len(FIGURE_COLUMNS) + 2 == len(set(head))
    assert first[:2] == ["2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"]
    assert second[0] == first[1]
    row = dict(zip(head, first, strict=True))
    assert row["visits_resolved_alone"] == "8"
    assert row["first_answer_p90_seconds"] == "0.3"
    assert row["cause_form_failed"] == "1"
    assert row["cause_not_understood"] == "0"
    assert (row["wait_count"], row["wait_mean_seconds"]) == ("3", "60.123")
    assert row["handling_median_seconds"] == ""
    assert (row["rating_mean"], row["rated_5"], row["rated_1"]) == ("4.5", "1", "0")


def test_parts_that_visits_do_not_have_leave_their_cells_empty() -> None:
    desk = Figures(None, FULL.handoffs)
    report = Report(FULL, [], [(Choice("t1", "=Orders"), desk), (None, desk)])
    head, named, unnamed, total = read(list(parts_lines(report, "team")))
    assert named[:2] == ["t1", "'=Orders"]
    assert unnamed[:2] == ["", ""]
    assert named[head.index("visits")] == ""
    assert named[head.index("handoffs")] == "3"
    assert (total[0], total[head.index("visits")]) == ("(total)", "10")


SUPERVISOR = StaffMember("1", "s", "S", frozenset({Role.SUPERVISOR}))
ADMINISTRATOR = StaffMember("2", "a", "A", frozenset({Role.ADMINISTRATOR}))


def test_nothing_asked_for_is_thirty_days_by_channel() -> None:
    query = read_query({}, SUPERVISOR, TODAY, OSLO)
    assert (query.period.first, query.period.last) == (date(2026, 10, 26), TODAY)
    assert (query.period.grain, query.split, query.selection) == (
        Grain.DAY,
        Dimension.CHANNEL,
        Selection(),
    )
    assert not query.is_wrong
    assert not query.is_coarser


def test_what_is_asked_for_comes_back_in_the_address() -> None:
    given = {
        "from": "2026-11-01",
        "to": "2026-11-03",
        "step": "hour",
        "split": "agent",
        "channel": "web",
        "agent": "s1",
        "topic": "",
    }
    query = read_query(given, SUPERVISOR, TODAY, OSLO)
    assert query.selection == Selection(channel="web", agent="s1")
    kept = {name: value for name, value in query.parts.items() if value is not None}
    assert read_query(kept, SUPERVISOR, TODAY, OSLO) == query


@pytest.mark.parametrize(
    "given",
    [
        {"from": "yesterday"},
        {"to": "2026-13-01"},
        {"from": "2026-11-20", "to": "2026-11-01"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"to": "0001-01-02"},
    ],
)
def test_dates_that_are_none_are_told(given: dict[str, str]) -> None:
    query = read_query(given, SUPERVISOR, TODAY, OSLO)
    assert query.is_wrong
    assert query.period.last == TODAY


def test_too_fine_a_step_is_told() -> None:
    query = read_query({"from": "2025-01-01", "step": "hour"}, SUPERVISOR, TODAY, OSLO)
    assert query.is_coarser
    assert query.period.grain is Grain.WEEK
    assert not read_query({"step": "fortnight"}, SUPERVISOR, TODAY, OSLO).is_coarser


def test_single_agents_are_for_supervisors() -> None:
    given = {"split": "agent", "agent": "s1"}
    query = read_query(given, ADMINISTRATOR, TODAY, OSLO)
    assert (query.split, query.selection.agent) == (Dimension.CHANNEL, None)
    assert read_query(given, SUPERVISOR, TODAY, OSLO).split is Dimension.AGENT


def test_now_is_reckoned_where_the_company_is() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=timezone.utc)
    assert late.astimezone(OSLO).date() == date(2026, 11, 25)
