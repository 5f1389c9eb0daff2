"""Rasa as the dialogue engine. See `bot.ports.DialogueEngine`."""

from __future__ import annotations

import logging
import tarfile
import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.exceptions import ModelNotFound as RasaModelNotFound
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.errors import ModelNotFound, TurnFailed
from bot.model.content import Content
from bot.model.messages import Inbound
from bot.model.turns import TrackerWindow, TurnResult
from bot.pipeline.rasa_actions import InProcessActions, RemoteActions
from bot.pipeline.rasa_answers import contents_of
from bot.pipeline.rasa_choices import Numbered, chosen_payload, language_of
from bot.pipeline.rasa_floor import SUGGESTIONS, UTTER_HANDED_BACK, FloorProcessor
from bot.pipeline.rasa_outcome import (
    NOT_UNDERSTOOD,
    intent_of,
    is_understood,
    points_in,
    rated_in,
    request_in,
)
from bot.pipeline.rasa_processor import SERVICE_UNAVAILABLE
from bot.pipeline.rasa_window import cut, tracker_from, turns_to_keep
from bot.ports import DialogueEngine

log = logging.getLogger(__name__)

_RANKED_INTENTS = 5
# One of them takes some 100 kB.
_LIVE_TRACKERS = 1_024
_DAMAGED_ARCHIVE = (EOFError, tarfile.TarError, zlib.error)
# What the engine says by itself, and what that tells a customer.
_OWN_RESPONSES = {
    SERVICE_UNAVAILABLE: "a system behind the bot has failed",
    UTTER_HANDED_BACK: "the bot is there again after a person",
}

Actions = InProcessActions | RemoteActions


def _never(_: str, __: Content) -> bool:
    return False


class AnswerChannel(OutputChannel):
    """Collects what the bot says in one turn. `name()` is the customer's channel."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.answers: list[Content] = []

    def name(self) -> str:
        """The channel that conditional responses may ask for."""
        return self._channel

    async def send_response(
        self,
        recipient_id: str,  # noqa: ARG002 (Rasa's signature)
        message: dict[str, Any],
    ) -> None:
        """Take one bot message."""
        self.answers.extend(contents_of(message))


class RasaEngine(DialogueEngine):
    """A trained model and the actions it may call. Not to be shared between threads.

    `numbered` tells whether a channel, by its name, shows the choices of a content as a numbered
    list: there a number that is typed counts as pressed.
    """

    def __init__(
        self, processor: FloorProcessor, actions: Actions, numbered: Numbered = _never
    ) -> None:
        self._processor = processor
        self._actions = actions
        self._numbered = numbered
        self._domain = processor.domain
        nodes = processor.model_metadata.predict_schema.nodes.values()
        self._keep_turns = turns_to_keep(node.config for node in nodes)
        self._live: OrderedDict[str, tuple[TrackerWindow, DialogueStateTracker]] = OrderedDict()

    @classmethod
    def load(cls, model: Path, actions: Actions, numbered: Numbered = _never) -> RasaEngine:
        """Takes seconds. Raises ModelNotFound where the file is no model that can be served."""
        try:
            processor = FloorProcessor(model, actions)
        except (RasaModelNotFound, OSError, ValueError, *_DAMAGED_ARCHIVE) as error:
            raise ModelNotFound(
                f"{model} can't be loaded ({error}): train again, or remove it"
            ) from error
        metadata = processor.model_metadata
        if metadata.core_target is None or metadata.nlu_target is None:
            raise ModelNotFound(f"{model} holds only half a model: train NLU and rules together")
        for response, tells in _OWN_RESPONSES.items():
            if response not in processor.domain.responses:
                raise ModelNotFound(
                    f"the domain has no response {response}, which tells a customer that {tells}:"
                    " add it to domain.yml and train again"
                )
        return cls(processor, actions, numbered)

    @property
    def version(self) -> str:
        """See the port."""
        return str(self._processor.model_filename)

    async def prepare(self) -> None:
        """See the port."""
        await self._actions.prepare()

    def close(self) -> None:
        """See the port."""
        self._actions.close()

    def understand(self, messages: Sequence[Inbound]) -> Sequence[dict[str, Any]]:
        """See the port. A command is unpacked as it stands; only words go through the NLU."""
        parses = [_unpacked(message.command, self._domain) for message in messages]
        words = [number for number, parse in enumerate(parses) if parse is None]
        if words:
            understood = self._understand_words([messages[number].for_bot for number in words])
            for number, parse in zip(words, understood, strict=True):
                parses[number] = parse
        return [parse for parse in parses if parse is not None]

    async def answer(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """See the port. What is typed where choices were offered may be one of them."""
        if message.command is None:
            payload = chosen_payload(
                message.channel, message.text, window, language_of(window), self._numbered
            )
            if payload is not None:
                parse = _unpacked(payload, self._domain) or self._understand_words([payload])[0]
        return await self._take(self._processor.take_turn, message, turn_id, parse, window)

    async def listen(
        self, message: Inbound, turn_id: str, parse: dict[str, Any], window: TrackerWindow
    ) -> TurnResult:
        """See the port. What the desk and its people say is not in the tracker: that holds the
        customer's words and the bot's. So nothing that is typed is taken for a choice here.
        """
        result = await self._take(self._processor.listen, message, turn_id, parse, window)
        return replace(
            result,
            answers=(),
            understood=result.intent not in NOT_UNDERSTOOD,
            rated=points_in(parse),
        )

    async def resume(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """See the port."""
        hand_back = message.hand_back
        if hand_back is None:
            raise TurnFailed("the message hands nothing back")
        resume = partial(self._processor.resume, hand_back=hand_back)
        return await self._take(resume, message, turn_id, _no_parse(), window)

    async def apologise(self, message: Inbound, turn_id: str, window: TrackerWindow) -> TurnResult:
        """See the port."""
        parse = {**_no_parse(), TEXT: message.text}
        result = await self._take(self._processor.apologise, message, turn_id, parse, window)
        return replace(result, understood=False)

    async def _take(
        self,
        take: Callable[[UserMessage, DialogueStateTracker], Awaitable[None]],
        message: Inbound,
        turn_id: str,
        parse: dict[str, Any],
        window: TrackerWindow,
    ) -> TurnResult:
        channel = AnswerChannel(message.channel)
        try:
            tracker = self._tracker(message.conversation_id, window)
            before = len(tracker.events)
            await take(_rasa_message(message, turn_id, parse, channel), tracker)
            events = list(tracker.events)
            intent, confidence = intent_of(parse)
            read = TurnResult(
                (),
                channel.answers,
                window,
                intent=intent,
                confidence=confidence,
                understood=is_understood(intent, events[before:]),
                request=request_in(channel.answers, events),
                rated=rated_in(channel.answers),
            )
            return self._result(message.conversation_id, tracker, before, window, read)
        except Exception as error:
            raise TurnFailed(f"{type(error).__name__}: {error}") from error

    def _tracker(self, conversation_id: str, window: TrackerWindow) -> DialogueStateTracker:
        # Out of the shelf while in use: a turn that fails leaves nothing half-done there.
        window_and_tracker = self._live.pop(conversation_id, None)
        if window_and_tracker is not None and window_and_tracker[0] is window:
            return window_and_tracker[1]
        return tracker_from(conversation_id, window, self._domain)

    def _result(
        self,
        conversation_id: str,
        tracker: DialogueStateTracker,
        before: int,
        window: TrackerWindow,
        read: TurnResult,
    ) -> TurnResult:
        """What was read of the turn, with its events and the past after them."""
        events = tuple(event.as_dict() for event in islice(tracker.events, before, None))
        after = TrackerWindow(window.base, window.start, (*window.tail, *events))
        shorter = cut(after, conversation_id, self._domain, self._keep_turns)
        if shorter is not None:
            after, tracker = shorter, tracker_from(conversation_id, shorter, self._domain)
        self._live[conversation_id] = (after, tracker)
        if len(self._live) > _LIVE_TRACKERS:
            self._live.popitem(last=False)
        return replace(
            read,
            events=events,
            window=after,
            rebased=shorter is not None,
            language=language_of(after),
        )

    def _understand_words(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        target = self._processor.model_metadata.nlu_target
        # Typed words are never a command, not even when they begin like one.
        messages = [UserMessage(text.lstrip(INTENT_MESSAGE_PREFIX + " ")) for text in texts]
        runs = self._processor.graph_runner.run(
            inputs={"__message__": messages, "__tracker__": None}, targets=[target]
        )
        return [_parse_data(message) for message in runs[target]]


def _unpacked(command: str | None, domain: Domain) -> dict[str, Any] | None:
    """The parse of a command such as `/order_status`; None for words."""
    if command is None or not command.lstrip().startswith(INTENT_MESSAGE_PREFIX):
        return None
    message = YAMLStoryReader.unpack_regex_message(
        Message({TEXT: command}), domain, entity_extractor_name="payload"
    )
    return _parse_data(message)


def _no_parse() -> dict[str, Any]:
    return {TEXT: "", INTENT: {"name": None, "confidence": 0.0}, ENTITIES: []}


def _parse_data(message: Message) -> dict[str, Any]:
    parse = _no_parse()
    parse.update(message.as_dict(only_output_properties=True))
    if "intent_ranking" in parse:
        parse["intent_ranking"] = parse["intent_ranking"][:_RANKED_INTENTS]
    return parse


def _rasa_message(
    message: Inbound, turn_id: str, parse: dict[str, Any], channel: AnswerChannel
) -> UserMessage:
    # A channel's metadata may be a stranger's: nobody but the bot says what the bot suggests.
    given = {name: value for name, value in message.metadata.items() if name != SUGGESTIONS}
    return UserMessage(
        text=message.for_bot,
        output_channel=channel,
        sender_id=message.conversation_id,
        parse_data=parse,
        input_channel=message.channel,
        message_id=message.event_id,
        metadata={**given, "turn_id": turn_id},
    )
