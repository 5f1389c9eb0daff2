"""One table of the console's pages: who may open each is said where it is declared.

Every route of the console is a Page; `mount` turns them into Starlette's routes behind the guard
that signs people in, and there is no other way to add one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.model.staff import Role

Endpoint = Callable[[Request], Awaitable[Response]]

# Whoever is signed in.
ANYBODY = frozenset(Role)
# Who sees customers' conversations.
DESK = frozenset({Role.AGENT, Role.SUPERVISOR})
SUPERVISORS = frozenset({Role.SUPERVISOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Page:
    """A page or an action of the console.

    `path` is below `/console`; `name` is for `url_for`. `roles` are those who may open it; None is
    for everybody, signed in or not (the sign-in page). A method other than GET needs the session's
    CSRF token as well, unless `roles` is None.
    """

    path: str
    name: str
    endpoint: Endpoint
    roles: frozenset[Role] | None
    method: str = "GET"


Guard = Callable[[Page], Endpoint]


def mount(pages: Sequence[Page], guard: Guard) -> Sequence[Route]:
    """The routes of all pages, each behind the guard. Raises ValueError for a name used twice."""
    names = [page.name for page in pages]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"pages with the same name: {', '.join(sorted(doubled))}")
    return [
        Route(f"/console{page.path}", guard(page), methods=[page.method], name=page.name)
        for page in pages
    ]
