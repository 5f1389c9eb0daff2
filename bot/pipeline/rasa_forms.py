"""Forms: validated by a custom action, and left for a person where they get no further."""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import create_bot_utterance
from rasa.core.actions.forms import FormAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActiveLoop,
    BotUttered,
    Event,
    FollowupAction,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.pipeline.rasa_actions import CustomAction
from bot.pipeline.rasa_outcome import attempts_refused, is_refusal

# What is said where a form has failed; without this response forms never give up. Its variables are
# `form` and `slot`.
FORM_FAILED = "utter_form_failed"
_ATTEMPTS = 3


class Form(FormAction):
    """A form whose `validate_<name>` action is a CustomAction.

    An answer that it refuses is asked for again. The third one in a row ends it: its details are
    forgotten, and FORM_FAILED is said in place of the question.
    """

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> list[Event]:
        """Its events. Raises ActionExecutionRejection where the message is no answer to it."""
        slot = tracker.get_slot(REQUESTED_SLOT)
        was_asked = slot is not None and tracker.active_loop_name == self.name()
        is_answer = was_asked and tracker.latest_action_name == ACTION_LISTEN_NAME
        events: list[Event] = await super().run(output_channel, nlg, tracker, domain)
        if not is_answer or not is_refusal(events) or not self._gives_up(tracker):
            return events
        said = await nlg.generate(
            FORM_FAILED, tracker, output_channel.name(), form=self.name(), slot=slot
        )
        if said is None:
            return events
        forgotten = [SlotSet(name, None) for name in self.required_slots(domain)]
        return [
            *(event for event in events if not isinstance(event, BotUttered)),
            create_bot_utterance({**said, "utter_action": FORM_FAILED}),
            *forgotten,
            ActiveLoop(None),
            SlotSet(REQUESTED_SLOT, None),
            FollowupAction(ACTION_LISTEN_NAME),
        ]

    async def validate_slots(
        self,
        slot_candidates: dict[str, Any],
        tracker: DialogueStateTracker,
        domain: Domain,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
    ) -> list[Event]:
        """The events of the form's validation action; none where the domain has no such action."""
        name = f"validate_{self.name()}"
        if name not in domain.action_names_or_texts:
            return []
        candidates = [SlotSet(slot, value) for slot, value in slot_candidates.items()]
        with_candidates = self._temporary_tracker(tracker, candidates, domain)
        events: list[Event] = await CustomAction(name, self.action_endpoint).run(
            output_channel, nlg, with_candidates, domain
        )
        return events

    def _gives_up(self, tracker: DialogueStateTracker) -> bool:
        """Whether the answers before this one were refused, too."""
        events = list(tracker.events)
        while events and not isinstance(events.pop(), UserUttered):
            pass
        return attempts_refused(events, self.name()) >= _ATTEMPTS - 1
