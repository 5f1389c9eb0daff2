"""Slack, as the platform sees it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.errors import SlackApiError

from bot.app.checks.result import Finding, fault, ok, warning
from bot.errors import DeliveryError
from bot.settings import Settings
from channels.slack.client import Account, Client
from channels.slack.errors import error_name
from channels.slack.needs import DESK, OPTIONAL, REQUIRED

_SLACK = "https://slack.com/api"
_WITHOUT = (
    "customers are not told the names of staff who answer in Slack, and nobody is known there by"
    " their account at the console"
)
_REINSTALL = (
    "add them under OAuth & Permissions of the app at https://api.slack.com/apps, or take"
    " docs/slack-manifest.yml, then install the app into the workspace again"
)


async def slack(settings: Settings) -> Sequence[Finding]:
    """Which app in which workspace it is, and what it may not do; nothing where the channel is off."""
    if not settings.is_configured("slack"):
        return []
    assert settings.slack_bot_token is not None
    client = Client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    try:
        account = await client.ask_account()
    except DeliveryError as error:
        return [
            fault(
                "Slack app",
                str(error),
                "see docs/slack-channel.md: SLACK_BOT_TOKEN is the app's Bot User OAuth Token"
                " (xoxb-...), SLACK_API_URL is Slack's",
            )
        ]
    else:
        staff = await _staff_channel(settings, client, account)
    finally:
        await client.close()
    found = [ok("Slack app", f"{account.user} in {account.team} ({account.url})"), _scopes(account)]
    found += staff
    if settings.slack_api_url.rstrip("/") != _SLACK:
        found.append(
            warning(
                "Slack address",
                f"SLACK_API_URL is {settings.slack_api_url}: customers' messages and the token"
                " go there",
                f"unless that is wanted, leave it out: it is {_SLACK}/ then",
            )
        )
    return found


async def _staff_channel(settings: Settings, client: Client, account: Account) -> Sequence[Finding]:
    """Whether staff can work in their channel; nothing where there is none."""
    what, channel = "Slack staff channel", settings.slack_handoff_channel
    if channel is None:
        return []
    missing = sorted(DESK - account.scopes)
    try:
        about = await client.channel(channel)
    except DeliveryError as error:
        return [fault(what, f"{channel}: {error}", _why_not(error, channel, account))]
    name = f"#{about.get('name', '?')} ({channel})"
    if about.get("is_archived"):
        return [fault(what, f"{name} is archived", "unarchive it, or name another channel")]
    if not about.get("is_member"):
        return [fault(what, f"the app is not in {name}", _invite(account))]
    if about.get("is_ext_shared"):
        return [
            warning(
                what,
                f"{name} is shared with other organisations: they read customers' conversations",
                "take a channel of your own, private at best, as SLACK_HANDOFF_CHANNEL",
            )
        ]
    if missing:
        remedy = f"without them {_WITHOUT}; {_REINSTALL}"
        return [warning(what, f"{name}; the app lacks {', '.join(missing)}", remedy)]
    return [ok(what, f"{name}, and the app is in it")]


def _why_not(error: DeliveryError, channel: str, account: Account) -> str:
    cause = error.__cause__
    name = error_name(cause) if isinstance(cause, SlackApiError) else None
    if name == "missing_scope":
        return f"the app may not look at the channel: {_REINSTALL}"
    if name == "channel_not_found":
        return (
            f"SLACK_HANDOFF_CHANNEL is {channel}: is that a channel of {account.team}? To a private"
            f" one {_invite(account)}"
        )
    return "see docs/slack-desk.md"


def _invite(account: Account) -> str:
    return f"invite the app: write /invite @{account.user} in the channel"


def _scopes(account: Account) -> Finding:
    what = "Slack scopes"
    if not account.scopes:
        return warning(what, "Slack does not say what the token may do", _REINSTALL)
    missing = sorted(REQUIRED - account.scopes)
    if missing:
        return fault(what, f"the app lacks {', '.join(missing)}", _REINSTALL)
    left_out = sorted(OPTIONAL - account.scopes)
    if left_out:
        return ok(what, f"all that are needed; left out: {', '.join(left_out)}")
    return ok(what, f"all {len(account.scopes & (REQUIRED | OPTIONAL))} of them")
