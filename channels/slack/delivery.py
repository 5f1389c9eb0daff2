"""Answers out to Slack: which calls they need, how fast they may be made, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError, SlackObjectFormationError

from bot.errors import DeliveryError, DeliveryRefused, RecipientGone
from bot.model.messages import Outbound
from bot.ports import Call, PushChannel, Rate, delivery_key
from channels.rendering.signing import signed
from channels.slack.address import CHANNEL, Address, parse_address
from channels.slack.client import Client
from channels.slack.errors import error_name, platform_errors
from channels.slack.layout import has_images, without_images
from channels.slack.posted import (
    POST,
    READING_PER_MINUTE,
    HistoryTooLong,
    find_posted,
    post_arguments,
    reader,
)
from channels.slack.render import render

logger = structlog.get_logger(__name__)

POST_PRIVATELY = "chat.postEphemeral"

# Slack allows one message a second in a channel, and lets bursts pass without promising it.
CHANNEL_SECONDS = 1.0
# "Several hundred messages per minute" in a workspace: https://docs.slack.dev/apis/web-api/rate-limits/
WORKSPACE_PER_MINUTE = 300

# Why nobody there can be answered privately; their direct messages are always open.
_NOT_THERE = frozenset(
    {"channel_not_found", "is_archived", "not_in_channel", "user_not_in_channel"}
)
# Without the right to read a channel nothing can be known about it.
MAY_NOT_READ = frozenset({"missing_scope", "no_permission", "not_allowed_token_type"})


class SlackDelivery(PushChannel):
    """`command` is the slash command's name. `workspace_per_minute`: how many messages a workspace
    may get in any minute. `staff_channel`: where staff take customers over; no customer is
    answered there, whoever was when the channel was another one.
    """

    name = CHANNEL

    def __init__(
        self,
        client: Client,
        *,
        command: str,
        workspace_per_minute: int = WORKSPACE_PER_MINUTE,
        staff_channel: str | None = None,
    ) -> None:
        self._client = client
        self._command = command
        self._staff_channel = staff_channel
        self._per_minute = workspace_per_minute

    def calls(self, message: Outbound) -> Sequence[Call]:
        address = _address(message)
        if address.channel == self._staff_channel:
            raise DeliveryRefused("that channel is the staff's now (SLACK_HANDOFF_CHANNEL)")
        try:
            rendered = render(signed(message), address, message.language, self._command)
        except SlackObjectFormationError as error:
            raise DeliveryRefused(
                f"Slack can't show this {message.content.kind}: {error}"
            ) from error
        return [
            _call(address, blocks, text, delivery_key(message, number))
            for number, (blocks, text) in enumerate(rendered)
        ]

    def rates(self, message: Outbound, call: Call) -> Sequence[Rate]:  # noqa: ARG002 (the interface's)
        return posting_rates(str(call.arguments["channel"]), self._per_minute)

    def rates_of_asking(self, message: Outbound, call: Call) -> Sequence[Rate]:
        if call.method != POST:
            return []
        return [reading_rate(_address(message).thread)]

    async def make(self, message: Outbound, number: int, call: Call) -> str | None:
        with platform_errors():
            if call.method == POST_PRIVATELY:
                return await self._post_privately(message, number, call.arguments)
            return await self._post(call.method, call.arguments)

    async def was_made(self, message: Outbound, number: int, call: Call) -> bool | None:
        if call.method != POST:
            # What one member alone sees is in no history.
            return None
        key = delivery_key(message, number)
        try:
            with platform_errors():
                return await self._is_there(message, key)
        except RecipientGone:
            return False
        except DeliveryError as error:
            cause = error.__cause__
            if isinstance(cause, SlackApiError) and error_name(cause) in MAY_NOT_READ:
                logger.warning("slack_history_unreadable", error=str(error))
                return None
            raise

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, method: str, arguments: Mapping[str, Any]) -> str | None:
        try:
            answer = await self._client.call(method, arguments)
        except SlackApiError as error:
            blocks = arguments["blocks"]
            if error_name(error) != "invalid_blocks" or not has_images(blocks):
                raise
            logger.warning("slack_picture_refused", error=str(error))
            answer = await self._client.call(
                method, {**arguments, "blocks": without_images(blocks)}
            )
        found = answer.get("ts") or answer.get("message_ts")
        return found if isinstance(found, str) else None

    async def _post_privately(
        self, message: Outbound, number: int, arguments: Mapping[str, Any]
    ) -> str | None:
        try:
            return await self._post(POST_PRIVATELY, arguments)
        except SlackApiError as error:
            if error_name(error) not in _NOT_THERE:
                raise
        # A command may be given where the bot is no member.
        user = arguments["user"]
        call = _post_to(user, arguments["blocks"], arguments["text"], delivery_key(message, number))
        return await self._post(call.method, call.arguments)

    async def _is_there(self, message: Outbound, key: str) -> bool | None:
        address = _address(message)
        try:
            found = await find_posted(
                self._client, address.channel, address.thread, key, message.asked_at
            )
        except HistoryTooLong:
            return None
        return found is not None


def posting_rates(channel: str, workspace_per_minute: int) -> Sequence[Rate]:
    """Which rates a message in a channel counts against. The app is in one workspace."""
    return [
        Rate(f"{CHANNEL}/{channel}", 1, CHANNEL_SECONDS),
        Rate(CHANNEL, workspace_per_minute, 60.0),
    ]


def reading_rate(thread: str | None) -> Rate:
    """Which rate looking for a message counts against."""
    return Rate(f"{CHANNEL}/{reader(thread)}", READING_PER_MINUTE, 60.0)


def _address(message: Outbound) -> Address:
    try:
        return parse_address(message.recipient)
    except ValueError as error:
        raise DeliveryRefused(str(error)) from error


def _call(address: Address, blocks: Sequence[Mapping[str, Any]], text: str, key: str) -> Call:
    if address.user is not None:
        return Call(
            POST_PRIVATELY,
            {
                "channel": address.channel,
                "user": address.user,
                "text": text,
                "blocks": list(blocks),
            },
        )
    return _post_to(address.channel, blocks, text, key, address.thread)


def _post_to(
    channel: str,
    blocks: Sequence[Mapping[str, Any]],
    text: str,
    key: str,
    thread: str | None = None,
) -> Call:
    return Call(POST, post_arguments(channel, blocks, text, key, thread))
