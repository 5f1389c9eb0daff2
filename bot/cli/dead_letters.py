"""`flerkanal dead-letters list` and `replay`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bot.ports import DeadLetter, DeadLetters

_EXCERPT = 300

app = typer.Typer(
    help="Look at messages that could not be handled, and hand them in again.",
    no_args_is_help=True,
)


@app.command("list")
def list_letters(
    limit: int = typer.Option(100, "--limit", "-n", min=1, help="At most so many, oldest first."),
    content: bool = typer.Option(
        False, "--content", help="Show the messages too. They may be personal."
    ),
    as_json: bool = typer.Option(False, "--json", help="For programs: a JSON array."),
) -> None:
    """Show what could not be handled, when, and why."""
    import asyncio

    from bot.cli.screen import console

    async def read() -> tuple[Sequence[DeadLetter], int]:
        async with _dead_letters() as letters:
            return await letters.list(limit), await letters.count()

    found, count = asyncio.run(read())
    if as_json:
        typer.echo(json.dumps([_as_json(letter, content) for letter in found], indent=2))
        return
    out = console()
    if not found:
        out.print("There are no dead letters.")
        return
    out.print(table_of(found, content))
    out.print(
        f"{len(found)} of {count}. Hand in again: flerkanal dead-letters replay ID..., or --all",
        soft_wrap=True,
    )


@app.command("replay")
def replay(
    ids: list[str] = typer.Argument(None, metavar="ID...", help="As `list` shows them."),
    everything: bool = typer.Option(False, "--all", help="All there are."),
) -> None:
    """Put dead letters back at the end of the queue they came from.

    Mend what made them fail first: what fails again comes back here.
    """
    import asyncio

    from bot.cli.screen import console

    if bool(ids) == everything:
        raise typer.BadParameter("name the dead letters by their ids, or use --all")

    async def put_back() -> tuple[int, int]:
        async with _dead_letters() as letters:
            wanted = ids or [letter.id for letter in await letters.list(await letters.count())]
            return await letters.replay(wanted), len(wanted)

    done, wanted = asyncio.run(put_back())
    console().print(f"Handed in again: {done} of {wanted}.")
    if done < wanted:
        raise typer.Exit(1)


def table_of(letters: Sequence[DeadLetter], content: bool) -> Table:
    """The dead letters as a table; their messages only where `content` is asked for."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("ID", "Since (UTC)", "From"):
        table.add_column(heading, no_wrap=True)
    table.add_column("To", overflow="fold")
    table.add_column("Why", overflow="fold")
    for letter in letters:
        answer = _undelivered(letter)
        to = f"{answer.channel} {answer.recipient}" if answer else ""
        why = Text(_plain(letter.reason))
        if content:
            why.append(f"\n{_excerpt(letter.raw)}", style="dim")
        table.add_row(letter.id, _when(letter.at), letter.queue, Text(to), why)
    return table


@asynccontextmanager
async def _dead_letters() -> AsyncIterator[DeadLetters]:
    from bot.app.bootstrap.stores import open_dead_letters
    from bot.app.role_redis import role_redis
    from bot.observability.logging import configure_logging
    from bot.settings import load_settings

    configure_logging("ERROR")
    async with role_redis(load_settings()) as settings, open_dead_letters(settings) as letters:
        yield letters


def _as_json(letter: DeadLetter, content: bool) -> dict[str, str]:
    answer = _undelivered(letter)
    shown: dict[str, str] = {}
    if answer:
        shown = {"channel": answer.channel, "recipient": answer.recipient, "error": answer.error}
    if content:
        shown["raw"] = letter.raw.decode(errors="replace")
    return {
        "id": letter.id,
        "queue": letter.queue,
        "at": datetime.fromtimestamp(letter.at, timezone.utc).isoformat(),
        "reason": letter.reason,
        **shown,
    }


@dataclass(frozen=True)
class _Undelivered:
    """An answer that a sender gave up. `error` is the class of what its channel raised, if one."""

    channel: str
    recipient: str
    error: str


def _undelivered(letter: DeadLetter) -> _Undelivered | None:
    """None for what is no readable answer. The recipient is masked where a log masks it."""
    from bot import errors
    from bot.model.messages import Outbound
    from bot.observability.redaction import Redactor

    if letter.queue != "outbox":
        return None
    try:
        message = Outbound.from_json(letter.raw)
    except errors.UnreadableEntry:
        return None
    kind = letter.reason.partition(":")[0]
    known = getattr(errors, kind, None) if kind.isidentifier() else None
    is_error = isinstance(known, type) and issubclass(known, errors.DeliveryError)
    recipient = Redactor().text(_plain(message.recipient))
    return _Undelivered(_plain(message.channel), recipient, kind if is_error else "")


def _plain(text: str) -> str:
    """Without control characters, which could write over the screen: what came in is not trusted."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _excerpt(raw: bytes) -> str:
    plain = _plain(raw[: 4 * _EXCERPT].decode(errors="replace"))
    return plain if len(plain) <= _EXCERPT else f"{plain[:_EXCERPT]}…"


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S}"
