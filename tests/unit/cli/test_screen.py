"""How parts' lines look, and which are held back while everything starts."""

from __future__ import annotations

import io

from rich.console import Console

from bot.cli.screen import Activity, PartLog


def written(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def plain() -> Console:
    return Console(file=io.StringIO(), width=40, highlight=False)


def test_each_line_has_its_part_before_it_and_is_not_cut() -> None:
    console = plain()
    log = PartLog(console)
    log.line("gateway", "x" * 100)
    log.line("worker", "\x1b[32mgreen\x1b[0m [bold]no markup[/]")
    log.event("worker", "was ended by SIGKILL")
    assert written(console) == [
        f"gateway  │ {'x' * 100}",
        "worker   │ green [bold]no markup[/]",
        "worker   │ was ended by SIGKILL",
    ]


def test_what_is_held_back_is_shown_when_something_happens_to_the_part() -> None:
    console = plain()
    log = PartLog(console)
    log.hold_back()
    log.line("gateway", "ready")
    log.line("worker", "no model")
    assert written(console) == []
    log.event("worker", "ended with exit code 1")
    assert written(console) == ["worker   │ no model", "worker   │ ended with exit code 1"]
    log.go_on()
    log.line("gateway", "stopped")
    assert written(console)[2:] == ["gateway  │ stopped"]


def test_without_a_terminal_the_same_activity_is_told_once() -> None:
    console = plain()
    shown = Activity(console, None, None)
    for _ in range(3):
        shown.tell("Training: [loading]")
    shown.tell("Training: soon after")
    assert written(console) == ["Training: [loading]"]
