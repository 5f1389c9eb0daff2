"""Administration of teams."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import available_timezones

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.console.pages import ADMINISTRATORS, Page
from bot.console.team_form import (
    ASSIGNMENTS,
    DAY_NAMES,
    WHEN_CLOSED,
    TeamFields,
    fields_of,
    read_fields,
    team_from,
)
from bot.console.view import View, signed_in
from bot.errors import HandoffRefused
from bot.handoff.team import Problem, Team
from bot.handoff.teams import TeamRefused, Teams
from bot.model.staff import Role
from bot.staff.accounts import Accounts
from bot.staff.audit import Audit


class TeamsAdmin:
    """For administrators. `time_zone` is what a new team has to begin with."""

    def __init__(
        self, teams: Teams, accounts: Accounts, audit: Audit, view: View, *, time_zone: str
    ) -> None:
        self._teams = teams
        self._accounts = accounts
        self._audit = audit
        self._view = view
        self._time_zone = time_zone

    def pages(self) -> Sequence[Page]:
        """The list, a new one, and one."""
        return [
            Page("/admin/teams", "admin_teams", self.list, ADMINISTRATORS),
            Page("/admin/teams", "admin_team_add", self.add, ADMINISTRATORS, "POST"),
            Page("/admin/teams/new", "admin_team_new", self.new, ADMINISTRATORS),
            Page("/admin/teams/{team}", "admin_team", self.show, ADMINISTRATORS),
            Page("/admin/teams/{team}", "admin_team_save", self.save, ADMINISTRATORS, "POST"),
            Page(
                "/admin/teams/{team}/archive",
                "admin_team_archive",
                self.archive,
                ADMINISTRATORS,
                "POST",
            ),
        ]

    async def list(self, request: Request) -> Response:
        """All teams, those out of use last."""
        teams = sorted(await self._teams.list(archived=True), key=lambda team: team.archived)
        members = {
            team.id: await self._teams.members(team.id) for team in teams if team.id is not None
        }
        return self._view.render(request, "admin_teams.html", teams=teams, members=members)

    async def new(self, request: Request) -> Response:
        """The form of a new one."""
        team = Team(name="", timezone=self._time_zone, holidays="NO")
        return await self._form(request, None, fields_of(team, frozenset()))

    async def add(self, request: Request) -> Response:
        """Make one."""
        return await self._save(request, None)

    async def show(self, request: Request) -> Response:
        """The form of one."""
        team = await self._asked_for(request)
        members = await self._teams.members(request.path_params["team"])
        fields = fields_of(team, frozenset(member.id for member in members))
        return await self._form(request, team, fields)

    async def save(self, request: Request) -> Response:
        """Change one; one that was out of use is in use again."""
        return await self._save(request, await self._asked_for(request))

    async def archive(self, request: Request) -> Response:
        """Take one out of use."""
        team = await self._asked_for(request)
        words = self._view.words(request)
        to = self._view.url(request, "admin_teams")
        try:
            await self._teams.archive(request.path_params["team"])
        except HandoffRefused as refused:
            return self._view.redirect(
                request, to, flash=words.gettext(str(refused)), kind="refused"
            )
        await self._audit.record(signed_in(request).id, "team.archive", team.name)
        return self._view.redirect(request, to, flash=words.gettext("The team is out of use."))

    async def _save(self, request: Request, before: Team | None) -> Response:
        fields = read_fields(await request.form())
        team, found = team_from(fields, None if before is None else before.id)
        if found:
            return await self._form(request, before, fields, found)
        try:
            saved = await self._teams.save(team)
            assert saved.id is not None
            await self._teams.set_members(saved.id, fields.members)
        except TeamRefused as refused:
            return await self._form(request, before, fields, refused.problems)
        await self._audit.record(
            signed_in(request).id,
            "team.add" if before is None else "team.change",
            saved.name,
            _changes(before, saved),
        )
        said = self._view.words(request).gettext("Saved.")
        return self._view.redirect(request, self._view.url(request, "admin_teams"), flash=said)

    async def _form(
        self,
        request: Request,
        team: Team | None,
        fields: TeamFields,
        problems: Sequence[Problem] = (),
    ) -> Response:
        words = self._view.words(request)
        faults: dict[str, str] = {}
        for problem in problems:
            said = words.gettext(problem.message) % problem.values
            faults[problem.field] = (
                f"{faults[problem.field]} {said}" if (problem.field in faults) else said
            )
        people = [
            account.member
            for account in await self._accounts.all()
            if not account.member.disabled and account.member.has(Role.AGENT, Role.SUPERVISOR)
        ]
        return self._view.render(
            request,
            "admin_team.html",
            422 if problems else 200,
            team=team,
            fields=fields,
            faults=faults,
            people=people,
            others=[
                other for other in await self._teams.list() if team is None or other.id != team.id
            ],
            days=DAY_NAMES,
            assignments=ASSIGNMENTS,
            when_closed=WHEN_CLOSED,
            zones=sorted(available_timezones()),
        )

    async def _asked_for(self, request: Request) -> Team:
        try:
            return await self._teams.find(request.path_params["team"])
        except HandoffRefused:
            raise HTTPException(404, "There is no such team.") from None


def _changes(before: Team | None, after: Team) -> str:
    """What changed, for the audit log."""
    if before is None:
        return ""
    pairs = [(name, getattr(before, name), value) for name, value in vars(after).items()]
    return ", ".join(f"{name}: {old} → {new}" for name, old, new in pairs if old != new)
