"""How a keyboard shows what was chosen."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from channels.telegram.presses import DONE, button_data, marked


def keyboard(*rows: list[tuple[str, str]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(title, url=data)
                if data.startswith("http")
                else InlineKeyboardButton(title, callback_data=data)
                for title, data in row
            ]
            for row in rows
        ]
    )


def titles(markup: InlineKeyboardMarkup | None) -> list[list[str]]:
    assert markup is not None
    return [[button.text for button in row] for row in markup.inline_keyboard]


YES, NO = button_data("3-17-0/0/0", once=False), button_data("3-17-0/0/1", once=False)
ONE, TWO = button_data("3-17-0/0/0", once=True), button_data("3-17-0/0/1", once=True)


def test_a_choice_is_marked_and_the_others_stay() -> None:
    shown = marked(keyboard([("Yes", YES), ("No", NO)], [("More", "https://a.example")]), YES)
    assert titles(shown) == [["✓ Yes", "No"], ["More"]]


def test_another_choice_takes_over_the_mark() -> None:
    first = marked(keyboard([("Yes", YES), ("No", NO)]), YES)
    assert first is not None
    assert titles(marked(first, NO)) == [["Yes", "✓ No"]]


def test_the_same_choice_again_changes_nothing() -> None:
    first = marked(keyboard([("Yes", YES), ("No", NO)]), YES)
    assert first is not None
    assert marked(first, YES) is None


def test_a_single_choice_leaves_only_what_was_chosen() -> None:
    shown = marked(keyboard([("1", ONE)], [("2", TWO)]), TWO)
    assert titles(shown) == [["✓ 2"]]
    assert shown is not None
    assert shown.inline_keyboard[0][0].callback_data == DONE
