"""What people see: errors, log lines with their part's name, a spinner or a bar."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from bot.app.parts import EXIT_SETTINGS, EXIT_UNUSABLE
from bot.errors import (
    FlerkanalError,
    LayoutMismatch,
    ModelNotFound,
    PartFailed,
    SettingsError,
    TrainingFailed,
)

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "bright_red")
_EVERY_SECONDS = 10.0
_HELD_LINES = 100


def console() -> Console:
    """For what a command is asked for."""
    return Console(highlight=False)


def error_console() -> Console:
    """For what went wrong."""
    return Console(highlight=False, stderr=True)


def show_error(error: FlerkanalError) -> int:
    """Show the error as a few lines without a traceback; returns the exit code that it asks for."""
    out = error_console()
    if isinstance(error, SettingsError):
        out.print("[bold red]The settings can't be used:[/]")
        for problem in error.problems:
            out.print(f"  [red]•[/] {escape(problem)}", soft_wrap=True)
        out.print("They come from the environment and from .env; .env.example explains each.")
        return EXIT_SETTINGS
    out.print(f"[bold red]Error:[/] {escape(str(error))}", soft_wrap=True)
    if isinstance(error, (PartFailed, TrainingFailed)) and error.tail:
        out.print("[dim]Its last lines:[/]")
        for line in error.tail:
            out.print(Text("  ").append_text(Text.from_ansi(line)), soft_wrap=True)
    return EXIT_UNUSABLE if isinstance(error, (ModelNotFound, LayoutMismatch)) else 1


class PartLog:
    """Prints parts' lines with the part's name before them, in a colour where there are colours."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._styles: dict[str, str] = {}
        self._held: dict[str, deque[str]] | None = None

    def hold_back(self) -> None:
        """From now on show a part's lines only once something has happened to it."""
        self._held = {}

    def go_on(self) -> None:
        """Forget the lines held back, and show every line from now on."""
        self._held = None

    def line(self, part: str, text: str) -> None:
        """A line that the part printed."""
        if self._held is None:
            self._print(part, Text.from_ansi(text))
        else:
            self._held.setdefault(part, deque(maxlen=_HELD_LINES)).append(text)

    def event(self, part: str, text: str) -> None:
        """Something that happened to the part."""
        for held in self._held.pop(part, ()) if self._held is not None else ():
            self._print(part, Text.from_ansi(held))
        self._print(part, Text(text, style="bold yellow"))

    def _print(self, part: str, text: Text) -> None:
        style = self._styles.setdefault(part, _COLOURS[len(self._styles) % len(_COLOURS)])
        self._out.print(Text.assemble((f"{part:<9}│ ", style), text), soft_wrap=True)


class Activity:
    """Something that takes a while: a bar or a spinner on a terminal, else a line now and then."""

    def __init__(self, out: Console, progress: Progress | None, task: TaskID | None) -> None:
        self._out = out
        self._progress = progress
        self._task = task
        self._told = ""
        self._told_at = 0.0

    def tell(self, what: str, done: int | None = None, total: int | None = None) -> None:
        """What is being done now, and how far it is where that is known."""
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task, description=escape(what), completed=done or 0, total=total
            )
            return
        now = time.monotonic()
        if (what != self._told and now - self._told_at >= _EVERY_SECONDS) or not self._told:
            self._out.print(escape(what), soft_wrap=True)
            self._told, self._told_at = what, now


@contextmanager
def activity(out: Console, what: str) -> Iterator[Activity]:
    """Show that something goes on until the block is left."""
    if not out.is_terminal:
        shown = Activity(out, None, None)
        shown.tell(what)
        yield shown
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        console=out,
        transient=True,
    ) as progress:
        yield Activity(out, progress, progress.add_task(escape(what), total=None))
