"""A customer in one of the order forms: Rasa's form, responses and tracker, the worker's callers."""

from __future__ import annotations

import copy
from typing import Any

from rasa.core.actions.action import action_for_name_or_text
from rasa.core.channels import CollectingOutputChannel
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.pipeline.rasa_actions import CustomAction, InProcessActions, RemoteActions
from bot.pipeline.rasa_forms import Form

Way = InProcessActions | RemoteActions


class Recording:
    """Passes calls on, and keeps what came back."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self.kwargs = way.kwargs
        self.answers: list[dict[str, Any]] = []

    async def request(self, **arguments: Any) -> Any:
        answer = await self._way.request(**arguments)
        self.answers.append(copy.deepcopy(answer))
        return answer


class Conversation:
    """One customer in a form, with Rasa's form, response templates and tracker.

    What the policies do is written out: a message goes to the active form, else to a new one; when
    the form has ended, `after` follows, and whatever that asks to follow it.
    """

    def __init__(
        self,
        way: Way,
        domain: Domain,
        *,
        form: str = "order_form",
        after: str = "action_order_status",
        language: str | None = None,
        name: str = "conversation",
    ) -> None:
        self.endpoint = Recording(way)
        self._domain, self._form, self._after = domain, form, after
        self._nlg = TemplatedNaturalLanguageGenerator(domain.responses)
        self.tracker = DialogueStateTracker(name, domain.slots)
        self._turns = 0
        self.add([ActionExecuted("action_session_start"), ActionExecuted("action_listen")])
        if language:
            self.add([SlotSet("language", language)])

    async def say(self, text: str, *, turn_id: str | None = None, **slots: str) -> list[str]:
        """What the bot answers; `slots` are what Rasa's extractor takes from the message."""
        self._turns += 1
        metadata = {"turn_id": turn_id or str(self._turns)}
        self.add([UserUttered(text, {"name": "provide_order_details"}, metadata=metadata)])
        self.add([SlotSet(name, value) for name, value in slots.items()])
        said = await self._run(Form(self._form, self.endpoint))
        if self.tracker.active_loop_name is None:
            said += await self.run_action(self._after)
        self.add([ActionExecuted("action_listen")])
        return said

    async def run_action(self, name: str) -> list[str]:
        """What a custom action says, and the one that it asks to follow."""
        said = await self._run(CustomAction(name, self.endpoint))
        follower = self.tracker.followup_action
        if follower is not None:
            self.tracker.clear_followup_action()
            said += await self._run(
                Form(follower, self.endpoint)
                if follower in self._domain.form_names
                else action_for_name_or_text(follower, self._domain, None)
            )
        return said

    async def _run(self, action: Any) -> list[str]:
        events = await action.run(CollectingOutputChannel(), self._nlg, self.tracker, self._domain)
        self.add([ActionExecuted(action.name()), *events])
        return [
            event.metadata.get("utter_action", event.text)
            for event in events
            if event.type_name == "bot"
        ]

    def texts(self) -> list[str]:
        return [event.text for event in self.tracker.events if event.type_name == "bot"]

    def slot(self, name: str) -> Any:
        return self.tracker.get_slot(name)

    def add(self, events: list[Event]) -> None:
        """Put events into the tracker."""
        self.tracker.update_with_events(events, self._domain)


async def ask(conversation: Conversation, number: str, postcode: str) -> list[str]:
    """Answer the form's two questions; what the bot says to the second answer."""
    await conversation.say(number, order_number=number)
    return await conversation.say(postcode, postcode=postcode)
