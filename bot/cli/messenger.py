"""`flerkanal messenger set-up` and `info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.app.messenger import MessengerState

app = typer.Typer(help="Set up the page in Messenger, and see how it stands.", no_args_is_help=True)

_WEBHOOK = "/webhooks/messenger/webhook"


@app.command("set-up")
def set_up() -> None:
    """Subscribe to the page's events; set its greeting, its get started button and its menu.

    May be done again at any time. The webhook's address is set in the app's dashboard.
    """
    import asyncio

    from bot.app.messenger import set_up as set_up_page
    from bot.cli.screen import console
    from bot.settings import load_settings

    state = asyncio.run(set_up_page(load_settings()))
    out = console()
    for line in describe(state):
        out.print(line, soft_wrap=True, markup=False)
    out.print(
        f"Once, in the app's dashboard: the webhook is https://<your address>{_WEBHOOK}, its verify"
        " token the value of MESSENGER_VERIFY_TOKEN.",
        soft_wrap=True,
        markup=False,
    )


@app.command("info")
def info() -> None:
    """Show the page, the events that the app hears, and the profile. Ends with 1 where any miss."""
    import asyncio

    from bot.app.messenger import look
    from bot.cli.screen import console
    from bot.settings import load_settings

    state = asyncio.run(look(load_settings()))
    out = console()
    for line in describe(state):
        out.print(line, soft_wrap=True, markup=False)
    if state.missing_fields or state.profile_gaps:
        out.print("To mend it: flerkanal messenger set-up", soft_wrap=True, markup=False)
        raise typer.Exit(1)


def describe(state: MessengerState) -> list[str]:
    """A line for the page, one for the events, one for the profile."""
    page = state.page
    username = f", m.me/{page.username}" if page.username else ""
    if state.missing_fields is None:
        events = "not known: the token lacks the permission pages_manage_metadata"
    else:
        events = f"missing {', '.join(state.missing_fields)}" if state.missing_fields else "all"
    gaps = f"missing {', '.join(state.profile_gaps)}" if state.profile_gaps else "all set"
    return [f"Page: {page.name} ({page.id}{username})", f"Events: {events}", f"Profile: {gaps}"]
