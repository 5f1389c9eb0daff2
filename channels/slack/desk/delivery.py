"""Handoffs out to the staff's channel: a thread each, whose first message shows how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.errors import DeliveryDelayed, DeliveryError, DeliveryRefused, UnreadableEntry
from bot.model.handoff import Handoff
from bot.model.messages import Outbound
from bot.ports import (
    Call,
    DeskDirectory,
    DeskThreads,
    PushChannel,
    Rate,
    Transcripts,
    delivery_key,
)
from channels.slack.client import Client
from channels.slack.delivery import MAY_NOT_READ, posting_rates, reading_rate
from channels.slack.desk.lines import HISTORY_LINES, change_line, history_message, spoken_lines
from channels.slack.desk.place import Place, parse_place
from channels.slack.desk.root import root_of
from channels.slack.desk.shown import CHANNEL, Changed, Shown, shown_from_content
from channels.slack.errors import error_name, platform_errors
from channels.slack.posted import POST, HistoryTooLong, find_posted, post_arguments

logger = structlog.get_logger(__name__)

UPDATE = "chat.update"

# The calls that a message needs; what is not known before they are made is filled in then.
OPEN = "open"
HISTORY = "history"
REFRESH = "refresh"
CHANGE = "change"
LINE = "line"

# chat.update is of Slack's tier 3: "50+ per minute".
_UPDATES_PER_MINUTE = 50
# More than the desk says between the request and a sender's look at the transcript.
_MARGIN = 30
# Somebody has deleted the first message, or Slack lets nobody change it any more.
_NOT_TO_BE_CHANGED = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})


class SlackDeskDelivery(PushChannel):
    """The recipient of a message is the handoff's id; `threads` knows where its thread is.

    A thread that is not there yet, or is in another channel than `channel`, is begun by whatever
    comes first. `link` makes a conversation's address in the console.
    """

    name = CHANNEL

    def __init__(
        self,
        client: Client,
        threads: DeskThreads,
        directory: DeskDirectory,
        transcripts: Transcripts,
        *,
        channel: str,
        workspace_per_minute: int,
        link: Callable[[str], str] | None = None,
    ) -> None:
        self._client = client
        self._threads = threads
        self._directory = directory
        self._transcripts = transcripts
        self._channel = channel
        self._per_minute = workspace_per_minute
        self._link = link

    def calls(self, message: Outbound) -> Sequence[Call]:
        shown = _shown(message)
        if not isinstance(shown, Changed):
            return [
                Call(LINE, {"blocks": list(blocks), "text": text})
                for blocks, text in spoken_lines(shown)
            ]
        if shown.change == "begun":
            return [Call(OPEN), Call(HISTORY)]
        if shown.change == "other":
            return [Call(CHANGE)]
        return [Call(REFRESH), Call(CHANGE)]

    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:  # noqa: ARG002 (the interface's)
        if call.method == REFRESH:
            return [Rate(f"slack/{UPDATE}", _UPDATES_PER_MINUTE, 60.0)]
        return posting_rates(self._channel, self._per_minute)

    def rates_of_asking(self, message: Outbound, call: Call) -> Sequence[Rate]:  # noqa: ARG002
        if call.method == REFRESH:
            return ()
        return [reading_rate(None if call.method == OPEN else self._channel)]

    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        shown = _shown(message)
        place = await self._place(shown.handoff.id)
        with platform_errors():
            if call.method in (OPEN, REFRESH):
                if place is None:
                    return await self._open(shown.handoff)
                return await self._refresh(shown.handoff, place)
            if place is None:
                await self._open(shown.handoff)
                raise DeliveryDelayed("its thread has just been begun", retry_after=1.0)
            blocks, text = await self._line(shown, call)
            key = delivery_key(message, number)
            return await self._post(post_arguments(self._channel, blocks, text, key, place.thread))

    async def was_made(self, message: Outbound, number: int, call: Call) -> bool | None:
        if call.method == REFRESH:
            # Made again it changes nothing.
            return False
        handoff_id = _shown(message).handoff.id
        place = await self._place(handoff_id)
        try:
            with platform_errors():
                if place is None:
                    place = await self._look_for_thread(handoff_id, message.asked_at)
                if call.method == OPEN or place is None:
                    return place is not None
                key = delivery_key(message, number)
                found = await find_posted(
                    self._client, self._channel, place.thread, key, message.asked_at
                )
                return found is not None
        except HistoryTooLong:
            return None
        except DeliveryError as error:
            cause = error.__cause__
            if isinstance(cause, SlackApiError) and error_name(cause) in MAY_NOT_READ:
                logger.warning("slack_history_unreadable", error=str(error))
                return None
            raise

    async def close(self) -> None:
        await self._client.close()

    async def _place(self, handoff_id: str) -> Place | None:
        kept = await self._threads.place_of(handoff_id)
        place = None if kept is None else parse_place(kept)
        # In an earlier channel nobody's words are heard any more.
        return place if place is not None and place.channel == self._channel else None

    async def _open(self, handoff: Handoff) -> str | None:
        blocks, text = await self._root(handoff)
        key = _thread_key(handoff.id)
        timestamp = await self._post(post_arguments(self._channel, blocks, text, key))
        if timestamp is not None:
            await self._threads.keep(handoff.id, str(Place(self._channel, timestamp)))
        return timestamp

    async def _look_for_thread(self, handoff_id: str, since: float) -> Place | None:
        """A first message that Slack took while nobody learned where it is."""
        found = await find_posted(self._client, self._channel, None, _thread_key(handoff_id), since)
        if not found:
            return None
        place = Place(self._channel, found)
        await self._threads.keep(handoff_id, str(place))
        return place

    async def _refresh(self, handoff: Handoff, place: Place) -> str | None:
        blocks, text = await self._root(handoff)
        arguments = {"channel": place.channel, "ts": place.thread, "blocks": blocks, "text": text}
        try:
            await self._client.call(UPDATE, arguments)
        except SlackApiError as error:
            if error_name(error) not in _NOT_TO_BE_CHANGED:
                raise
            logger.warning("slack_desk_root_unchangeable", handoff=handoff.id, error=str(error))
        return place.thread

    async def _root(self, handoff: Handoff) -> tuple[Sequence[Mapping[str, Any]], str]:
        label = await self._directory.label(handoff)
        link = None if self._link is None else self._link(handoff.conversation_id)
        return root_of(handoff, label, link)

    async def _line(self, shown: Shown, call: Call) -> tuple[Sequence[Mapping[str, Any]], str]:
        if call.method == LINE:
            return call.arguments["blocks"], call.arguments["text"]
        label = await self._directory.label(shown.handoff)
        if call.method == HISTORY or not isinstance(shown, Changed):
            handoff = shown.handoff
            said = await self._transcripts.read(
                handoff.conversation_id, limit=HISTORY_LINES + _MARGIN
            )
            return history_message(handoff, said, label)
        user = await self._user(shown, label.owner_login)
        return change_line(shown, label, user)

    async def _user(self, changed: Changed, login: str | None) -> str | None:
        """The Slack user who has taken it in Slack."""
        owner = changed.handoff.owner
        if owner is None or owner.desk != "slack" or changed.change not in ("taken", "given"):
            return None
        if owner.id.startswith("slack:"):
            return owner.id.removeprefix("slack:")
        return None if login is None else await self._client.user_with_email(login)

    async def _post(self, arguments: Mapping[str, Any]) -> str | None:
        answer = await self._client.call(POST, arguments)
        found = answer.get("ts")
        return found if isinstance(found, str) else None


def _shown(message: Outbound) -> Shown:
    try:
        return shown_from_content(message.content)
    except UnreadableEntry as error:
        raise DeliveryRefused(str(error)) from error


def _thread_key(handoff_id: str) -> str:
    return f"{CHANNEL}/{handoff_id}"
