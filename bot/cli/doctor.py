"""`flerkanal doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bot.app.checks.result import Finding


def doctor(
    as_json: bool = typer.Option(False, "--json", help="For programs: a JSON array of findings."),
) -> None:
    """Check this installation and say what to do about each fault.

    Looks at Python, packages, Redis, databases, the model, each channel's settings and what they
    need. Ends with 1 where something stops operation, else with 0.
    """
    import asyncio
    import json
    from dataclasses import asdict

    from bot.app.checks.result import State
    from bot.app.doctor import examine
    from bot.cli.screen import console
    from bot.observability.logging import configure_logging

    configure_logging("ERROR")
    findings = asyncio.run(examine())
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        out = console()
        out.print(report(findings))
        out.print(_verdict(findings))
    if any(finding.state is State.FAULT for finding in findings):
        raise typer.Exit(1)


def report(findings: Sequence[Finding]) -> Table:
    """The findings as a table: faults and warnings with what to do."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    marks = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "fault": ("✗", "red")}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("Part", no_wrap=True)
    table.add_column("Found, and what to do", overflow="fold")
    for finding in findings:
        mark, style = marks.get(finding.state.value, ("-", "dim"))
        text = Text.assemble((finding.detail, style if finding.state.value != "ok" else ""))
        if finding.remedy:
            text.append(f"\n→ {finding.remedy}")
        table.add_row(Text(mark, style=style), finding.what, text)
    return table


def _verdict(findings: Sequence[Finding]) -> str:
    states = [finding.state.value for finding in findings]
    faults, warnings = states.count("fault"), states.count("warning")
    if faults:
        stop = "1 fault stops" if faults == 1 else f"{faults} faults stop"
        return f"[bold red]{stop} operation[/], {_count(warnings, 'warning')}."
    if warnings:
        return f"[yellow]It works, with {_count(warnings, 'warning')}.[/]"
    return "[green]All is well.[/]"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
