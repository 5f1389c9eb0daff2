"""Settings: what is refused, and what an empty line in .env means."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import CHANNEL_SECRETS, load_settings


def set_all(monkeypatch: pytest.MonkeyPatch, channel: str, but: str = "") -> None:
    for name in CHANNEL_SECRETS[channel]:
        if name != but:
            monkeypatch.setenv(name.upper(), "secret-value")


@pytest.mark.parametrize("channel", CHANNEL_SECRETS)
def test_a_channel_with_nothing_set_is_off(channel: str) -> None:
    settings = load_settings()
    assert not settings.is_configured(channel)
    assert settings.missing_for(channel) == tuple(name.upper() for name in CHANNEL_SECRETS[channel])


@pytest.mark.parametrize("channel", CHANNEL_SECRETS)
def test_a_channel_with_everything_set_is_on(channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, channel)
    assert load_settings().is_configured(channel)


@pytest.mark.parametrize(
    ("channel", "missing"),
    [(channel, name) for channel, names in CHANNEL_SECRETS.items() for name in names],
)
def test_half_a_channel_is_refused_by_the_name_of_what_is_missing(
    channel: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, channel, but=missing)
    with pytest.raises(SettingsError, match=f"{missing.upper()} is missing") as refused:
        load_settings()
    assert "secret-value" not in str(refused.value)


@pytest.mark.parametrize("channel", ["#support", "support", "D0KARI", "c0123abcd", "C0 123"])
def test_a_handoff_channel_is_an_id(channel: str) -> None:
    given = {"slack_bot_token": "xoxb-1", "slack_signing_secret": "x"}
    with pytest.raises(SettingsError, match=r"SLACK_HANDOFF_CHANNEL.*copy the Channel ID"):
        load_settings(**given, slack_handoff_channel=channel)
    for known in ("C0123ABCD", "G0123ABCD"):
        settings = load_settings(**given, slack_handoff_channel=known)
        assert settings.slack_handoff_channel == known


def test_a_handoff_channel_without_slack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_HANDOFF_CHANNEL", "C0123")
    with pytest.raises(SettingsError, match="SLACK_HANDOFF_CHANNEL is set but Slack is not"):
        load_settings()


@pytest.mark.parametrize("name", ["SLACK_API_URL", "TELEGRAM_API_URL", "MESSENGER_API_URL"])
@pytest.mark.parametrize("address", ["slack.com/api/", "ftp://a.example", "/api"])
def test_a_platforms_address_that_is_none_is_refused(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(SettingsError, match=f"{name}: must begin with http"):
        load_settings()


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("REDIS_URL", "localhost:6379")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    named = {problem.partition(":")[0] for problem in refused.value.problems}
    assert named == {"PORT", "REDIS_URL", "LOG_LEVEL"}


def test_an_empty_value_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("REST_TOKEN=\nPORT=\nSLACK_BOT_TOKEN=\nREDIS_URL=\n")
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.rest_token is None
    assert settings.port == 8000
    assert settings.redis_url is None
    assert not settings.is_configured("slack")


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PORT=8001\nHOST=0.0.0.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "8002")
    settings = load_settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 8002)


def test_secrets_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, "messenger")
    monkeypatch.setenv("REST_TOKEN", "secret-value")
    assert "secret-value" not in repr(load_settings())


def test_a_short_identity_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_SECRET", "x" * 31)
    with pytest.raises(SettingsError, match=r"IDENTITY_SECRET: .*32 characters") as refused:
        load_settings()
    assert "x" * 31 not in str(refused.value)
    monkeypatch.setenv("IDENTITY_SECRET", "x" * 32)
    settings = load_settings()
    assert "x" * 32 in settings.secret_values
    assert "x" * 32 not in repr(settings)


def test_slots_that_staff_may_set_are_names() -> None:
    assert load_settings(desk_slots=" size, colour ,").settable_slots == ("size", "colour")
    with pytest.raises(SettingsError, match="DESK_SLOTS: must be names of slots"):
        load_settings(desk_slots="order number")
