from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.app.checks.result import State
from bot.app.checks.slack import slack as look
from bot.settings import Settings, load_settings
from channels.slack.needs import SCOPES
from tests.recording.server import Fault, in_turn, serve
from tests.recording.slack import TOKEN, RecordingSlack
from tests.slack_events import SECRET


@pytest.fixture
async def platform() -> AsyncIterator[RecordingSlack]:
    async with serve(RecordingSlack(scopes=SCOPES)) as running:
        assert isinstance(running, RecordingSlack)
        yield running


def settings(platform: RecordingSlack, **more: Any) -> Settings:
    given = {
        "slack_bot_token": TOKEN,
        "slack_signing_secret": SECRET,
        "slack_api_url": platform.api_url,
        **more,
    }
    return load_settings(**given)


async def test_an_app_that_is_set_up(platform: RecordingSlack) -> None:
    app, scopes, address = await look(settings(platform))
    assert (app.state, app.detail) == (
        State.OK,
        "helper in Nordlys Handel (https://nordlys.slack.com/)",
    )
    assert (scopes.state, scopes.detail) == (State.OK, f"all {len(SCOPES)} of them")
    # It is not Slack that answers here.
    assert address.state is State.WARNING


async def test_missing_scopes(platform: RecordingSlack) -> None:
    platform.scopes = SCOPES - {"chat:write", "im:history", "users:read"}
    _, scopes, _ = await look(settings(platform))
    assert scopes.state is State.FAULT
    assert "chat:write, im:history" in scopes.detail
    assert "users:read" not in scopes.detail
    platform.scopes = SCOPES - {"users:read"}
    _, scopes, _ = await look(settings(platform))
    assert (scopes.state, scopes.detail) == (
        State.OK,
        "all that are needed; left out: users:read",
    )


STAFF = {"slack_handoff_channel": "C0STAFF"}


async def test_the_staffs_channel(platform: RecordingSlack) -> None:
    _, _, channel, _ = await look(settings(platform, **STAFF))
    assert (channel.state, channel.detail) == (
        State.OK,
        "#support (C0STAFF), and the app is in it",
    )


async def test_a_staffs_channel_that_the_app_is_not_in(platform: RecordingSlack) -> None:
    platform.not_member.add("C0STAFF")
    _, _, channel, _ = await look(settings(platform, **STAFF))
    assert (channel.state, channel.detail) == (State.FAULT, "the app is not in #support (C0STAFF)")
    assert "/invite @helper" in channel.remedy
    # A private one can't be seen from outside.
    platform.channels["C0STAFF"] = {"is_private": True}
    _, _, channel, _ = await look(settings(platform, **STAFF))
    assert channel.state is State.FAULT
    assert "channel_not_found" in channel.detail
    assert "/invite @helper" in channel.remedy


@pytest.mark.parametrize(
    ("about", "state", "words"),
    [
        ({"is_archived": True}, State.FAULT, "is archived"),
        ({"is_ext_shared": True}, State.WARNING, "shared with other organisations"),
    ],
)
async def test_a_staffs_channel_that_is_no_place_for_customers_words(
    platform: RecordingSlack, about: dict[str, Any], state: State, words: str
) -> None:
    platform.channels["C0STAFF"] = about
    _, _, channel, _ = await look(settings(platform, **STAFF))
    assert channel.state is state
    assert words in channel.detail


async def test_what_the_app_lacks_for_the_staffs_channel(platform: RecordingSlack) -> None:
    platform.scopes = SCOPES - {"users:read.email"}
    _, _, channel, _ = await look(settings(platform, **STAFF))
    assert channel.state is State.WARNING
    assert "lacks users:read.email" in channel.detail
    platform.scopes = SCOPES - {"channels:read"}
    _, _, channel, _ = await look(settings(platform, **STAFF))
    assert channel.state is State.FAULT
    assert "missing_scope" in channel.detail
    assert "OAuth & Permissions" in channel.remedy


async def test_a_wrong_token(platform: RecordingSlack) -> None:
    (app,) = await look(settings(platform, slack_bot_token="xoxb-wrong"))
    assert app.state is State.FAULT
    assert "invalid_auth" in app.detail
    assert "SLACK_BOT_TOKEN" in app.remedy


async def test_slack_does_not_answer(platform: RecordingSlack) -> None:
    platform.faults = in_turn(Fault("cut"))
    (app,) = await look(settings(platform))
    assert app.state is State.FAULT


async def test_slack_is_off(platform: RecordingSlack) -> None:
    assert await look(load_settings(slack_api_url=platform.api_url)) == []
    assert platform.received == []
