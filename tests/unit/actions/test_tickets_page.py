"""docs/tickets.md tells what the code does."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from actions.tickets import zammad, zendesk
from actions.tickets.model import TicketState
from actions.tickets.sql_desk import FIRST_NUMBER
from actions.tickets.tables import metadata, ticket_notes, tickets
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "tickets.md").read_text(encoding="utf-8")
HEARD = {
    TicketState.NEW: "registered",
    TicketState.OPEN: "somebody is working on it",
    TicketState.WAITING: "on hold",
    TicketState.CLOSED: "closed",
}


@pytest.mark.parametrize("state", TicketState)
def test_the_states_are_those_of_the_code(state: TicketState) -> None:
    (row,) = re.findall(rf"^\| {HEARD[state]} \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    for shown, known in zip(row, (zammad._STATES, zendesk._STATES), strict=True):
        # Zammad has one more that nobody can set any longer.
        assert set(shown.split(", ")) == {name for name, of in known.items() if of is state} - {
            "removed"
        }


def test_its_settings_are_settings() -> None:
    named = set(re.findall(r"\b(TICKETS_[A-Z_]+)\b", PAGE))
    assert named == {name.upper() for name in Settings.__fields__ if name.startswith("tickets_")}


def test_its_statements_work(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "record.sqlite3"
    engine = create_engine(f"sqlite:///{path}", future=True)
    metadata.create_all(engine)
    row: dict[str, Any] = {
        "key": "k",
        "state": "new",
        "subject": "s",
        "email": "e",
        "language": "nb",
    }
    now = datetime(2026, 11, 24, 15, tzinfo=timezone.utc)
    row |= {"opened_at": now, "updated_at": now}
    note = {"ticket_id": 1, "key": "k", "text": "Knust", "public": True}
    with engine.begin() as connection:
        connection.execute(insert(tickets), row)
        connection.execute(insert(ticket_notes), {**note, "written_at": now})
    engine.dispose()
    looking, working, _ = block.split(";")
    with closing(sqlite3.connect(path)) as shell:
        assert shell.execute(looking).fetchall() == [(FIRST_NUMBER + 1, "new", "e", None, "Knust")]
        shell.execute(working)
        assert shell.execute(looking).fetchone()[1] == "open"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:actions|tests)/[\w/.]+)`", PAGE))))
def test_it_names_files_that_exist(path: str) -> None:
    assert (ROOT / path).exists()
