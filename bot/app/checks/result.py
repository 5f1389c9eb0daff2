"""What a check found, and how checks are run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.errors import FlerkanalError

_SECONDS = 20.0


class State(str, Enum):
    """`fault` stops operation, `warning` does not yet, `off` is a choice."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    OFF = "off"


@dataclass(frozen=True)
class Finding:
    """What was found about `what`. `remedy` says what to do about a fault or a warning."""

    what: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """Something to look at; `remedy` is for where the look itself fails."""

    what: str
    look: Callable[[], Awaitable[Sequence[Finding]]]
    remedy: str = "see the error; if it means nothing to you, ask whoever runs this machine"


def ok(what: str, detail: str) -> Finding:
    """All is well."""
    return Finding(what, State.OK, detail)


def off(what: str, detail: str) -> Finding:
    """Not in use, and nothing wrong with that."""
    return Finding(what, State.OFF, detail)


def warning(what: str, detail: str, remedy: str) -> Finding:
    """Works, but should be seen to."""
    return Finding(what, State.WARNING, detail, remedy)


def fault(what: str, detail: str, remedy: str) -> Finding:
    """Does not work."""
    return Finding(what, State.FAULT, detail, remedy)


async def run_checks(checks: Sequence[Check]) -> list[Finding]:
    """Run all side by side, each at most 20 s; returns what they found, in the order of `checks`.

    A check that fails is itself a fault: one broken thing hides none of the others.
    """
    found = await asyncio.gather(*(_run(check) for check in checks))
    return [finding for findings in found for finding in findings]


async def _run(check: Check) -> Sequence[Finding]:
    try:
        return await asyncio.wait_for(check.look(), _SECONDS)
    except asyncio.TimeoutError:
        return [fault(check.what, f"no answer in {_SECONDS:.0f} s", check.remedy)]
    except FlerkanalError as error:
        return [fault(check.what, str(error), check.remedy)]
    except Exception as error:  # noqa: BLE001 (a report about faults must not end at one)
        return [fault(check.what, f"{type(error).__name__}: {error}", check.remedy)]
