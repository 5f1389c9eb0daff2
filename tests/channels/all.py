"""Every channel there is, by name, as its customers and its platform see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.channels.base import ChannelUnderTest
from tests.channels.messenger import MessengerUnderTest
from tests.channels.rest import RestUnderTest
from tests.channels.slack import SlackUnderTest
from tests.channels.sms import SmsUnderTest
from tests.channels.telegram import TelegramUnderTest
from tests.channels.web import WebUnderTest

_MAKERS: Mapping[str, Callable[[], ChannelUnderTest]] = {
    "web": WebUnderTest,
    "rest": RestUnderTest,
    "slack": SlackUnderTest,
    "telegram": TelegramUnderTest,
    "messenger": MessengerUnderTest,
    "sms": SmsUnderTest,
}
CHANNELS = tuple(_MAKERS)


def channel_named(name: str) -> ChannelUnderTest:
    """A new one, with a platform of its own that is not running yet."""
    return _MAKERS[name]()
