"""A person's name over what they write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.content import Button, Buttons, Card, Content, File, Image, Text, Typing
from bot.model.messages import Author, Outbound
from channels.rendering.markup import Item, Paragraph, parse
from channels.rendering.signing import signed


def said(content: Content, name: str | None = "Kari Nordmann") -> Outbound:
    return Outbound("sms", "1", "sms:1", "0-0-1", 0, content, 0.0, author=Author.STAFF, name=name)


def test_a_persons_words_bear_their_name() -> None:
    assert signed(said(Text("Hei!"))) == Text("**Kari Nordmann:**\nHei!")
    buttons = (Button("Ja", "/affirm"),)
    assert signed(said(Buttons("Passer det?", buttons))) == Buttons(
        "**Kari Nordmann:**\nPasser det?", buttons
    )
    receipt = File("https://x.example/r.pdf", "r.pdf")
    assert signed(said(receipt)) == replace(receipt, text="**Kari Nordmann:**")


def test_what_the_bot_says_and_what_has_no_words_is_as_it_is() -> None:
    bot = replace(said(Text("Hei!")), author=Author.BOT)
    assert signed(bot) == Text("Hei!")
    for content in (Image("https://x.example/a.png", "A"), Card("A card"), Typing()):
        assert signed(said(content)) is content


@pytest.mark.parametrize("name", [None, "", " \n", "**"])
def test_who_has_no_name_is_not_named(name: str | None) -> None:
    assert signed(said(Text("Hei!"), name)) == Text("Hei!")


def test_a_name_is_never_read_as_markup_and_a_list_stays_one() -> None:
    content = signed(said(Text("- one\n- two"), "Kari *[x](https://evil.example)`\nNordmann"))
    assert isinstance(content, Text)
    signature, *items = parse(content.text)
    assert isinstance(signature, Paragraph)
    assert [(span.text, span.bold, span.url) for span in signature.spans] == [
        ("Kari x (https://evil.example) Nordmann:", True, None)
    ]
    assert [type(item) for item in items] == [Item, Item]
