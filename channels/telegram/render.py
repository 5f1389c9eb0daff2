"""A message as the calls of the Bot API that show it. Pure: the same message, the same calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from telegram import LinkPreviewOptions
from telegram.constants import ChatAction, InlineKeyboardMarkupLimit, MessageLimit

from bot.errors import DeliveryRefused
from bot.model.choices import choices_of
from bot.model.content import (
    Button,
    Buttons,
    Card,
    Content,
    File,
    Image,
    QuickReplies,
    Request,
    Text,
    Typing,
)
from bot.model.messages import Outbound
from bot.ports import Call
from channels.rendering.abilities import Abilities
from channels.rendering.addresses import is_web_address
from channels.rendering.degrade import simplify
from channels.rendering.markup import Block, Paragraph, Span, as_plain, parse
from channels.rendering.signing import signed
from channels.rendering.split import shorten, split_blocks, utf16_length
from channels.rendering.words import words_for
from channels.telegram.address import Address, parse_address
from channels.telegram.entities import compose, opens_in_telegram, shown_text
from channels.telegram.files import may_be_document, name_in
from channels.telegram.keyboards import NO_KEYBOARD, inline_keyboard, request_keyboard
from channels.telegram.presses import button_data

TEXT = int(MessageLimit.MAX_TEXT_LENGTH)
CAPTION = int(MessageLimit.CAPTION_LENGTH)
# Telegram names no limit; this much a phone shows of a button's title before it cuts it.
BUTTON_TITLE = 40

_KINDS = frozenset(
    {"text", "buttons", "quick_replies", "image", "file", "card", "request", "typing"}
)
_FILE_NAME = 200


# In a private chat.
ABILITIES = Abilities(
    kinds=_KINDS,
    text=TEXT,
    length=utf16_length,
    rendered=shown_text,
    buttons=int(InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER),
    button_title=BUTTON_TITLE,
    buttons_text=TEXT,
    quick_replies=int(InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER),
    reply_title=BUTTON_TITLE,
    card_buttons=int(InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER),
    # A file's words, less what its name may take.
    prompt=CAPTION - _FILE_NAME - 2,
    requests=frozenset({"location", "phone"}),
    # Anything else must not reach the library: it would read a file of that name from this machine.
    opens=is_web_address,
)
# Nobody there can be asked to share a place or a number.
GROUP_ABILITIES = replace(ABILITIES, requests=frozenset())


@dataclass(frozen=True)
class Piece:
    """One call, and the call to make where Telegram refuses it: the same in plain words."""

    call: Call
    instead: Call | None = None


@dataclass(frozen=True)
class Rendered:
    """A message's calls, and the choices that their buttons stand for, by number."""

    pieces: tuple[Piece, ...]
    choices: tuple[Button, ...]


def render(message: Outbound) -> Rendered:
    """The message for Telegram. Raises DeliveryRefused where its recipient is no address."""
    try:
        address = parse_address(message.recipient)
    except ValueError as error:
        raise DeliveryRefused(str(error)) from error
    rendering = _Rendering(message, address)
    abilities = GROUP_ABILITIES if address.is_group else ABILITIES
    for content in simplify(signed(message), abilities, message.language):
        rendering.add(content)
    return Rendered(tuple(rendering.pieces), tuple(rendering.choices))


class _Rendering:
    def __init__(self, message: Outbound, address: Address) -> None:
        self._message = message
        self._language = message.language
        self._originals = choices_of(message.content)
        self._to: dict[str, Any] = {"chat_id": address.chat_id}
        if address.topic_id is not None:
            self._to["message_thread_id"] = address.topic_id
        # The keyboard that asked for a place or a number is put away with the next answer.
        self._keyboard_to_remove = message.position == 0 and not address.is_group
        self.pieces: list[Piece] = []
        self.choices: list[Button] = []

    def add(self, content: Content) -> None:
        if isinstance(content, Typing):
            self._append("sendChatAction", {"action": ChatAction.TYPING.value})
        elif isinstance(content, Text):
            self._words(parse(content.text))
        elif isinstance(content, Buttons):
            self._words(parse(content.text), content.buttons)
        elif isinstance(content, QuickReplies):
            self._words(parse(content.text), content.replies, once=True)
        elif isinstance(content, Request):
            keyboard = request_keyboard(content, self._language)
            self._words(parse(content.text), markup=keyboard)
        elif isinstance(content, Image):
            self._image(content)
        elif isinstance(content, File):
            self._file(content)
        else:
            assert isinstance(content, Card), content.kind
            self._card(content)

    def _words(
        self,
        blocks: Sequence[Block],
        buttons: Sequence[Button] = (),
        *,
        once: bool = False,
        markup: Any = None,
    ) -> None:
        text, entities = compose(blocks)
        markup, plain_markup = self._markups(buttons, once=once, markup=markup)
        arguments = _words_alone(text)
        instead = {**_words_alone(self._plain(blocks, buttons)), **plain_markup}
        if entities:
            arguments["entities"] = entities
        self._append("sendMessage", {**arguments, **markup}, instead)

    def _photo(
        self,
        url: str,
        blocks: Sequence[Block],
        title: str,
        buttons: Sequence[Button] = (),
    ) -> None:
        """A picture with words under it; where it is refused, the words with its address."""
        caption, entities = compose(blocks)
        if utf16_length(caption) > CAPTION:
            self._photo(url, (), title)
            self._spread(blocks, buttons)
            return
        markup, plain_markup = self._markups(buttons, once=False)
        arguments: dict[str, Any] = {"photo": url}
        if caption.strip():
            arguments["caption"] = caption
        if entities:
            arguments["caption_entities"] = entities
        linked = [Paragraph((Span(title, url=url),)), *(blocks if caption.strip() != title else ())]
        instead = {**_words_alone(self._plain(linked, buttons)), **plain_markup}
        self._append("sendPhoto", {**arguments, **markup}, instead)

    def _image(self, image: Image) -> None:
        alt = image.alt.strip()
        blocks = (Paragraph((Span(alt),)),) if alt else ()
        title = alt if utf16_length(alt) <= CAPTION else ""
        self._photo(image.url, blocks, title or words_for(self._language).picture)

    def _file(self, file: File) -> None:
        name = shorten(file.name, _FILE_NAME, utf16_length) or words_for(self._language).attachment
        linked = [*parse(file.text), Paragraph((Span(name, url=file.url),))]
        if not may_be_document(file.url):
            self._words(linked)
            return
        blocks = parse(file.text)
        if file.name and file.name != name_in(file.url):
            # Telegram calls a file that it fetches by its address's last part.
            blocks = (*blocks, Paragraph((Span(name),)))
        caption, entities = compose(blocks)
        arguments: dict[str, Any] = {"document": file.url}
        if caption.strip():
            arguments["caption"] = caption
        if entities:
            arguments["caption_entities"] = entities
        markup, plain_markup = self._markups()
        instead = {**_words_alone(self._plain(linked, ())), **plain_markup}
        self._append("sendDocument", {**arguments, **markup}, instead)

    def _card(self, card: Card) -> None:
        blocks = _card_blocks(card)
        if card.image is not None:
            title = shorten(card.title, BUTTON_TITLE, utf16_length)
            title = title or words_for(self._language).picture
            self._photo(card.image, blocks, title, card.buttons)
        else:
            self._spread(blocks, card.buttons)

    def _spread(self, blocks: Sequence[Block], buttons: Sequence[Button] = ()) -> None:
        """Words in as many messages as they take, the buttons under the last."""
        parts = split_blocks(blocks, TEXT, utf16_length, shown_text)
        for part in parts[:-1]:
            self._words(part)
        if parts:
            self._words(parts[-1], buttons)
        elif buttons:
            self._words(parse(words_for(self._language).choose), buttons)

    def _markups(
        self, buttons: Sequence[Button] = (), *, once: bool = False, markup: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """`reply_markup` as wanted, and without the addresses that Telegram may not like."""
        if buttons:
            keyboard = inline_keyboard(buttons, partial(self._data, once=once))
            pressed = [button for button in buttons if button.url is None]
            plain = inline_keyboard(pressed, partial(self._known_data, once=once))
            return {"reply_markup": keyboard}, {"reply_markup": plain} if pressed else {}
        if markup is None and self._keyboard_to_remove and not self.pieces:
            markup = NO_KEYBOARD
        found = {} if markup is None else {"reply_markup": markup}
        return found, found

    def _data(self, button: Button, *, once: bool) -> str:
        kept = self._kept(button)
        if kept not in self.choices:
            self.choices.append(kept)
        return self._known_data(button, once=once)

    def _known_data(self, button: Button, *, once: bool) -> str:
        number = self.choices.index(self._kept(button))
        return button_data(f"{self._message.id}/{number}", once)

    def _kept(self, button: Button) -> Button:
        """A choice as the transcript is to show it: by its words where its button has a number."""
        if button.title.isdigit():
            for original in self._originals:
                if original.payload == button.payload:
                    return original
        # A button without a payload says its own title.
        return button if button.payload is not None else Button(button.title, button.title)

    def _plain(self, blocks: Sequence[Block], buttons: Sequence[Button]) -> str:
        links = [f"{button.title}: {button.url}" for button in buttons if button.url is not None]
        text = "\n\n".join(filter(None, (as_plain(blocks), "\n".join(links))))
        return shorten(text, TEXT, utf16_length)

    def _append(
        self, method: str, arguments: Mapping[str, Any], instead: Mapping[str, Any] | None = None
    ) -> None:
        if method == "sendMessage" and not str(arguments["text"]).strip():
            return
        call = Call(method, {**self._to, **arguments})
        plain = Call("sendMessage", {**self._to, **instead}) if instead is not None else None
        # Nothing is won by asking for the same thing twice.
        self.pieces.append(Piece(call, None if plain == call else plain))


def _words_alone(text: str) -> dict[str, Any]:
    return {"text": text, "link_preview_options": LinkPreviewOptions(is_disabled=True)}


def _card_blocks(card: Card) -> tuple[Block, ...]:
    url = card.url if opens_in_telegram(card.url) else None
    lines: list[tuple[Span, ...]] = []
    if card.title.strip():
        lines.append((Span(card.title, bold=True, url=url),))
    lines += [block.spans for block in parse(card.subtitle) if isinstance(block, Paragraph)]
    lines += [(Span(f"{fact.label}: ", italic=True), Span(fact.value)) for fact in card.facts]
    spans: list[Span] = []
    for line in lines:
        spans += [*([Span("\n")] if spans else []), *line]
    return (Paragraph(tuple(spans)),) if spans else ()
