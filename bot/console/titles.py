"""What states, steps, causes and channels are called; marked for translation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from babel import Locale, UnknownLocaleError

from bot.console.words import Words, mark
from bot.model.handoff import Cause, State, Step

_CHANNELS: Mapping[str, str] = {
    "web": mark("Website"),
    "rest": "REST",
    "slack": "Slack",
    "telegram": "Telegram",
    "messenger": "Messenger",
}

CAUSES: Mapping[str, str] = {
    Cause.CUSTOMER_ASKED.value: mark("Asked for a person"),
    Cause.NOT_UNDERSTOOD.value: mark("The bot did not understand"),
    Cause.FORM_FAILED.value: mark("A question went wrong"),
    Cause.ACTION_ASKED.value: mark("The bot asked for help"),
    Cause.STAFF_TOOK_OVER.value: mark("Taken over by staff"),
}

STATES: Mapping[str, str] = {
    State.BOT.value: mark("With the bot"),
    State.WAITING.value: mark("Waiting"),
    State.WITH_PERSON.value: mark("With a person"),
    State.WRAPPED_UP.value: mark("Wrapped up"),
    State.BACK_TO_BOT.value: mark("Back to the bot"),
}

ENDS: Mapping[str, str] = {
    "resolved": mark("Resolved"),
    "unresolved": mark("Not resolved"),
    "returned": mark("Returned to the bot"),
    "turned_away": mark("Nobody was there"),
    "left": mark("The customer left the queue"),
}

# What each step was, in the history. `who` did it, `owner` has the conversation after it.
STEPS: Mapping[str, str] = {
    Step.REQUEST.value: mark("A person was asked for"),
    Step.TAKE_OVER.value: mark("%(who)s took the conversation over"),
    Step.CLAIM.value: mark("%(who)s took the conversation"),
    Step.ASSIGN.value: mark("Given to %(owner)s by %(who)s"),
    Step.TRANSFER.value: mark("%(who)s transferred it to %(owner)s"),
    Step.REQUEUE.value: mark("%(who)s put it into the queue of %(team)s"),
    Step.AGENT_GONE.value: mark("The connection of its agent was gone: back in the queue"),
    Step.ESCALATE.value: mark("Waited too long: escalated"),
    Step.TURN_AWAY.value: mark("Nobody was there: another way was offered"),
    Step.LEAVE.value: mark("The customer went back to the bot"),
    Step.CLOSE.value: mark("%(who)s closed the conversation"),
    Step.RETURN.value: mark("%(who)s returned the customer to the bot"),
    Step.RESUMED.value: mark("The bot is there again"),
    # Where it is not known who did it.
    "taken": mark("Somebody took the conversation"),
    "assigned": mark("Given to %(owner)s"),
    "requeued": mark("Put into another queue"),
    "moved": mark("The conversation has moved on"),
}

_CUSTOMER = mark("Customer %(sign)s")


def customer_title(words: Words, name: str | None, conversation_id: str) -> str:
    """A customer's name; who has told none gets a sign that stays the same."""
    if name:
        return name
    sign = hashlib.sha256(conversation_id.encode("utf-8", "surrogatepass")).hexdigest()[:4].upper()
    return words.gettext(_CUSTOMER) % {"sign": sign}


def language_title(language: str, shown_in: str) -> str:
    """A language's name, in another one; the code itself where there is none."""
    try:
        name = Locale.parse(language, sep="-").get_display_name(shown_in)
    except (ValueError, UnknownLocaleError):
        name = None
    return name[:1].upper() + name[1:] if name else language


def channel_title(channel: str | None) -> str:
    """A channel's name for people; its own where it has no other."""
    return _CHANNELS.get(channel or "", channel or "")
