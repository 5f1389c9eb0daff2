"""The App Home: a greeting, ways to begin, and with what the conversation is connected. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DividerBlock,
    HeaderBlock,
    PlainTextObject,
)
from slack_sdk.models.views import View

from bot.model.languages import known_language
from channels.rendering.markup import parse
from channels.slack.address import Address
from channels.slack.presses import ASK, UNLINK
from channels.slack.rich_text import rich_text
from channels.slack.words import LANGUAGES, Words, words_for


def home_view(address: Address, locale: str | None, linked: Sequence[str]) -> dict[str, Any]:
    """The view for somebody whose direct messages are at `address`.

    In the language of `locale`, in all of them where that is not known. `linked` names the other
    channels that the conversation is in.
    """
    language = known_language(locale)
    blocks: list[Block] = []
    for number, name in enumerate((language,) if language is not None else LANGUAGES):
        if number:
            blocks.append(DividerBlock())
        blocks.extend(_in_language(address, name, linked))
    view: dict[str, Any] = View(type="home", blocks=blocks).to_dict()
    return view


def _in_language(address: Address, language: str, linked: Sequence[str]) -> Iterator[Block]:
    words = words_for(language)
    yield HeaderBlock(text=_plain(words.greeting))
    yield rich_text(parse(words.hello))
    buttons = [
        ButtonElement(text=_plain(title), action_id=f"{ASK}#{number}")
        for number, title in enumerate(words.quick_starts)
    ]
    yield ActionsBlock(elements=buttons, block_id=f"{address}|{language}/start")
    yield rich_text(parse(_about_links(words, linked)))
    if linked:
        leave = ButtonElement(text=_plain(words.unlink), action_id=UNLINK)
        yield ActionsBlock(elements=[leave], block_id=f"{address}|{language}/unlink")


def _about_links(words: Words, linked: Sequence[str]) -> str:
    if linked:
        return words.linked.format(places=", ".join(linked))
    return f"**{words.link_title}**\n{words.link_how}"


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
