"""What staff do in their channel: words in a thread, and the buttons above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from bot.errors import DeliveryDelayed, HandoffRefused, StorageUnavailable
from bot.model.content import Text
from bot.model.handoff import Handoff, State
from bot.ports import Desk, DeskThreads
from channels.slack.background import Background
from channels.slack.client import Client
from channels.slack.desk.colleagues import Colleague, Colleagues
from channels.slack.desk.mirror import message_id
from channels.slack.desk.parse import (
    Pressed,
    Wrote,
    channel_of,
    is_desk_press,
    note_in,
    read_desk_press,
    read_written,
)
from channels.slack.desk.root import CLOSE, GIVE_BACK, TAKE
from channels.slack.desk.words import LANGUAGES, Words, words_for
from channels.slack.desk.written import mentioned, written
from channels.slack.mrkdwn import escape

Json = Mapping[str, Any]

# So many are asked for by name; whoever is mentioned after them is not.
_MENTIONS = 5

# Whoever is not told believes that the customer has read it.
_until_taken = retry(
    retry=retry_if_exception_type(DeliveryDelayed),
    wait=wait_random_exponential(multiplier=0.5, max=10.0),
    stop=stop_after_delay(60.0),
    reraise=True,
)


class SlackDesk:
    """The staff's channel: nothing in it is ever a customer's.

    What can't be done is told to its author alone, after Slack has its 200.
    """

    def __init__(
        self,
        desk: Desk,
        threads: DeskThreads,
        colleagues: Colleagues,
        *,
        client: Client,
        background: Background,
        channel: str,
    ) -> None:
        self._desk = desk
        self._threads = threads
        self._colleagues = colleagues
        self._client = client
        self._background = background
        self._channel = channel

    def is_here(self, body: Json) -> bool:
        """Whether an event, a press or a command is in the staff's channel."""
        return self.is_staffs(channel_of(body))

    def is_staffs(self, channel: str | None) -> bool:
        """Whether that is the staff's channel."""
        return channel == self._channel

    async def on_event(self, body: Json) -> None:
        """Take in what happened there. Raises InvalidMessage; StorageUnavailable: Slack is to tell
        it again.
        """
        wrote = read_written(body)
        if wrote is None:
            return
        handoff_id = await self._threads.handoff_at(str(wrote.place))
        if handoff_id is None:
            # Talk among colleagues.
            return
        if wrote.kind == "wrote":
            await self._on_wrote(wrote, handoff_id)
        else:
            await self._on_changed_words(wrote, handoff_id)

    async def on_press(self, body: Json) -> None:
        """Do what a button says. Raises InvalidMessage; StorageUnavailable, of which the presser has
        been told: Slack does not press again.
        """
        if not is_desk_press(body):
            return
        pressed = read_desk_press(body)
        try:
            colleague = await self._colleagues.find(pressed.user, pressed.name)
            await self._do(pressed, colleague)
        except HandoffRefused as error:
            why = await self._why(error, pressed.handoff_id, colleague.locale)
            words = words_for(colleague.locale)
            self._answer(pressed, words.not_done.format(why=why))
        except StorageUnavailable:
            # Their language may be just what can't be known.
            both = "\n".join(words_for(language).unavailable for language in LANGUAGES)
            self._answer(pressed, both)
            raise

    def command_words(self) -> str:
        """The answer to a command that is given there."""
        return "\n".join(words_for(language).command_here for language in LANGUAGES)

    # ----------------------------------------------------------------------------- what it means

    async def _on_wrote(self, wrote: Wrote, handoff_id: str) -> None:
        colleague = await self._colleagues.find(wrote.user)
        note = note_in(wrote.event)
        try:
            if note:
                await self._desk.add_note(handoff_id, colleague.agent, note)
            elif note is None:
                await self._say(wrote, handoff_id, colleague)
        except HandoffRefused as error:
            why = await self._why(error, handoff_id, colleague.locale)
            words = words_for(colleague.locale)
            self._tell(wrote, words.not_sent.format(why=why))

    async def _say(self, wrote: Wrote, handoff_id: str, colleague: Colleague) -> None:
        words = words_for(colleague.locale)
        handoff = await self._desk.find(handoff_id)
        if handoff.state is State.WAITING:
            self._tell(wrote, words.take_first)
            return
        if not handoff.is_open:
            self._tell(wrote, words.ended)
            return
        text = written(wrote.event, await self._names(wrote))
        if text:
            content = Text(text)
            by, said = colleague.agent, message_id(wrote.timestamp)
            await self._desk.say(handoff_id, by, content, said)
        if wrote.has_files:
            self._tell(wrote, words.files)

    async def _on_changed_words(self, wrote: Wrote, handoff_id: str) -> None:
        """Whoever corrects what the customer has read is told so."""
        if note_in(wrote.event) is not None:
            return
        try:
            handoff = await self._desk.find(handoff_id)
        except HandoffRefused:
            return
        colleague = await self._colleagues.find(wrote.user)
        if not handoff.is_open or not _has(handoff, colleague):
            return
        words = words_for(colleague.locale)
        self._tell(wrote, words.edited if wrote.kind == "edited" else words.deleted)

    async def _do(self, pressed: Pressed, colleague: Colleague) -> None:
        by = colleague.agent
        if pressed.action == TAKE:
            await self._desk.claim(pressed.handoff_id, by)
        elif pressed.action == GIVE_BACK:
            await self._desk.return_to_bot(pressed.handoff_id, by, {})
        elif pressed.action == CLOSE:
            await self._desk.close(pressed.handoff_id, by, resolved=True)

    async def _names(self, wrote: Wrote) -> Mapping[str, str]:
        names = {}
        for user in sorted(mentioned(wrote.event))[:_MENTIONS]:
            names[user] = (await self._colleagues.find(user)).agent.name
        return names

    # ------------------------------------------------------------------------------ what is told

    async def _why(self, error: HandoffRefused, handoff_id: str, locale: str | None) -> str:
        words = words_for(locale)
        sentence = words.refusals.get(error.reason)
        if sentence is None:
            return str(error)
        return sentence.format(name=await self._owner(handoff_id, words))

    async def _owner(self, handoff_id: str, words: Words) -> str:
        try:
            handoff = await self._desk.find(handoff_id)
        except HandoffRefused:
            return words.somebody
        return words.somebody if handoff.owner is None else handoff.owner.name

    def _tell(self, wrote: Wrote, text: str) -> None:
        place, user, shown = wrote.place, wrote.user, escape(text)

        @_until_taken
        async def tell() -> None:
            await self._client.tell(place.channel, user, shown, place.thread)

        self._background.add(tell)

    def _answer(self, pressed: Pressed, text: str) -> None:
        shown = escape(text)
        url = pressed.response_url

        @_until_taken
        async def answer() -> None:
            if url is None:
                await self._client.tell(pressed.channel, pressed.user, shown)
                return
            body = {"response_type": "ephemeral", "replace_original": False, "text": shown}
            await self._client.respond(url, body)

        self._background.add(answer)


def _has(handoff: Handoff, colleague: Colleague) -> bool:
    return handoff.owner is not None and handoff.owner.id == colleague.agent.id
