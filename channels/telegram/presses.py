"""Pressed buttons of inline keyboards: what their data means, and how a keyboard shows the choice.

Pure functions. The data of a button is at most 64 bytes, so what it stands for is kept by Offers;
the data is a mark and the reference to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MaybeInaccessibleMessage, Message

from bot.model.people import ChannelIdentity
from channels.telegram.values import whole

# The keyboard is over once one of it was pressed / stays, for another choice later.
ONCE = "1"
AGAIN = "+"
# The button that shows what was chosen; pressing it does nothing.
DONE = "."
_CHOSEN = "✓ "


@dataclass(frozen=True)
class PressedMessage:
    """The message under which a button was pressed, and its keyboard where that can be seen."""

    chat_id: int
    message_id: int
    keyboard: InlineKeyboardMarkup | None


@dataclass(frozen=True)
class Pressed:
    """A customer pressed a button. `query_id` is what the platform wants answered."""

    identity: ChannelIdentity
    event_id: str
    received_at: float
    metadata: Mapping[str, Any]
    query_id: str
    data: str
    message: PressedMessage

    @property
    def is_over(self) -> bool:
        """Whether the button only shows what was chosen before."""
        return self.data == DONE

    @property
    def reference(self) -> str:
        """What Offers knows the choice by; empty where the data is none of ours."""
        return self.data[1:] if self.data[:1] in (ONCE, AGAIN) else ""


def button_data(reference: str, once: bool) -> str:
    """The data of a button. `once`: the choice can be made once only."""
    return f"{ONCE if once else AGAIN}{reference}"


def pressed_message(message: MaybeInaccessibleMessage) -> PressedMessage:
    """Raises InvalidMessage."""
    keyboard = message.reply_markup if isinstance(message, Message) else None
    return PressedMessage(whole(message.chat.id), whole(message.message_id), keyboard)


def marked(keyboard: InlineKeyboardMarkup, data: str) -> InlineKeyboardMarkup | None:
    """The keyboard as it looks once the button with that data was pressed; None: as it is.

    One for a single choice keeps the chosen button alone, any other one marks it.
    """
    rows: list[list[InlineKeyboardButton]] = []
    for row in keyboard.inline_keyboard:
        shown = [_marked(button, data) for button in row]
        if data.startswith(ONCE):
            shown = [button for button in shown if button.callback_data == DONE or button.url]
        if shown:
            rows.append(shown)
    result = InlineKeyboardMarkup(rows)
    return None if result.to_dict() == keyboard.to_dict() else result


def _marked(button: InlineKeyboardButton, data: str) -> InlineKeyboardButton:
    if not isinstance(button.callback_data, str):
        return button
    title = button.text.removeprefix(_CHOSEN)
    if button.callback_data != data:
        return InlineKeyboardButton(title, callback_data=button.callback_data)
    kept = DONE if data.startswith(ONCE) else data
    return InlineKeyboardButton(f"{_CHOSEN}{title}", callback_data=kept)
