"""The engine that understands and answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnResult


class DialogueEngine(ABC):
    """Understands and answers. Holds no conversation of its own: the past comes in, events go out."""

    @property
    @abstractmethod
    def version(self) -> str:
        """The loaded model's name."""

    @abstractmethod
    async def prepare(self) -> None:
        """Make ready what the actions work with; to be called before the first turn.

        Raises SettingsError where that can never work.
        """

    @abstractmethod
    def close(self) -> None:
        """Close what the actions work with; to be called after the last turn."""

    @abstractmethod
    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        """Parse many messages in one call of the NLU pipeline; one parse result each, in order."""

    @abstractmethod
    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """Take one turn. Turns of different conversations may run side by side.

        Raises TurnFailed where the engine itself fails; a failing action is not that: it is
        answered by telling the customer.
        """

    @abstractmethod
    async def listen(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """Keep a message of a conversation that a person has the floor of, and say nothing.

        No action runs and no form goes on. What the bot would have answered is kept with the
        message as suggestions. The engine hears the customer alone: what the person says to them
        is in the transcript, and never in the window. Raises TurnFailed.
        """

    @abstractmethod
    async def resume(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """Take the floor back, as `message.hand_back` says: set its slots, leave any form, and say
        that the bot is there again unless it is quiet. Raises TurnFailed.
        """

    @abstractmethod
    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """The turn that is taken where `answer` failed for good: says sorry, offers a human.

        Raises TurnFailed where not even that can be done.
        """
