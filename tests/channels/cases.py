"""What every channel is given to show: each kind of content, at its limits and beyond them.

A case's content is made for a channel, since its limits are the channel's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace

from bot.model.content import (
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    Custom,
    DateChoice,
    Fact,
    File,
    Image,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Request,
    Text,
    Typing,
)
from channels.rendering.abilities import NO_LIMIT, Abilities

ARABIC = "أين طلبي؟ رقم الطلب هو 10042 والرمز البريدي 0150."
HEBREW = "איפה ההזמנה שלי?"
# A family, a flag, a keycap and a skin tone: each one character to the reader.
EMOJI = "👩‍👩‍👧‍👦 🇳🇴 1️⃣ 👍🏽"
# What platforms take for markup, mentions, links and commands.
MARKUP = "_a_ ~b~ > & < <!channel> <@U1> &amp; #tag @everyone /start {x} |y| \\z <b>no</b> *7"
PICTURE = "https://nordlyshandel.example/lampe.jpg"
PAGE = "https://nordlyshandel.example/ordre/10042?a=1&b=(2)"


# Where a channel has no limit, that much is tried.
_TRIED = Abilities(
    kinds=frozenset(),
    text=9_000,
    buttons=24,
    button_title=90,
    buttons_text=2_000,
    quick_replies=24,
    reply_title=90,
    card_title=240,
    card_subtitle=400,
    card_buttons=12,
    cards=5,
    options=120,
    option_title=90,
    option_description=90,
    prompt=2_000,
)


def tried(abilities: Abilities) -> Abilities:
    """The channel's limits, and something to try where it has none."""
    names = [item.name for item in fields(Abilities) if item.type == "int"]
    return replace(
        abilities,
        **{name: getattr(_TRIED, name) for name in names if getattr(abilities, name) == NO_LIMIT},
    )


def exactly(limit: int, length: Callable[[str], int] = len) -> str:
    """Sentences that are `limit` long in all, each with words of its own."""
    text, number = "", 0
    while length(text) < limit:
        number += 1
        text += f"Sentence {number} says {number * 7}. "
    while length(text) > limit:
        text = text[:-1]
    # No white space at the end: platforms trim it.
    return text[:-1] + "x" if text[-1].isspace() else text


def _titles(count: int, length: int = 8) -> list[str]:
    """Titles that differ only at their ends, where a cut would make them the same."""
    return [
        f"{'Choice of a long name '[: max(0, length - 3)]:x<{length - 3}}{n:03}"
        for n in range(1, count + 1)
    ]


def _buttons(count: int, length: int = 8) -> tuple[Button, ...]:
    return tuple(
        Button(title, f'/choose{{"number": "{number}"}}')
        for number, title in enumerate(_titles(count, length), 1)
    )


_CARD = Card(
    title="Order 10042",
    subtitle="On its way to you",
    image=PICTURE,
    url=PAGE,
    facts=(Fact("Expected", "Friday 27 November"), Fact("Carrier", "Bring")),
    buttons=(Button("Track", url=PAGE), Button("Return", "/start_return")),
)


def cases(abilities: Abilities) -> Mapping[str, Content]:
    """The contents by the names of their cases."""
    limits = tried(abilities)
    return {
        **_texts(limits),
        **_choices(limits),
        **_media(),
        **_cards(limits),
        **_questions(limits),
    }


def _texts(limits: Abilities) -> dict[str, Content]:
    return {
        "text": Text("Your order is on its way."),
        "text: at the limit": Text(exactly(limits.text, limits.length)),
        "text: over the limit": Text(exactly(limits.text + limits.text // 2, limits.length)),
        "text: one word over the limit": Text("x" * (limits.text + 5)),
        "text: right to left": Text(f"{ARABIC} {HEBREW}"),
        "text: emoji": Text(EMOJI),
        "text: emoji over the limit": Text(
            "👩‍👩‍👧‍👦" * (limits.text // limits.length("👩‍👩‍👧‍👦") + 2)
        ),
        "text: characters that are markup elsewhere": Text(MARKUP),
        "text: small markup": Text(
            f"**Bold**, *italic*, `code <b>` and [a link]({PAGE}).\n\n1. One\n2. Two\n\n- Dash\n- **Dot**\n\n"
            "```\nx < y && z\n```"
        ),
        "text: marks without a partner": Text("2 * 3 ** 4 ` [a](b) ]( **"),
        "text: empty": Text(""),
        "text: blank": Text(" \n\n "),
    }


def _choices(limits: Abilities) -> dict[str, Content]:
    at_buttons = max(1, limits.buttons)
    at_replies = max(1, limits.quick_replies)
    title = max(8, limits.button_title)
    reply_title = max(8, limits.reply_title)
    return {
        "buttons": Buttons("What now?", _buttons(2)),
        "buttons: at the limit": Buttons("What now?", _buttons(at_buttons)),
        "buttons: over the limit": Buttons("What now?", _buttons(at_buttons + 1)),
        "buttons: many": Buttons("What now?", _buttons(60)),
        "buttons: titles at the limit": Buttons("What now?", _buttons(2, title)),
        "buttons: titles over the limit": Buttons("What now?", _buttons(2, title + 5)),
        "buttons: text over the limit": Buttons(
            exactly(limits.text + limits.text // 2, limits.length), _buttons(2)
        ),
        "buttons: long payloads": Buttons(
            "What now?",
            (Button("This", f'/choose{{"what": "{"ø" * 400}"}}'), Button("That", "/that")),
        ),
        "buttons: right to left": Buttons(ARABIC, (Button(HEBREW, "/he"), Button("نعم", "/yes"))),
        "buttons: emoji": Buttons(
            EMOJI, (Button("👍🏽 Yes", "/affirm"), Button("👎🏽 No", "/deny"))
        ),
        "buttons: characters that are markup elsewhere": Buttons(
            MARKUP, (Button("<b>&", "/b"), Button("*_~`", "/marks"))
        ),
        "buttons: pages": Buttons(
            "Read more", (Button("The order", url=PAGE), Button("Talk", "/talk_to_human"))
        ),
        "buttons: only pages": Buttons("Read more", (Button("The order", url=PAGE),)),
        "buttons: no words": Buttons("", _buttons(2)),
        "buttons: none": Buttons("Nothing to press", ()),
        "quick replies": QuickReplies(
            "Is that right?", (Button("Yes", "/affirm"), Button("No", "/deny"))
        ),
        "quick replies: at the limit": QuickReplies("Which?", _buttons(at_replies)),
        "quick replies: over the limit": QuickReplies("Which?", _buttons(at_replies + 1)),
        "quick replies: titles at the limit": QuickReplies("Which?", _buttons(2, reply_title)),
        "quick replies: titles over the limit": QuickReplies(
            "Which?", _buttons(2, reply_title + 5)
        ),
        "quick replies: emoji": QuickReplies(
            "👍🏽?", (Button("👩‍👩‍👧‍👦", "/family"), Button("🇳🇴", "/nb"))
        ),
        "quick replies: no words": QuickReplies("", _buttons(2)),
    }


def _media() -> dict[str, Content]:
    return {
        "image": Image(PICTURE, "A lamp with a cracked shade"),
        "image: no description": Image(PICTURE),
        "image: characters that are markup elsewhere": Image(PICTURE, MARKUP),
        "file": File("https://nordlyshandel.example/faktura.pdf", "faktura.pdf", "Your invoice"),
        "file: no words": File("https://nordlyshandel.example/faktura.pdf", "faktura.pdf"),
        "file: right to left": File("https://nordlyshandel.example/f.pdf", "فاتورة.pdf", ARABIC),
    }


def _cards(limits: Abilities) -> dict[str, Content]:
    at_cards = max(1, limits.cards)
    plain = Card("Lamp", "299 kr", buttons=(Button("Buy", "/buy"),))
    return {
        "card": _CARD,
        "card: a title alone": Card("Order 10042"),
        "card: long words": replace(_CARD, title=exactly(240), subtitle=exactly(400)),
        "card: many facts": replace(
            _CARD, facts=tuple(Fact(f"Label {n}", f"value {n} of these") for n in range(1, 31))
        ),
        "card: many buttons": replace(_CARD, buttons=_buttons(12)),
        "card: right to left": replace(_CARD, title=ARABIC, subtitle=HEBREW),
        "card: emoji": replace(_CARD, title=EMOJI, facts=(Fact("👍🏽", EMOJI),)),
        "card: characters that are markup elsewhere": replace(
            _CARD, title=MARKUP, subtitle=MARKUP, facts=(Fact("<b>&", MARKUP),)
        ),
        "carousel": Carousel((_CARD, replace(_CARD, title="Order 10043", url=None))),
        "carousel: at the limit": Carousel(
            tuple(
                replace(plain, title=f"Lamp {n}", buttons=(Button(f"Buy {n}", f"/buy{n}"),))
                for n in range(1, at_cards + 1)
            )
        ),
        "carousel: over the limit": Carousel(
            tuple(
                replace(plain, title=f"Lamp {n}", buttons=(Button(f"Buy {n}", f"/buy{n}"),))
                for n in range(1, at_cards + 2)
            )
        ),
        "carousel: the same words on each card": Carousel(
            tuple(
                replace(plain, title=f"Lamp {n}", buttons=(Button("Buy", f"/buy{n}"),))
                for n in range(1, 4)
            )
        ),
        "carousel: one card": Carousel((_CARD,)),
    }


def _questions(limits: Abilities) -> dict[str, Content]:
    def options(count: int) -> tuple[Option, ...]:
        return tuple(
            Option(f"Shop {n}", f"/shop{n}", f"Street {n}, open from {n}")
            for n in range(1, count + 1)
        )

    return {
        "list choice": ListChoice("Which shop?", options(4), "Shops"),
        "list choice: long": ListChoice("Which shop?", options(30), "Shops"),
        "list choice: longer than any platform's": ListChoice("Which shop?", options(130)),
        "list choice: characters that are markup elsewhere": ListChoice(
            MARKUP, (Option("<b>&", "/b", MARKUP), Option("*_~`", "/marks"))
        ),
        "date choice: a few days": DateChoice(
            "Which day?", '/choose_day{"day": "$date"}', "2026-12-01", "2026-12-05"
        ),
        "date choice: months": DateChoice(
            "Which day?", '/choose_day{"day": "$date"}', "2026-12-01", "2027-03-31"
        ),
        "date choice: any day": DateChoice("Which day?", '/choose_day{"day": "$date"}'),
        "request: location": Request("Where are you?", "location"),
        "request: phone": Request("What is your number?", "phone"),
        "request: email": Request("What is your address?", "email"),
        "rating": Rating("How did it go?", '/rate{"points": "$rating"}'),
        "rating: ten": Rating("How did it go?", '/rate{"points": "$rating"}', 10),
        "typing": Typing(),
        "custom": Custom({"handoff": {"reason": "customer_asked"}}),
    }
