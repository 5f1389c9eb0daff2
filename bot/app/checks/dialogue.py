"""The dialogue: the model, the actions, and whether a customer is answered now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from bot.app.checks.result import Finding, fault, off, ok, warning
from bot.app.gateway import Address
from bot.settings import Settings
from bot.training.models import find_model, fitting_model, stored_models


def model(settings: Settings, root: Path = Path()) -> Sequence[Finding]:
    """There is a model, and it was trained from the data that is there now."""
    fitting = fitting_model(settings, root)
    if fitting is not None:
        return [ok("Model", f"{fitting} fits the data")]
    if not stored_models(settings.models_dir):
        return [
            warning(
                "Model",
                f"there is none in {settings.models_dir}",
                "flerkanal train (flerkanal up does it by itself)",
            )
        ]
    return [
        warning(
            "Model",
            f"{find_model(settings, root)} was trained from other data",
            "flerkanal train (flerkanal up does it by itself)",
        )
    ]


async def actions(settings: Settings) -> Sequence[Finding]:
    """The action server answers, where there is one."""
    if settings.action_endpoint is None:
        return [ok("Actions", "inside the worker")]
    health = urlunsplit(urlsplit(settings.action_endpoint)._replace(path="/health", query=""))
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            answer = await client.get(health)
    except httpx.HTTPError as error:
        return [
            fault(
                "Actions",
                f"{health} does not answer: {str(error) or type(error).__name__}",
                "start it (rasa run actions), mend ACTION_ENDPOINT, or unset it to run the "
                "actions inside the worker",
            )
        ]
    if answer.status_code != 200:
        return [
            fault(
                "Actions",
                f"{health} answers {answer.status_code}",
                "ACTION_ENDPOINT must be a rasa-sdk action server's http://host:5055/webhook",
            )
        ]
    return [ok("Actions", f"{settings.action_endpoint} answers")]


async def running(settings: Settings) -> Sequence[Finding]:
    """What /readyz of the running gateway says."""
    url = f"{Address(settings.host, settings.port).url}/readyz"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            answer = await client.get(url)
    except httpx.HTTPError:
        return [off("Running", "Flerkanal does not run here now")]
    if answer.status_code == 200:
        return [ok("Running", f"{url} says that customers are answered")]
    if answer.status_code == 503:
        return [
            fault("Running", f"{url}: {answer.text}", "see the log of the part that is not ready")
        ]
    return [off("Running", "another program answers on this port")]
