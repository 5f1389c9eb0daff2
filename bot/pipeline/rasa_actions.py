"""Where custom actions run: inside this process, or on an action server. Both have a time limit."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import Any

import rasa
from jsonschema import ValidationError
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.errors import BusinessSystemError

log = logging.getLogger(__name__)


class InProcessActions(EndpointConfig):
    """Takes the calls that Rasa would send to an action server and runs them here.

    The call and the answer have the action server's form, so an action can't tell the difference.
    """

    def __init__(self, package: str, timeout: float) -> None:
        """Finds the actions of `package` and its modules. `timeout` in seconds, for one action."""
        super().__init__(url=None)
        self._timeout = timeout
        self._executor = ActionExecutor()
        self._executor.register_package(package)
        self._package = importlib.import_module(package)

    async def prepare(self) -> None:
        """Let the package make ready what its actions work with, where it has a `prepare`.

        Raises SettingsError. A business system that does not answer now is only logged: customers
        are told so until it does.
        """
        prepare = getattr(self._package, "prepare", None)
        if prepare is not None:
            try:
                await prepare()
            except BusinessSystemError as error:
                log.warning("%s", error)

    def close(self) -> None:
        """Let the package close what its actions work with, where it has a `close`."""
        close = getattr(self._package, "close", None)
        if close is not None:
            close()

    async def request(self, *_: Any, json: dict[str, Any], **__: Any) -> Any:
        """Run the action that `json` calls.

        Raises asyncio.TimeoutError, or whatever the action raises.
        """
        return await asyncio.wait_for(self._executor.run(json), self._timeout)


class RemoteActions(EndpointConfig):
    """An action server, with a time limit that is shorter than Rasa's five minutes."""

    def __init__(self, url: str, timeout: float) -> None:
        """`timeout` in seconds, for one call."""
        super().__init__(url=url)
        self._timeout = timeout

    async def prepare(self) -> None:
        """Nothing: the server prepares itself."""

    def close(self) -> None:
        """Nothing to close."""

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """Call the server. Raises asyncio.TimeoutError and aiohttp's errors."""
        return await asyncio.wait_for(super().request(*args, **kwargs), self._timeout)


class CustomAction(RemoteAction):
    """A custom action by its name; a server's answer is checked with a schema compiled once.

    Rasa's own checks the schema itself anew on each answer, at ten times the cost of the turn.
    What ran in this process has been made by the SDK and needs no check.
    """

    _answer_schema: Any = None
    _domain_of_call: tuple[Domain, dict[str, Any]] | None = None

    def _action_call_format(self, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
        # As Rasa's, but the domain is turned into a dict once, not once a call.
        if CustomAction._domain_of_call is None or CustomAction._domain_of_call[0] is not domain:
            CustomAction._domain_of_call = (domain, domain.as_dict())
        return {
            "next_action": self.name(),
            "sender_id": tracker.sender_id,
            "tracker": tracker.current_state(EventVerbosity.ALL),
            "domain": dict(CustomAction._domain_of_call[1]),
            "version": rasa.__version__,
        }

    def _validate_action_result(self, result: dict[str, Any]) -> bool:
        if isinstance(self.action_endpoint, InProcessActions):
            return True
        if CustomAction._answer_schema is None:
            schema = self.action_response_format_spec()
            CustomAction._answer_schema = validator_for(schema)(schema)
        try:
            CustomAction._answer_schema.validate(result)
        except ValidationError as error:
            raise RasaException(
                f"action {self.name()} gave back something that is no action's answer:"
                f" {error.message}"
            ) from error
        return True
