"""What the console's navigation leads to, in order; each member of staff sees what they may open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.console.pages import Page
from bot.console.words import mark
from bot.model.staff import StaffMember


@dataclass(frozen=True)
class Place:
    """An entry: the name of a Page, its label, and an icon of `templates/_icons.html`.

    `covers` are the names of pages that count as being there.
    """

    page: str
    label: str
    icon: str
    covers: frozenset[str] = frozenset()


PLACES: Sequence[Place] = (
    Place("queue", mark("Queue"), "queue"),
    Place("conversations", mark("Conversations"), "chat"),
    Place("search", mark("Search"), "search"),
    Place("board", mark("Live board"), "board"),
    Place("figures", mark("Figures"), "figures"),
    Place("review", mark("Review"), "review"),
    Place("admin_accounts", mark("Accounts"), "people", frozenset({"admin_account"})),
    Place("admin_teams", mark("Teams"), "team", frozenset({"admin_team"})),
    Place("admin_canned", mark("Canned answers"), "canned", frozenset({"admin_canned_answer"})),
    Place("admin_audit", mark("Audit log"), "audit"),
)


class Navigation:
    """The places whose pages there are."""

    def __init__(self, pages: Iterable[Page]) -> None:
        known: Mapping[str, Page] = {page.name: page for page in pages}
        self._places = [(place, known[place.page]) for place in PLACES if place.page in known]

    def of(self, staff: StaffMember) -> Sequence[Place]:
        """Those that somebody may open, in order."""
        return [
            place for place, page in self._places if page.roles is None or staff.has(*page.roles)
        ]
