"""Rasa's message processor, handed its tracker instead of fetching it, and honest about failures.

What differs from Rasa's own:
- the tracker comes in and its new events go out; nothing is fetched, locked or saved here;
- an action that fails is answered: the customer is told and offered a human, and the form ends.
  Rasa logs it and goes on in silence;
- no copies of all events for log lines that nobody asked for.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from rasa.core.actions.action import (
    Action,
    ActionExecutionRejection,
    RemoteAction,
    action_for_name_or_text,
    create_bot_utterance,
)
from rasa.core.actions.forms import FormAction
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg import NaturalLanguageGenerator, TemplatedNaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.engine import loader
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.core.constants import (
    ACTION_EXTRACT_SLOTS,
    ACTION_LISTEN_NAME,
    REQUESTED_SLOT,
)
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    FollowupAction,
    ReminderScheduled,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from bot.errors import BusinessSystemError
from bot.pipeline.rasa_actions import CustomAction
from bot.pipeline.rasa_forms import Form
from bot.pipeline.rasa_graph import PlannedGraphRunner

log = logging.getLogger(__name__)

# The response for the customer when something behind the bot failed; the domain must have it.
SERVICE_UNAVAILABLE = "utter_service_unavailable"


class TurnProcessor(MessageProcessor):
    """Takes turns on trackers that its caller keeps."""

    def __init__(self, model: Path, actions: EndpointConfig) -> None:
        """Loads the model. Raises rasa.exceptions.ModelNotFound."""
        super().__init__(
            model_path=model,
            # Neither is used: the caller keeps trackers and order.
            tracker_store=InMemoryTrackerStore(None),
            lock_store=InMemoryLockStore(),
            generator=TemplatedNaturalLanguageGenerator({}),
            action_endpoint=actions,
        )
        self.nlg = NaturalLanguageGenerator.create(None, self.domain)
        self._known_actions: dict[str, Action] = {}

    @staticmethod
    def _load_model(model_path: Any) -> Any:
        with tempfile.TemporaryDirectory() as unpacked:
            metadata, runner = loader.load_predict_graph_runner(
                Path(unpacked), Path(model_path), LocalModelStorage, PlannedGraphRunner
            )
        return Path(model_path).name, metadata, runner

    async def take_turn(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        """Let the tracker take the (already parsed) message and the bot's reaction to it."""
        channel = message.output_channel
        assert channel is not None
        tracker.model_id = self.model_metadata.model_id
        tracker.assistant_id = self.model_metadata.assistant_id
        await self._update_tracker_session(tracker, channel, message.metadata)
        await self._handle_message_with_tracker(message, tracker)
        await self.run_action_extract_slots(channel, tracker)
        await self._run_prediction_loop(channel, tracker)

    async def apologise(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        """Let the tracker take the message and an apology, without asking model or actions."""
        channel = message.output_channel
        assert channel is not None
        await self._handle_message_with_tracker(message, tracker)
        events = await self._failure_events(tracker, channel)
        tracker.update_with_events(events, self.domain)
        await self._send_bot_messages(events, tracker, channel)
        tracker.clear_followup_action()
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME), self.domain)

    async def run_action_extract_slots(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> DialogueStateTracker:
        """As Rasa's, without the copies."""
        events = await self._get_action(ACTION_EXTRACT_SLOTS).run(
            output_channel, self.nlg, tracker, self.domain
        )
        await self._send_bot_messages(events, tracker, output_channel)
        tracker.update_with_events(events, self.domain)
        return tracker

    def predict_next_with_tracker_if_should(
        self, tracker: DialogueStateTracker
    ) -> tuple[Action, PolicyPrediction]:
        """As Rasa's, with actions built once."""
        goes_on = self.should_predict_another_action(tracker.latest_action_name)
        if self.is_action_limit_reached(tracker, goes_on):
            # Rasa stops in silence here; a turn that goes round in circles is a failed one.
            raise RasaException(
                f"the rules led through {self.max_number_of_predictions} actions without an end"
            )
        prediction = self._predict_next_with_tracker(tracker)
        name = self.domain.action_names_or_texts[prediction.max_confidence_index]
        return self._get_action(name), prediction

    def _get_action(self, action_name: str) -> Action:
        action = self._known_actions.get(action_name)
        if action is None:
            action = action_for_name_or_text(action_name, self.domain, self.action_endpoint)
            if isinstance(action, FormAction):
                # A form keeps state while it runs; the others are all in their name.
                return Form(action_name, self.action_endpoint)
            if isinstance(action, RemoteAction):
                action = CustomAction(action_name, self.action_endpoint)
            self._known_actions[action_name] = action
        return action

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        seen_by_action = tracker
        if prediction.events:
            # They are discarded again where the action refuses to run.
            seen_by_action = tracker.copy()
            seen_by_action.update_with_events(prediction.events, self.domain)
        try:
            events = await action.run(output_channel, nlg, seen_by_action, self.domain) or []
        except ActionExecutionRejection:
            tracker.update(
                ActionExecutionRejected(
                    action.name(), prediction.policy_name, prediction.max_confidence
                )
            )
            return bool(self.should_predict_another_action(action.name()))
        except Exception as error:
            expected = isinstance(error, (BusinessSystemError, RasaException, TimeoutError))
            log.error(
                "action %s failed: %s: %s",
                action.name(),
                type(error).__name__,
                error,
                exc_info=None if expected else error,
            )
            events = await self._failure_events(seen_by_action, output_channel)
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(event, UserUttered) for event in events):
            await self.run_action_extract_slots(output_channel, tracker)
        await self.execute_side_effects(events, tracker, output_channel)
        return bool(self.should_predict_another_action(action.name()))

    def _log_action_on_tracker(
        self,
        tracker: DialogueStateTracker,
        action: Action,
        events: list[Event] | None,
        prediction: PolicyPrediction,
    ) -> None:
        events = events or []
        if not any(isinstance(event, ActionExecutionRejected) for event in events):
            tracker.update_with_events(prediction.events, self.domain)
            tracker.update(action.event_for_successful_execution(prediction))
        tracker.update_with_events(events, self.domain)

    async def _failure_events(
        self, tracker: DialogueStateTracker, channel: OutputChannel
    ) -> list[Event]:
        """Tell the customer, leave the form, listen."""
        response = await self.nlg.generate(SERVICE_UNAVAILABLE, tracker, channel.name())
        events: list[Event] = []
        if response is not None:
            events.append(create_bot_utterance(dict(response, utter_action=SERVICE_UNAVAILABLE)))
        if tracker.active_loop_name:
            events += [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]
        return [*events, FollowupAction(ACTION_LISTEN_NAME)]

    async def _schedule_reminders(
        self,
        events: list[Event],
        tracker: DialogueStateTracker,  # noqa: ARG002 (Rasa's signature)
        output_channel: OutputChannel,  # noqa: ARG002
    ) -> None:
        if any(isinstance(event, ReminderScheduled) for event in events):
            # Rasa keeps reminders in the process's memory: they would be lost with it.
            log.error("an action scheduled a reminder; reminders are not supported")

    @staticmethod
    def _log_slots(tracker: DialogueStateTracker) -> None:
        """Nothing: Rasa copies all slots for a debug line here."""
