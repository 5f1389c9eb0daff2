"""`flerkanal user add`, `list`, `roles`, `password`, `sessions`, `disable` and `enable`."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import typer

# Typer reads what the commands' options may be.
from bot.model.staff import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.staff.accounts import Accounts
    from bot.staff.records import Account
    from bot.staff.sessions import StaffSession, StaffSessions

Result = TypeVar("Result")

app = typer.Typer(
    help="Accounts of staff, who sign in at the console.",
    no_args_is_help=True,
)

_LOGIN = typer.Argument(..., metavar="LOGIN", help="An e-mail address or a short name.")
_STDIN_HELP = "Read the password from standard input, instead of making one."


@app.command("add")
def add(
    login: str = _LOGIN,
    name: str = typer.Option(..., "--name", help="What customers are told."),
    role: list[Role] = typer.Option(..., "--role", help="May be given several times."),
    language: str = typer.Option("en", "--language", help="Of the console: en or nb."),
    capacity: int = typer.Option(5, "--capacity", help="Conversations at once."),
    password_stdin: bool = typer.Option(False, "--password-stdin", help=_STDIN_HELP),
) -> None:
    """Add an account. Its password is made and shown once, unless it is read from standard input."""
    from bot.cli.screen import console

    given = _read_password() if password_stdin else None

    async def work(accounts: Accounts, _: StaffSessions) -> tuple[str, str]:
        member, password = await accounts.add(
            login, name=name, roles=role, password=given, language=language, capacity=capacity
        )
        return member.login, password

    made, password = _run(work)
    console().print(f"The account {made} is made.", markup=False)
    if given is None:
        _show(password)


@app.command("list")
def list_accounts(
    as_json: bool = typer.Option(False, "--json", help="For programs: a JSON array."),
) -> None:
    """Show all accounts."""
    from bot.cli.screen import console

    async def work(accounts: Accounts, _: StaffSessions) -> Sequence[Account]:
        return await accounts.all()

    found = _run(work)
    if as_json:
        typer.echo(json.dumps([_as_json(account) for account in found], indent=2))
        return
    if not found:
        console().print("There are no accounts. Add one: flerkanal user add --help")
        return

    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Login", "Name", "Roles", "At once", "Last here (UTC)", ""):
        table.add_column(heading, overflow="fold")
    for account in found:
        member = account.member
        table.add_row(
            Text(member.login),
            Text(member.name),
            ", ".join(role.value for role in Role if role in member.roles),
            str(member.capacity),
            _when(account.connected_at),
            "disabled" if member.disabled else "",
        )
    console().print(table)


@app.command("roles")
def roles(
    login: str = _LOGIN,
    role: list[Role] = typer.Argument(..., metavar="ROLE...", help="All that it is to have."),
) -> None:
    """Give an account exactly these roles. They hold at once, in open sessions too."""
    from bot.cli.screen import console

    async def work(accounts: Accounts, _: StaffSessions) -> str:
        account = await _known(accounts, login)
        member = await accounts.change(account.member.id, by=None, roles=role)
        return ", ".join(role.value for role in Role if role in member.roles)

    console().print(f"The roles are now: {_run(work)}.", markup=False)


@app.command("password")
def password(
    login: str = _LOGIN,
    password_stdin: bool = typer.Option(False, "--password-stdin", help=_STDIN_HELP),
) -> None:
    """Give an account a new password, and end its sessions."""
    from bot.cli.screen import console

    given = _read_password() if password_stdin else None

    async def work(accounts: Accounts, _: StaffSessions) -> str:
        account = await _known(accounts, login)
        return await accounts.set_password(account.member.id, given, by=None)

    made = _run(work)
    console().print("The password is set, and all sessions are ended.")
    if given is None:
        _show(made)


@app.command("sessions")
def sessions(
    login: str = _LOGIN,
    end: bool = typer.Option(False, "--end", help="End them all."),
) -> None:
    """Show where somebody is signed in, or end it."""
    from bot.cli.screen import console

    async def work(
        accounts: Accounts, sessions: StaffSessions
    ) -> tuple[Sequence[StaffSession], int]:
        account = await _known(accounts, login)
        found = await sessions.of(account.member.id)
        ended = await accounts.end_sessions(account.member.id, by=None) if end else 0
        return found, ended

    found, ended = _run(work)
    out = console()
    if end:
        out.print(f"Sessions ended: {ended}.")
        return
    if not found:
        out.print("Nowhere.")
    for session in found:
        out.print(
            f"since {_when(session.created_at)}, last used {_when(session.last_seen_at)} (UTC): "
            f"{session.client or 'unknown browser'}",
            markup=False,
            soft_wrap=True,
        )


@app.command("disable")
def disable(login: str = _LOGIN) -> None:
    """Let nobody sign in with an account any more, and end its sessions. Its history is kept."""
    from bot.cli.screen import console

    async def work(accounts: Accounts, _: StaffSessions) -> None:
        account = await _known(accounts, login)
        await accounts.disable(account.member.id, by=None)

    _run(work)
    console().print("The account is disabled.")


@app.command("enable")
def enable(login: str = _LOGIN) -> None:
    """Let a disabled account be used again."""
    from bot.cli.screen import console

    async def work(accounts: Accounts, _: StaffSessions) -> None:
        account = await _known(accounts, login)
        await accounts.enable(account.member.id, by=None)

    _run(work)
    console().print("The account can be used again.")


def _run(work: Callable[[Accounts, StaffSessions], Awaitable[Result]]) -> Result:
    import asyncio

    async def connected() -> Result:
        async with _stores() as (accounts, sessions):
            return await work(accounts, sessions)

    return asyncio.run(connected())


@asynccontextmanager
async def _stores() -> AsyncIterator[tuple[Accounts, StaffSessions]]:
    import asyncio

    from bot.observability.logging import configure_logging
    from bot.record.database import Database, open_engine
    from bot.record.migrate import migrate
    from bot.settings import load_settings
    from bot.staff.accounts import Accounts
    from bot.staff.passwords import Passwords
    from bot.staff.sessions import StaffSessions

    configure_logging("ERROR")
    settings = load_settings()
    # Accounts may be made before anything has run.
    await asyncio.to_thread(migrate, settings.database_dsn)
    database = Database(open_engine(settings.database_dsn, threads=1), threads=1)
    passwords = Passwords(threads=1)
    try:
        yield (
            Accounts(database, passwords),
            StaffSessions(database, hours=settings.console_session_hours),
        )
    finally:
        passwords.close()
        database.close()


async def _known(accounts: Accounts, login: str) -> Account:
    from bot.errors import AccountRefused

    account = await accounts.find_login(login)
    if account is None:
        raise AccountRefused("unknown", f"there is no account {login}: see flerkanal user list")
    return account


def _read_password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _show(password: str) -> None:
    # For people and for scripts: the password stands alone on its line.
    typer.echo("Its password, which is not shown again:")
    typer.echo(password)


def _as_json(account: Account) -> dict[str, object]:
    member = account.member
    return {
        "login": member.login,
        "name": member.name,
        "roles": [role.value for role in Role if role in member.roles],
        "language": member.language,
        "capacity": member.capacity,
        "disabled": member.disabled,
        "connected_at": account.connected_at.isoformat() if account.connected_at else None,
    }


def _when(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M}"
