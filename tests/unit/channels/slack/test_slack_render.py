from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.identity.codes import TYPED_BITS, new_code
from bot.model.choices import choices_of
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
from bot.model.people import LinkCode
from channels.slack.address import parse_address
from channels.slack.chosen import with_choice
from channels.slack.home import home_view
from channels.slack.links import LinkWish, code_alone, command_wish
from channels.slack.presses import read_press
from channels.slack.render import Message, render
from tests.recording.slack_blocks import block_problems
from tests.slack_events import choices, press

DM = parse_address("T1/D1")
URL = "https://nordlys.example/a"

# What a mistake in an answer, or in the order system behind it, may put where an address belongs.
addresses = st.sampled_from(
    [
        URL,
        f"{URL}.png",
        "/a.png",
        "javascript:alert(1)",
        "https://",
        "[",
    ]
)

words = st.text(st.characters(codec="utf-8"), max_size=40)
long_words = words | st.builds(lambda text, times: text * times, words, st.integers(80, 200))
titles = words | st.builds(lambda text: text * 5, words)
payloads = st.builds(lambda text: f"/do{{{text}}}", words) | st.just("/" + "x" * 2_100)
buttons = st.lists(
    st.builds(Button, titles, payloads | st.none())
    | st.builds(lambda title, url: Button(title, url=url), titles, addresses),
    min_size=1,
    max_size=6,
).map(tuple)
buttons = st.builds(
    lambda some, times: (some * times)[:130], buttons, st.sampled_from([1, 1, 5, 30])
)
cards = st.builds(
    Card,
    title=titles,
    subtitle=long_words,
    image=st.none() | addresses,
    url=st.none() | addresses,
    facts=st.lists(st.builds(Fact, words, long_words), max_size=3).map(tuple),
    buttons=buttons | st.just(()),
)
contents: st.SearchStrategy[Content] = st.one_of(
    st.builds(Text, long_words),
    st.builds(Buttons, long_words, buttons),
    st.builds(QuickReplies, long_words, buttons.map(lambda b: tuple(x for x in b if not x.url))),
    st.builds(Image, addresses, long_words),
    st.builds(File, addresses, words, words),
    cards,
    st.builds(Carousel, st.lists(cards, min_size=1, max_size=2).map(lambda some: tuple(some * 6))),
    st.builds(
        ListChoice,
        long_words,
        st.lists(st.builds(Option, titles, payloads, titles), min_size=1, max_size=5).map(
            lambda some: tuple(some * 25)
        ),
        titles,
    ),
    st.builds(
        DateChoice,
        words,
        st.just('/day{"day": "$date"}') | st.just("/day" + "x" * 300),
        st.none() | st.just("2026-11-25"),
        st.none() | st.just("2026-12-24") | st.just("2026-11-27"),
    ),
    st.builds(Request, words, st.sampled_from(["location", "phone", "email"])),
    st.builds(Rating, words, st.just('/rate{"n": $rating}'), st.integers(1, 30)),
)


def rendered(content: Content, address: str = "T1/D1", language: str | None = "en") -> Any:
    return render(content, parse_address(address), language, "/help-me")


def readable(messages: list[Message]) -> str:
    return json.dumps([blocks for blocks, _ in messages], ensure_ascii=False)


@settings(max_examples=50, deadline=None)
@given(
    contents, st.sampled_from(["T1/D1", "T1/C1/1.2", "T1/C1/@U1"]), st.sampled_from(["en", "nb"])
)
def test_slack_takes_whatever_is_rendered(content: Content, address: str, language: str) -> None:
    for blocks, text in rendered(content, address, language):
        assert block_problems(list(blocks)) == []
        assert text.strip()
        assert len(text) < 40_000
        assert not set("<>") & set(text)


@pytest.mark.parametrize(
    "address",
    ["/track/10042", "javascript:alert(1)", f"{URL}{'x' * 3_000}"],
    ids=["relative", "script", "long"],
)
def test_an_address_that_slack_refuses_is_written_out_and_loses_no_answer(address: str) -> None:
    tried: tuple[Content, ...] = (
        Image(address, "A lamp"),
        Buttons("A lamp", (Button("Follow it", url=address), Button("Return", "/return"))),
        Card("A lamp", "499 kr", image=address, buttons=(Button("Return", "/return"),)),
        Card("A lamp", "499 kr", url=address),
    )
    # To cut words without spaces takes its time: two of them show it.
    for content in tried[: 2 if len(address) > 3_000 else None]:
        messages = rendered(content)
        for blocks, _ in messages:
            assert block_problems(list(blocks)) == []
        assert "A lamp" in readable(messages)
        assert address[:60] in readable(messages)


@settings(max_examples=25, deadline=None)
@given(
    st.builds(Buttons, words, buttons)
    | st.builds(
        ListChoice,
        words,
        st.lists(st.builds(Option, titles, payloads), min_size=1, max_size=30).map(tuple),
    )
)
def test_what_is_pressed_is_what_was_offered(content: Buttons | ListChoice) -> None:
    offered = choices_of(content)
    by_payload = {choice.payload for choice in offered}
    for blocks, _ in rendered(content):
        for title, action in choices(list(blocks)):
            found = read_press(
                {
                    "user": {"id": "U1"},
                    "container": {"channel_id": "D1"},
                    "actions": [{**action, "action_ts": "1.2"}],
                }
            )
            if "url" in action or action["action_id"].startswith("open"):
                assert found is None
                continue
            assert found is not None
            assert found.address == DM
            if found.payload is None:
                assert found.text == title
            else:
                assert found.payload in by_payload


def test_user_text_is_never_markup() -> None:
    hostile = "<!channel> <@U1> *b* _i_ ~s~ `c` &amp; :smile: <https://x|y>"
    ((blocks, text),) = rendered(Buttons(hostile, (Button(hostile[:70], "/x"),)))
    leaf = blocks[0]["elements"][0]["elements"]
    shown = "".join(part["text"] for part in leaf)
    assert "<!channel> <@U1>" in shown
    assert {part["type"] for part in leaf} == {"text"}
    title = blocks[1]["elements"][0]["text"]
    assert (title["type"], title["emoji"]) == ("plain_text", False)
    assert "<!" not in text


def test_the_small_markup_is_rich_text() -> None:
    source = "**Bold** and [a link](https://x.no)\n\n- one\n- two\n\n3. three\n4. four\n\n`code`"
    ((blocks, text),) = rendered(Text(source))
    (block,) = blocks
    kinds = [element["type"] for element in block["elements"]]
    assert kinds == ["rich_text_section", "rich_text_list", "rich_text_list", "rich_text_section"]
    assert block["elements"][0]["elements"][0] == {
        "type": "text",
        "text": "Bold",
        "style": {"bold": True},
    }
    assert block["elements"][2]["style"] == "ordered"
    assert block["elements"][2]["offset"] == 2
    assert "a link" in text


@pytest.mark.parametrize("content", [Typing(), Custom({"a": 1}), Text(""), Text(" \n")])
def test_what_is_not_shown(content: Content) -> None:
    assert rendered(content) == []


def test_more_buttons_than_a_row_has() -> None:
    many = tuple(Button(f"Choice {number}", f"/c{number}") for number in range(60))
    ((blocks, _),) = rendered(Buttons("Which?", many))
    rows = [block for block in blocks if block["type"] == "actions"]
    assert [len(row["elements"]) for row in rows] == [25, 25, 10]
    assert len({row["block_id"] for row in rows}) == 3


def test_titles_over_the_limit_are_a_numbered_list() -> None:
    long_title = "A very long title " * 6
    ((blocks, _),) = rendered(Buttons("Which?", (Button(long_title, "/a"), Button("B", "/b"))))
    assert long_title.strip() in readable([(blocks, "")])
    assert [title for title, _ in choices(list(blocks))] == ["1", "2"]


def test_a_list_choice() -> None:
    options = (Option("Oslo", "/s{1}", "Karl Johans gate"), Option("Bergen", "/s{2}"))
    ((blocks, _),) = rendered(ListChoice("Where?", options, "Shops"))
    menu = blocks[1]["elements"][0]
    assert menu["type"] == "static_select"
    assert menu["placeholder"]["text"] == "Shops"
    assert menu["options"][0]["description"]["text"] == "Karl Johans gate"


def test_a_date_choice_says_its_bounds() -> None:
    content = DateChoice("Når?", '/d{"day": "$date"}', "2026-11-25", "2026-12-24")
    ((blocks, _),) = rendered(content, language="nb")
    assert "fra og med onsdag 25. november til og med torsdag 24. desember" in readable(
        [(blocks, "")]
    )
    assert blocks[2]["elements"][0]["type"] == "datepicker"
    assert "initial_date" not in blocks[2]["elements"][0]


def test_a_rating_can_be_heard() -> None:
    ((blocks, _),) = rendered(Rating("Hvordan var det?", "/r{$rating}"), language="nb")
    spoken = [button["accessibility_label"] for button in blocks[1]["elements"]]
    assert spoken == [f"{points} av 5" for points in range(1, 6)]


def test_a_subtitle_is_plain_words() -> None:
    for card in (
        Card("A lamp", "**Sold out**, see [more](https://x.no)"),
        Card("A lamp", "**Sold out**, see [more](https://x.no)", image=f"{URL}.png"),
    ):
        assert "Sold out, see more (https://x.no)" in readable(rendered(card))


def test_a_card_with_a_picture() -> None:
    card = Card("A lamp", "499 kr", f"{URL}.png", URL, (Fact("Colour", "red"),))
    ((blocks, _),) = rendered(card)
    assert blocks[0]["accessory"]["image_url"] == f"{URL}.png"
    assert blocks[0]["text"]["text"] == "A lamp\n499 kr"
    assert blocks[2]["elements"][0]["url"] == URL


def test_what_one_member_sees_says_how_to_answer() -> None:
    ((blocks, _),) = rendered(Text("hei"), "T1/C1/@U1", "nb")
    assert "Svar med /help-me" in blocks[-1]["elements"][0]["text"]


def test_the_chosen_one_takes_the_place_of_all_rows() -> None:
    many = tuple(Button(f"Choice {number}", f"/c{number}") for number in range(60))
    ((blocks, _),) = rendered(Buttons("Which?", many), "T1/C1/1.2")
    posted = {"ts": "1.3", "thread_ts": "1.2", "blocks": list(blocks)}
    pressed = read_press(press(posted, "Choice 30", channel="C1", response_url="https://x"))
    assert pressed is not None
    changed = with_choice(pressed)
    assert changed is not None
    assert [block["type"] for block in changed["blocks"]] == ["rich_text", "rich_text"]
    assert changed["blocks"][1]["elements"][0]["elements"] == [
        {"type": "text", "text": "✓ Choice 30", "style": {"bold": True}},
        {"type": "text", "text": " – "},
        {"type": "user", "user_id": "U0KARI"},
    ]
    assert block_problems(changed["blocks"]) == []


@pytest.mark.parametrize("blocks", [None, [], [7], [{"type": "actions", "block_id": "other"}]])
def test_a_message_without_its_blocks_is_left_alone(blocks: Any) -> None:
    ((shown, _),) = rendered(QuickReplies("?", (Button("Yes", "/y"),)))
    payload = press({"ts": "1.3", "blocks": list(shown)}, "Yes", channel="D1")
    payload["message"]["blocks"] = blocks
    pressed = read_press(payload)
    assert pressed is not None
    assert with_choice(pressed) is None


@pytest.mark.parametrize("locale", ["en-GB", "nb-NO", "nn_NO", "de-DE", None])
@pytest.mark.parametrize("linked", [[], ["Web", "Telegram"]])
def test_the_home_is_one_that_slack_takes(locale: str | None, linked: list[str]) -> None:
    view = home_view(DM, locale, linked)
    assert view["type"] == "home"
    assert block_problems(view["blocks"], most=100) == []
    written = json.dumps(view, ensure_ascii=False)
    both = locale in ("de-DE", None)
    assert ("Where is my order?" in written) == (both or locale == "en-GB")
    assert ("Hvor er pakken min?" in written) == (both or locale in ("nb-NO", "nn_NO"))
    assert ("Telegram" in written) == bool(linked)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("CDFHJ-KLMNP-QR347", LinkWish("link", "CDFHJ-KLMNP-QR347")),
        (" cdfhj klmnp qr347 ", LinkWish("link", "cdfhj klmnp qr347")),
        ("link CDFHJKLMNPQR347", LinkWish("link", "CDFHJKLMNPQR347")),
        ("Koble til CDFHJKLMNPQR347", LinkWish("link", "CDFHJKLMNPQR347")),
        ("10042", None),
        ("370700000000000000", None),
        ("RR 234 567 895 DK", None),
        ("6479349747634769", None),
        ("hello", None),
        ("link my accounts", None),
        ("unlink", None),
        ("RRRRRRRRRRRRRRRRRR pakken?", None),
    ],
)
def test_codes_in_messages(text: str, wish: LinkWish | None) -> None:
    assert code_alone(text) == wish


def test_every_code_that_is_typed_is_known_as_one() -> None:
    for _ in range(200):
        made = LinkCode(new_code(TYPED_BITS), 0.0)
        for written in (made.code, made.grouped, made.grouped.lower()):
            assert code_alone(written) == LinkWish("link", written)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("unlink", LinkWish("unlink")),
        ("Koble fra.", LinkWish("unlink")),
        ("link 123", LinkWish("link", "123")),
        ("link CDFHJ KLMNP QR347", LinkWish("link", "CDFHJ KLMNP QR347")),
        ("link my accounts", None),
        ("where is my order", None),
        ("", None),
    ],
)
def test_codes_in_commands(text: str, wish: LinkWish | None) -> None:
    assert command_wish(text) == wish
