"""The dialogue engine while a person has the floor, and when the bot gets it back.

In silence a message is only kept, with what the bot would have said to it. The tracker then looks
as if the bot had listened, and been listened to, all the time: no rule takes a word from before for
the one that was said last.
"""

from __future__ import annotations

import logging
from typing import Any

from rasa.core.actions.action import ActionBotResponse
from rasa.core.channels.channel import UserMessage
from rasa.core.policies.policy import PolicyPrediction
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    REQUESTED_SLOT,
)
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    DefinePrevUserUtteredFeaturization,
    Event,
    SessionStarted,
    SlotSet,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_NAME_KEY, TEXT

from bot.model.content import Content, Custom, Typing, content_to_dict
from bot.model.handoff import HandBack
from bot.pipeline.rasa_answers import contents_of
from bot.pipeline.rasa_outcome import intent_of, is_topic
from bot.pipeline.rasa_processor import TurnProcessor

log = logging.getLogger(__name__)

# The intent of the turn in which the bot gets the floor back, and what it says then.
HANDED_BACK = "handed_back"
UTTER_HANDED_BACK = f"utter_{HANDED_BACK}"
# The slot that holds the id of the handoff that ended last, where the domain has it.
LAST_HANDOFF = "last_handoff"
# Where a user event keeps what the bot would have said to it.
SUGGESTIONS = "suggestions"
# What the desk asks for at the end of a handoff; a number that is typed then is the answer.
ASK_RATING = {"rating": {"payload": '/rate{"rating": "$rating"}'}}
_MOST_SUGGESTIONS = 3
# They are for programs, or say nothing.
_UNSAYABLE = (Custom, Typing)


class FloorProcessor(TurnProcessor):
    """Takes the turns of a conversation that a person has the floor of, too."""

    async def listen(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        """Let the tracker take the (already parsed) message in silence; see DialogueEngine.listen.

        No action runs, not even those that look for slots in the message: what is told to a person
        is not told to the bot's forms.
        """
        self._begin(tracker)
        suggestions, noticed = await self._would_say(message, tracker)
        if suggestions:
            said = [content_to_dict(content) for content in suggestions]
            message.metadata = {**(message.metadata or {}), SUGGESTIONS: said}
        await self._handle_message_with_tracker(message, tracker)
        tracker.update_with_events(noticed, self.domain)
        self._end(tracker)

    async def resume(
        self, message: UserMessage, tracker: DialogueStateTracker, hand_back: HandBack
    ) -> None:
        """Let the tracker take the floor back; see DialogueEngine.resume."""
        self._begin(tracker)
        message.text = f"/{HANDED_BACK}"
        message.parse_data = {
            TEXT: message.text,
            INTENT: {INTENT_NAME_KEY: HANDED_BACK, "confidence": 1.0},
            ENTITIES: [],
        }
        message.metadata = {**(message.metadata or {}), "handoff_id": hand_back.handoff_id}
        await self._handle_message_with_tracker(message, tracker)
        tracker.update(DefinePrevUserUtteredFeaturization(False), self.domain)
        tracker.update_with_events(self._slots_of(hand_back), self.domain)
        if tracker.active_loop_name:
            tracker.update_with_events(
                [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)], self.domain
            )
        tracker.clear_followup_action()
        if not hand_back.quiet:
            await self._say(UTTER_HANDED_BACK, message, tracker)
        if hand_back.rating:
            tracker.update(BotUttered(data={"custom": ASK_RATING}, metadata={}), self.domain)
        self._end(tracker)

    async def _say(
        self, response: str, message: UserMessage, tracker: DialogueStateTracker
    ) -> None:
        channel = message.output_channel
        assert channel is not None
        prediction = PolicyPrediction.for_action_name(self.domain, response)
        await self._run_action(self._get_action(response), tracker, channel, self.nlg, prediction)

    def _begin(self, tracker: DialogueStateTracker) -> None:
        """A conversation whose first message is kept in silence begins like any other one."""
        if not tracker.applied_events():
            tracker.update_with_events(
                [
                    ActionExecuted(ACTION_SESSION_START_NAME),
                    SessionStarted(),
                    ActionExecuted(ACTION_LISTEN_NAME),
                ],
                self.domain,
            )

    def _end(self, tracker: DialogueStateTracker) -> None:
        tracker.clear_followup_action()
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME), self.domain)

    def _slots_of(self, hand_back: HandBack) -> list[Event]:
        known = {slot.name for slot in self.domain.slots} - {REQUESTED_SLOT}
        unknown = sorted(set(hand_back.slots) - known)
        if unknown:
            log.warning("slots that the domain does not know were not set: %s", ", ".join(unknown))
        slots: dict[str, Any] = {LAST_HANDOFF: hand_back.handoff_id, **hand_back.slots}
        return [SlotSet(name, value) for name, value in slots.items() if name in known]

    async def _would_say(
        self, message: UserMessage, tracker: DialogueStateTracker
    ) -> tuple[list[Content], list[Event]]:
        """What the bot would say, and what its policies noticed (the language, for one).

        Tried on a copy on which no form is active: to a person customers speak freely. Ends before
        the first action that would do more than say something.
        """
        noticed: list[Event] = [DefinePrevUserUtteredFeaturization(False)]
        try:
            copy = tracker.copy()
            if copy.active_loop_name:
                copy.update_with_events(
                    [ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)], self.domain
                )
            copy.clear_followup_action()
            await self._handle_message_with_tracker(message, copy)
            action, prediction = self.predict_next_with_tracker_if_should(copy)
            noticed += [event for event in prediction.events if isinstance(event, SlotSet)]
            if not is_topic(intent_of(message.parse_data or {})[0]):
                # What the bot says to a yes, or of itself, makes no sense in a person's mouth.
                return [], noticed
            said: list[Content] = []
            while isinstance(action, ActionBotResponse) and len(said) < _MOST_SUGGESTIONS:
                copy.update_with_events(prediction.events, self.domain)
                events = await action.run(message.output_channel, self.nlg, copy, self.domain)
                said += _sayable(events)
                copy.update(action.event_for_successful_execution(prediction))
                copy.update_with_events(events, self.domain)
                action, prediction = self.predict_next_with_tracker_if_should(copy)
        except Exception:
            # A person answers in any case: the message must be kept, with a suggestion or without.
            log.exception("nothing could be suggested")
            return [], noticed
        return said[:_MOST_SUGGESTIONS], noticed


def _sayable(events: list[Event]) -> list[Content]:
    """What a person could say in the bot's place: not that it gets a person."""
    contents = [
        content
        for event in events
        if isinstance(event, BotUttered)
        for content in contents_of(event.message())
    ]
    if any(isinstance(content, Custom) and "handoff" in content.data for content in contents):
        return []
    return [content for content in contents if not isinstance(content, _UNSAYABLE)]
