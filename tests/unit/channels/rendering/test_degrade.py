"""What a channel can't show is shown otherwise, and its meaning stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.choices import choice_numbered, choices_of
from bot.model.content import (
    Attachment,
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
    Shared,
    Text,
    Typing,
)
from channels.rendering.abilities import Abilities
from channels.rendering.degrade import is_numbered, simplify
from channels.rendering.markup import plain
from channels.rendering.split import utf16_length
from channels.rendering.words import day_example, day_title, words_for

WORDS_ONLY = Abilities(kinds=frozenset({"text"}), text=1000)
# Like Messenger, with the limits that the platform's documents give.
SMALL = Abilities(
    kinds=frozenset({"text", "buttons", "quick_replies", "image", "card", "carousel"}),
    text=200,
    buttons=3,
    button_title=20,
    buttons_text=64,
    quick_replies=13,
    reply_title=20,
    card_title=20,
    card_subtitle=20,
    card_facts=0,
    card_buttons=3,
    cards=3,
)
LISTS = replace(SMALL, kinds=SMALL.kinds | {"list_choice"}, options=20, option_title=30)
EVERYTHING = Abilities(kinds=frozenset(cls.kind for cls in get_args(Content)))
NO_LINKS = replace(SMALL, url_buttons=False)
ALL = {
    "words only": WORDS_ONLY,
    "small": SMALL,
    "lists": LISTS,
    "everything": EVERYTHING,
    "no links": NO_LINKS,
}


def buttons(count: int, title: str = "Valg") -> tuple[Button, ...]:
    return tuple(Button(f"{title} {number}", f"/choose{number}") for number in range(1, count + 1))


TERMS = Button("Vilkår", url="https://a.no/vilkår")
IN_FULL = Card(
    "Ordre 10042",
    "På vei",
    "https://a.no/b.png",
    "https://a.no/10042",
    (Fact("Ventet", "fredag"),),
    buttons(2),
)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (Buttons("Hva?", buttons(3)), [Buttons("Hva?", buttons(3))]),
        (Buttons("Hva?", buttons(5)), [QuickReplies("Hva?", buttons(5))]),
        (QuickReplies("Hva?", buttons(5)), [QuickReplies("Hva?", buttons(5))]),
        (
            Buttons("Hva?", (*buttons(2), TERMS)),
            [Buttons("Hva?", (*buttons(2), TERMS))],
        ),
        (
            Buttons("Hva?", (*buttons(3), TERMS)),
            [Buttons("Hva?\n\n[Vilkår](https://a.no/vilkår)", buttons(3))],
        ),
        (
            Buttons("Les", (TERMS,) * 4),
            [Text("Les\n\n" + "\n".join(["[Vilkår](https://a.no/vilkår)"] * 4))],
        ),
        (
            Buttons("", (Button("Annet"),)),
            [Buttons("Velg ett av disse:", (Button("Annet", "Annet"),))],
        ),
        (
            Buttons("Hva?", buttons(2, "En tittel som er for lang")),
            [
                QuickReplies(
                    "Hva?\n\n1. En tittel som er for lang 1\n2. En tittel som er for lang 2",
                    (Button("1", "/choose1"), Button("2", "/choose2")),
                )
            ],
        ),
        (
            ListChoice("Hva?", (Option("A", "/a", "den første"), Option("B", "/b"))),
            [
                QuickReplies(
                    "Hva?\n\n1. A – den første\n2. B", (Button("1", "/a"), Button("2", "/b"))
                )
            ],
        ),
        (
            ListChoice("Hva?", (Option("A", "/a"), Option("B", "/b"))),
            [Buttons("Hva?", (Button("A", "/a"), Button("B", "/b")))],
        ),
        (
            Rating("Hvordan gikk det?", "/rate$rating", 3),
            [
                QuickReplies(
                    "Hvordan gikk det?\n\nSvar med et tall fra 1 til 3, der 3 er best.",
                    tuple(Button(str(n), f"/rate{n}") for n in (1, 2, 3)),
                )
            ],
        ),
        (
            DateChoice("Når?", "/day$date", "2026-11-27", "2026-11-28"),
            [
                QuickReplies(
                    "Når?",
                    (
                        Button("fredag 27. november", "/day2026-11-27"),
                        Button("lørdag 28. november", "/day2026-11-28"),
                    ),
                )
            ],
        ),
        (
            DateChoice("Når?", "/day$date", "2026-11-27", "2026-12-24"),
            [Text("Når?\n\nSkriv en dato fra og med 27.11.2026 til og med 24.12.2026.")],
        ),
        (DateChoice("Når?", "/day$date"), [Text("Når?\n\nSkriv datoen slik: 31.01.2030")]),
        (
            DateChoice("Når?", "/day$date", latest="2026-12-24"),
            [Text("Når?\n\nSkriv en dato, senest 24.12.2026.")],
        ),
        (Request("Hvor?", "location"), [Text("Hvor?\n\nSkriv adressen eller navnet på stedet.")]),
        (Request("", "email"), [Text("Skriv e-postadressen din.")]),
        (
            IN_FULL,
            [
                Image("https://a.no/b.png", "Ordre 10042"),
                Buttons(
                    "**Ordre 10042**\nPå vei\nVentet: fredag\n[Les mer](https://a.no/10042)",
                    buttons(2),
                ),
            ],
        ),
        (
            replace(IN_FULL, facts=(), buttons=buttons(4)),
            [
                replace(IN_FULL, facts=(), buttons=()),
                QuickReplies("Velg ett av disse:", buttons(4)),
            ],
        ),
        (
            Carousel((Card("A"), Card("B"), Card("C"), Card("D"))),
            [Carousel((Card("A"), Card("B"), Card("C"))), Carousel((Card("D"),))],
        ),
        (
            Carousel((Card("A", buttons=buttons(1)), Card("B", "x" * 21, buttons=buttons(2)))),
            [Card("A", buttons=buttons(1)), Buttons(f"**B**\n{'x' * 21}", buttons(2))],
        ),
        (Image("https://a.no/b.png", "Kart"), [Image("https://a.no/b.png", "Kart")]),
        (
            File("https://a.no/b.pdf", "b.pdf", "Fakturaen"),
            [Text("Fakturaen\n[b.pdf](https://a.no/b.pdf)")],
        ),
        (Typing(), []),
        (Custom({"handoff": {}}), []),
        (Text("  "), []),
        (Buttons("", ()), []),
        (Carousel(()), []),
        (
            Shared(
                "Se her",
                (
                    Attachment("image", "kvittering.jpg", "https://a.no/k.jpg"),
                    Attachment("location", latitude=59.9, longitude=10.7),
                    Attachment("audio", ref="abc"),
                ),
            ),
            [Text("Se her\n\n[kvittering.jpg](https://a.no/k.jpg)\nPosisjon: 59.9, 10.7\nVedlegg")],
        ),
    ],
)
def test_rules(content: Content, shown: list[Content]) -> None:
    assert simplify(content, SMALL, "nb") == shown


def test_a_list_is_native_up_to_its_limits() -> None:
    few = ListChoice("Hva?", (Option("A", "/a", "den første"), Option("B", "/b")), "Velg")
    assert simplify(few, LISTS) == [few]
    many = Buttons("Hva?", buttons(15))
    (shown,) = simplify(many, LISTS)
    assert isinstance(shown, ListChoice)
    assert choices_of(shown) == choices_of(many)
    assert simplify(few, replace(LISTS, option_description=3))[0].kind == "quick_replies"


def test_over_the_limit_of_quick_replies_the_other_numbers_are_typed() -> None:
    content = QuickReplies("Hva?", buttons(15, "V"))
    (shown,) = simplify(content, SMALL, "en")
    assert isinstance(shown, QuickReplies)
    assert [reply.title for reply in shown.replies] == [str(n) for n in range(1, 14)]
    assert shown.text.endswith("15. V 15\n\nAnswer with a number or the words.")
    assert is_numbered(content, SMALL)


def test_without_quick_replies_numbers_are_buttons() -> None:
    abilities = replace(SMALL, kinds=frozenset({"text", "buttons"}), buttons_text=200)
    (shown,) = simplify(Buttons("Hva?", buttons(4)), abilities)
    assert isinstance(shown, Buttons)
    assert [button.title for button in shown.buttons] == ["1", "2", "3"]


def test_a_long_text_is_split_and_the_choices_stay_with_the_last() -> None:
    text = "**Hei på deg!** Dette er en setning. Og her er enda en. Og så kommer det en til. Sånn."
    *before, last = simplify(Buttons(text, buttons(2)), SMALL)
    assert before == [Text("**Hei på deg!** Dette er en setning. Og her er enda en.")]
    assert last == Buttons("Og så kommer det en til. Sånn.", buttons(2))


def test_a_carousel_that_fits_nowhere_has_one_numbered_list() -> None:
    carousel = Carousel(
        (
            Card("Lampe", "899 kr", buttons=(Button("Velg", "/lamp"), TERMS)),
            Card("Stol", "1999 kr", buttons=(Button("Velg", "/chair"),)),
        )
    )
    assert is_numbered(carousel, WORDS_ONLY)
    assert simplify(carousel, WORDS_ONLY, "nb") == [
        Text("**Lampe**\n899 kr\n\n[Vilkår](https://a.no/vilkår)"),
        Text("**Stol**\n1999 kr"),
        Text(
            "Velg ett av disse:\n\n1. Lampe: Velg\n2. Stol: Velg\n\n"
            "Svar med et tall eller med ordene."
        ),
    ]
    assert choice_numbered(carousel, "2") == Button("Velg", "/chair")


def test_a_request_is_native_where_the_platform_offers_that_one() -> None:
    abilities = replace(
        SMALL, kinds=SMALL.kinds | {"request"}, requests=frozenset({"phone", "email"})
    )
    assert simplify(Request("Nummer?", "phone"), abilities) == [Request("Nummer?", "phone")]
    assert simplify(Request("", "phone"), abilities, "nb") == [
        Request("Skriv telefonnummeret ditt.", "phone")
    ]
    (shown,) = simplify(Request("Hvor?", "location"), abilities)
    assert isinstance(shown, Text)


def test_numbers_of_dates_are_the_days() -> None:
    content = DateChoice("Når?", "/day$date", "2026-11-27", "2026-11-29")
    assert is_numbered(content, WORDS_ONLY)
    assert not is_numbered(content, SMALL)
    assert not is_numbered(replace(content, latest="2026-12-29"), WORDS_ONLY)
    (shown,) = simplify(content, WORDS_ONLY, "en")
    assert isinstance(shown, Text)
    assert "2. Saturday 28 November" in shown.text
    chosen = choice_numbered(content, "2")
    assert chosen is not None
    assert chosen.payload == "/day2026-11-28"


def test_days_are_numbers_where_one_languages_titles_are_too_long() -> None:
    wednesday = DateChoice("Når?", "/day$date", "2026-11-25", "2026-11-25")
    assert is_numbered(wednesday, SMALL)
    assert simplify(wednesday, SMALL, "nb")[0].kind == "quick_replies"
    (shown,) = simplify(wednesday, SMALL, "en")
    assert isinstance(shown, QuickReplies)
    assert shown.replies == (Button("1", "/day2026-11-25"),)


@pytest.mark.parametrize("language", ["en", "nb", "nb-NO", "no", "nn-NO", "nn_NO", "de", "", None])
def test_words_are_there_in_every_language(language: str | None) -> None:
    words = words_for(language)
    assert (words.locale == "nb_NO") == ((language or "").startswith("n"))
    assert day_title(date(2026, 11, 27), language) in ("Friday 27 November", "fredag 27. november")
    assert day_example(date(2026, 11, 27), language) in ("27/11/2026", "27.11.2026")


WRITTEN = st.lists(
    st.sampled_from(
        [
            "Hei! ",
            "en setning. ",
            "**",
            "*",
            "[",
            "](https://a.no)",
            "\n",
            "- ",
            "1. ",
            "🙂",
            "مرحبا ",
        ]
    ),
    max_size=25,
).map("".join)
TITLES = WRITTEN.map(lambda text: text.strip() or "Valg")
PRESSED = st.builds(Button, TITLES, st.sampled_from(["/a", "/b", "/c"]))
OPENED = st.builds(lambda title: Button(title, url="https://a.no/x"), TITLES)
ANY_BUTTONS = st.lists(PRESSED | OPENED, max_size=20).map(tuple)
CARDS = st.builds(
    Card,
    TITLES,
    WRITTEN,
    st.none() | st.just("https://a.no/b.png"),
    st.none() | st.just("https://a.no/c"),
    st.lists(st.builds(Fact, TITLES, WRITTEN), max_size=3).map(tuple),
    st.lists(PRESSED | OPENED, max_size=5).map(tuple),
)
DAYS = st.none() | st.dates(date(2026, 11, 1), date(2026, 11, 30)).map(date.isoformat)
CONTENTS: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, WRITTEN),
    st.builds(Buttons, WRITTEN, ANY_BUTTONS),
    st.builds(QuickReplies, WRITTEN, st.lists(PRESSED, max_size=20).map(tuple)),
    st.builds(Image, st.just("https://a.no/b.png"), WRITTEN),
    st.builds(File, st.just("https://a.no/b.pdf"), TITLES, WRITTEN),
    CARDS,
    st.lists(CARDS, max_size=5).map(tuple).map(Carousel),
    st.builds(
        ListChoice,
        WRITTEN,
        st.lists(
            st.builds(Option, TITLES, st.sampled_from(["/a", "/b"]), WRITTEN), max_size=20
        ).map(tuple),
    ),
    st.builds(DateChoice, WRITTEN, st.just("/day$date"), DAYS, DAYS),
    st.builds(Request, WRITTEN, st.sampled_from(["location", "phone", "email"])),
    st.builds(Rating, WRITTEN, st.just("/rate$rating"), st.integers(2, 10)),
)


def parts(content: Content) -> Iterator[Content]:
    yield content
    if isinstance(content, Carousel):
        yield from content.cards


@pytest.mark.parametrize("channel", ALL)
@settings(deadline=None, max_examples=60)
@given(content=CONTENTS)
def test_only_what_is_native_within_its_limits(channel: str, content: Content) -> None:
    abilities = ALL[channel]
    for shown in simplify(content, abilities, "nb"):
        assert shown.kind in abilities.kinds
        text = getattr(shown, "text", None)
        if text is not None and not isinstance(shown, File):
            assert plain(text).strip()
            assert len(plain(text)) <= abilities.text
        if isinstance(shown, Buttons):
            assert len(plain(shown.text)) <= abilities.buttons_text
            assert 0 < len(shown.buttons) <= abilities.buttons
            assert all(0 < len(button.title) <= abilities.button_title for button in shown.buttons)
        if isinstance(shown, QuickReplies):
            assert 0 < len(shown.replies) <= abilities.quick_replies
            assert all(0 < len(reply.title) <= abilities.reply_title for reply in shown.replies)
            assert not any(reply.url for reply in shown.replies)
        if isinstance(shown, Carousel):
            assert 0 < len(shown.cards) <= abilities.cards
        for part in parts(shown):
            if isinstance(part, Card):
                assert len(part.title) <= abilities.card_title
                assert len(part.subtitle) <= abilities.card_subtitle
                assert len(part.facts) <= abilities.card_facts
                assert len(part.buttons) <= abilities.card_buttons


def all_said(contents: list[Content]) -> str:
    """Every word of the contents, addresses and payloads of choices included."""
    found: list[str] = []
    for content in contents:
        for part in parts(content):
            found.append(plain(getattr(part, "text", "")))
            if isinstance(part, Card):
                found += [plain(part.title), plain(part.subtitle), part.url or "", part.image or ""]
                found += [f"{plain(fact.label)} {plain(fact.value)}" for fact in part.facts]
            if isinstance(part, (Image, File)):
                found += [part.url, plain(getattr(part, "alt", "")), getattr(part, "name", "")]
            for button in getattr(part, "buttons", ()) or getattr(part, "replies", ()):
                found += [plain(button.title), button.url or ""]
            if isinstance(part, ListChoice):
                found += [
                    f"{plain(option.title)} {plain(option.description)}" for option in part.options
                ]
    return " ".join(found)


def letters(text: str) -> set[str]:
    # An address beside a word is not one with it.
    return set(re.findall(r"[^\W\d_]+", text.replace("https://a.no", " https a no ")))


@pytest.mark.parametrize("channel", ALL)
@settings(deadline=None, max_examples=60)
@given(content=CONTENTS)
def test_no_word_and_no_address_is_lost(channel: str, content: Content) -> None:
    said = letters(all_said(simplify(content, ALL[channel], "nb")))
    assert letters(all_said([content])) - {"Valg"} <= said


@pytest.mark.parametrize("channel", ALL)
@settings(deadline=None, max_examples=60)
@given(content=CONTENTS)
def test_every_choice_can_be_pressed_or_has_its_number(channel: str, content: Content) -> None:
    abilities = ALL[channel]
    shown = simplify(content, abilities, "nb")
    pressed = {choice.payload for one in shown for choice in choices_of(one)}
    offered = choices_of(content)
    if not {choice.payload for choice in offered} <= pressed:
        assert is_numbered(content, abilities)
        words = plain("\n".join(getattr(one, "text", "") for one in shown))
        for number, choice in enumerate(offered, start=1):
            assert choice_numbered(content, str(number)) == choice
            if not isinstance(content, Rating):
                assert re.search(rf"\b{number}\. ", words), words


def test_the_platforms_unit_counts() -> None:
    abilities = replace(SMALL, button_title=4, reply_title=4, length=utf16_length)
    fits, too_long = Buttons("?", (Button("🙂🙂", "/a"),)), Buttons("?", (Button("🙂🙂🙂", "/a"),))
    assert simplify(fits, abilities) == [fits]
    assert is_numbered(too_long, abilities)
