"""Choices as inline keyboards, requests as reply keyboards. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.constants import InlineKeyboardMarkupLimit

from bot.model.content import Button, Request
from channels.rendering.split import utf16_length
from channels.telegram.words import share_button

# Puts a reply keyboard away. One for all: the library can't compare two.
NO_KEYBOARD = ReplyKeyboardRemove()

# What a phone shows of a row: characters, each button taking three for its edges.
_ROW = 32
_EDGES = 3


def inline_keyboard(
    buttons: Sequence[Button], data_of: Callable[[Button], str]
) -> InlineKeyboardMarkup:
    """The choices, as many in a row as can be read. `data_of` gives what a pressed one sends."""
    rows: list[list[InlineKeyboardButton]] = []
    room = 0
    for button in buttons:
        width = utf16_length(button.title) + _EDGES
        if not rows or width > room or len(rows[-1]) == InlineKeyboardMarkupLimit.BUTTONS_PER_ROW:
            rows.append([])
            room = _ROW
        room -= width
        rows[-1].append(
            InlineKeyboardButton(button.title, url=button.url)
            if button.url is not None
            else InlineKeyboardButton(button.title, callback_data=data_of(button))
        )
    return InlineKeyboardMarkup(rows)


def request_keyboard(request: Request, language: str | None) -> ReplyKeyboardMarkup:
    """A button that shares the place or the number; the customer may also write."""
    title = share_button(request.what, language)
    return ReplyKeyboardMarkup(
        [
            [
                KeyboardButton(
                    title,
                    request_location=request.what == "location" or None,
                    request_contact=request.what == "phone" or None,
                )
            ]
        ],
        resize_keyboard=True,
        one_time_keyboard=True,
    )
