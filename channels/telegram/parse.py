"""From an update of Telegram's to what is to be done about it. Pure: no error but InvalidMessage."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from telegram import Chat, Message, Update, User
from telegram.constants import ChatType, MessageEntityType

from bot.errors import InvalidMessage
from bot.model.people import ChannelIdentity
from channels.reception import Arrival
from channels.telegram.address import CHANNEL, Address, parse_address
from channels.telegram.attachments import attachments_of, words_of
from channels.telegram.client import Me
from channels.telegram.presses import Pressed, pressed_message
from channels.telegram.values import locale, present, whole, words

# What the platform is asked to send; anything else is passed over.
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")

_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
_PAYLOADS = {"start": "/greet", "help": "/help"}


@dataclass(frozen=True)
class Said:
    """A message of a customer's."""

    arrival: Arrival


@dataclass(frozen=True)
class Linking:
    """A customer came by a deep link that carries `code`."""

    arrival: Arrival
    code: str


@dataclass(frozen=True)
class Unlinking:
    """A customer wants to be by themself again."""

    arrival: Arrival


@dataclass(frozen=True)
class Passed:
    """Nothing to answer; `reason` is a short name for the log."""

    reason: str


Event = Said | Linking | Unlinking | Pressed | Passed


def parse_update(body: bytes) -> Update:
    """The update in a webhook's body. Raises InvalidMessage."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage("not_json", "The body is not JSON.") from error
    if not isinstance(data, dict):
        raise InvalidMessage("not_an_update", "The body is no JSON object.")
    try:
        return Update.de_json(data, None)
    except Exception as error:  # the library raises whatever a field's value happens to break
        raise InvalidMessage(
            "not_an_update", f"The body is no update: {type(error).__name__}"
        ) from error


def needs_me(update: Update) -> bool:
    """Whether it takes the bot's own name to read it: a group's messages may be for others."""
    message = update.message
    return (
        message is not None
        and getattr(message.chat, "type", None) in _GROUPS
        and _passed(message) is None
    )


def read_update(update: Update, me: Me | None, received_at: float) -> Event:
    """What is to be done. `me` is the bot where `needs_me`, `received_at` in seconds since the
    epoch. Raises InvalidMessage.
    """
    event_id = str(whole(update.update_id))
    if update.message is not None:
        return _message(update.message, me, event_id, received_at)
    if update.callback_query is not None:
        query = update.callback_query
        shown = query.message
        if shown is None or query.data is None:
            return Passed("callback_without_message")
        topic = shown if isinstance(shown, Message) else None
        sender = present(query.from_user)
        return Pressed(
            identity=_identity(present(shown.chat), sender, topic),
            event_id=event_id,
            received_at=received_at,
            metadata=_metadata(sender),
            query_id=words(query.id),
            data=words(query.data),
            message=pressed_message(shown),
        )
    if update.my_chat_member is not None:
        status = words(present(update.my_chat_member.new_chat_member).status)
        return Passed(f"bot_is_now_{status}")
    return Passed(next((name for name in update.to_dict() if name != "update_id"), "empty"))


def _message(message: Message, me: Me | None, event_id: str, received_at: float) -> Event:
    passed, sender = _passed(message), message.from_user
    if passed is not None or sender is None:
        return passed or Passed("not_from_a_person")
    private = present(message.chat).type == ChatType.PRIVATE
    if not private and (me is None or not _is_addressed(message, me)):
        return Passed("not_addressed")
    text = words_of(message).strip()
    if not private:
        assert me is not None
        text = _without_mention(text, me)
    attachments = attachments_of(message)
    if not text and not attachments:
        # In a group, the bare mention of the bot is a greeting; else it is a service message.
        if private or not words(message.text):
            return Passed("nothing_said")
        text = "/start"
    return _said(
        Arrival(
            identity=_identity(message.chat, sender, message),
            event_id=event_id,
            text=text,
            received_at=received_at,
            metadata=_metadata(sender),
            attachments=attachments,
        ),
        private,
    )


def _passed(message: Message) -> Passed | None:
    """Where it needs no turn, whoever it is for."""
    sender = message.from_user
    if message.migrate_to_chat_id is not None:
        return Passed("group_migrated")
    if sender is None or message.sender_chat is not None or sender.is_bot:
        return Passed("not_from_a_person")
    return None


def _said(arrival: Arrival, private: bool) -> Event:
    match = _COMMAND.fullmatch(arrival.text)
    if match is None or arrival.attachments:
        return Said(arrival)
    command, rest = match[1].lower(), (match[3] or "").strip()
    if command == "start" and rest and private:
        # In a group others read along: nobody's conversation is to be brought there.
        return Linking(_with(arrival, text="/start"), rest)
    if command == "unlink":
        return Unlinking(_with(arrival, text="/unlink"))
    if command in _PAYLOADS:
        return Said(_with(arrival, text=f"/{command}", payload=_PAYLOADS[command]))
    return Said(_with(arrival, text=f"{match[1].replace('_', ' ').strip()} {rest}".strip()))


def _with(arrival: Arrival, text: str, payload: str | None = None) -> Arrival:
    return Arrival(
        identity=arrival.identity,
        event_id=arrival.event_id,
        text=text,
        received_at=arrival.received_at,
        payload=payload,
        metadata=arrival.metadata,
    )


def _is_addressed(message: Message, me: Me) -> bool:
    answered = message.reply_to_message
    # In a topic each message is a reply to the one that opened it.
    if answered is not None and answered.forum_topic_created is None:
        author = answered.from_user
        if author is not None and author.id == me.id:
            return True
    name = f"@{me.username}".casefold()
    for entity, text in _entities(message).items():
        if entity.type == MessageEntityType.MENTION and text.casefold() == name:
            return True
        if entity.type == MessageEntityType.BOT_COMMAND and text.casefold().endswith(name):
            return True
        named = entity.user if entity.type == MessageEntityType.TEXT_MENTION else None
        if named is not None and named.id == me.id:
            return True
    return False


def _entities(message: Message) -> dict[Any, str]:
    try:
        return message.parse_entities() if message.text else message.parse_caption_entities()
    except Exception as error:  # offsets that do not fit the text, of whatever type
        raise InvalidMessage(
            "not_an_update", f"An entity is broken: {type(error).__name__}"
        ) from error


def _without_mention(text: str, me: Me) -> str:
    if not me.username:
        return text
    # Not where it is a part of a command: /help@shop_bot
    mention = rf"(?<!\w)@{re.escape(me.username)}\b[ \t]*"
    return re.sub(mention, "", text, flags=re.IGNORECASE).strip()


def _identity(chat: Chat, sender: User, message: Message | None) -> ChannelIdentity:
    if chat.type == ChatType.PRIVATE:
        address = Address(whole(chat.id))
    else:
        topic = message.message_thread_id if message and message.is_topic_message else None
        address = Address(whole(chat.id), whole(sender.id), None if topic is None else whole(topic))
    try:
        parse_address(str(address))
    except ValueError as error:
        raise InvalidMessage("not_an_update", str(error)) from error
    return ChannelIdentity(CHANNEL, str(address))


def _metadata(sender: User) -> dict[str, Any]:
    language = locale(sender.language_code)
    return {"locale": language} if language else {}
