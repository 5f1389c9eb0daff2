"""Looks at everything that Flerkanal needs, and says what to do about each fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from bot.app.checks import channels, desk, dialogue, machine, stores, tickets
from bot.app.checks.result import Check, Finding, fault, run_checks
from bot.errors import SettingsError
from bot.settings import CHANNEL_SECRETS, load_settings


async def examine() -> Sequence[Finding]:
    """Every finding. Where the settings can't be read, those and what does not need them."""
    machine_checks = [
        Check("Python", partial(asyncio.to_thread, machine.python)),
        Check("Packages", partial(asyncio.to_thread, machine.packages)),
        Check(".env", partial(asyncio.to_thread, machine.secrets_file)),
    ]
    try:
        settings = load_settings()
    except SettingsError as error:
        refused = [
            fault("Settings", problem, "mend it in the environment or in .env")
            for problem in error.problems
        ]
        return [*await run_checks(machine_checks), *refused]
    return await run_checks(
        [
            *machine_checks,
            Check("Disk", partial(asyncio.to_thread, machine.disk, settings)),
            Check("Memory", partial(machine.memory, settings)),
            Check("Port", partial(machine.port, settings)),
            Check(
                "Redis",
                partial(stores.redis, settings),
                "mend REDIS_URL and start that Redis, or unset it to use the embedded one",
            ),
            Check(
                "Database",
                partial(stores.database, settings),
                "mend DATABASE_URL and start that database, or unset it to use SQLite",
            ),
            Check(
                "Orders",
                partial(stores.orders, settings),
                "mend ORDERS_DATABASE_URL and start that database, or unset it for the demo's",
            ),
            Check(
                "Tickets",
                partial(tickets.tickets, settings),
                "see docs/tickets.md: mend TICKETS_SYSTEM, TICKETS_API_URL, TICKETS_API_TOKEN and"
                " TICKETS_GROUP, or unset them to keep tickets in the database",
            ),
            Check(
                "Desk",
                partial(desk.desk, settings),
                "mend the files in DESK_TEXTS_DIR and the database",
            ),
            Check(
                "Model",
                partial(asyncio.to_thread, dialogue.model, settings),
                "run in the folder that has config.yml, domain.yml and data/",
            ),
            Check("Actions", partial(dialogue.actions, settings)),
            Check("Channels", partial(asyncio.to_thread, channels.channels, settings)),
            *(
                Check(name.capitalize(), partial(channels.platform, settings, name))
                for name in CHANNEL_SECRETS
            ),
            Check("Running", partial(dialogue.running, settings)),
        ]
    )
