from __future__ import annotations

from bot.console.limits import ChannelLimits, Limits

CHANNELS = {
    "web": ChannelLimits(),
    "telegram": ChannelLimits(chars=4_096),
    "messenger": ChannelLimits(chars=2_000, window_seconds=7 * 24 * 3600.0),
    "rest": ChannelLimits(files=False),
}


def test_a_platforms_window_ends_so_long_after_the_customers_last_word() -> None:
    limits = Limits(CHANNELS, None)
    assert limits.of("messenger", 1_000.0).closes_at == 1_000.0 + 7 * 24 * 3600.0
    assert limits.of("messenger", None).closes_at is None
    assert limits.of("telegram", 1_000.0).closes_at is None
    assert limits.of("telegram", 1_000.0).chars == 4_096


def test_files_go_where_the_customer_can_fetch_them() -> None:
    inside, outside = Limits(CHANNELS, None), Limits(CHANNELS, "https://chat.example")
    assert [inside.of(name, None).files for name in CHANNELS] == [True, False, False, False]
    assert [outside.of(name, None).files for name in CHANNELS] == [True, True, True, False]


def test_of_a_channel_that_is_off_by_now_nothing_is_promised() -> None:
    limits = Limits(CHANNELS, "https://chat.example").of("slack", 1_000.0)
    assert (limits.chars, limits.files, limits.closes_at) == (None, False, None)
