"""Slack, as the platform sees it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.app.checks.result import Finding, fault, ok, warning
from bot.errors import DeliveryError
from bot.settings import Settings
from channels.slack.client import Account, Client
from channels.slack.needs import OPTIONAL, REQUIRED

_SLACK = "https://slack.com/api"
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
    finally:
        await client.close()
    found = [ok("Slack app", f"{account.user} in {account.team} ({account.url})"), _scopes(account)]
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
