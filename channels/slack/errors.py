"""Slack's errors as Flerkanal's: none passes this file.

The names are those that https://docs.slack.dev/reference/methods/chat.postMessage/,
chat.postEphemeral, chat.update and conversations.history document.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import (
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    DeliveryUnknown,
    RecipientGone,
)

logger = structlog.get_logger(__name__)

# What the operator has to mend is tried again this slowly, in seconds.
_OPERATORS_SECONDS = 60.0

BUSY = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# Slack is at fault, or will be back by itself.
AGAIN = frozenset(
    """
    accesslimited external_channel_migrating internal_error org_login_required request_timeout
    service_unavailable team_added_to_org update_failed
    """.split()
)
# Slack says itself that a part may have been done.
UNKNOWN = frozenset({"fatal_error"})
# Somebody has to mend the app, its rights or its token: nothing goes through until then.
OPERATORS = frozenset(
    """
    account_inactive app_not_installed deprecated_endpoint enterprise_is_restricted invalid_auth
    is_inactive method_deprecated missing_scope not_allowed_token_type not_authed token_expired
    token_revoked two_factor_setup_required unknown_method
    """.split()
)
# Somebody has to mend the app's place in one channel, and the others go on. `channel_not_found` is
# what Slack says for a channel of another workspace than the token's, and for a private one that
# the app was removed from: no reason to throw an answer away at once.
CHANNELS = frozenset(
    """
    access_denied channel_not_found ekm_access_denied is_bot messages_tab_disabled no_permission
    not_in_channel restricted_action restricted_action_non_threadable_channel
    restricted_action_read_only_channel restricted_action_thread_locked
    restricted_action_thread_only_channel team_access_not_granted team_not_found
    """.split()
)
GONE = frozenset(
    """
    cannot_reply_to_message is_archived thread_not_found user_disabled user_not_found
    user_not_in_channel users_not_found
    """.split()
)
NEVER = frozenset(
    """
    as_user_not_supported attachment_payload_limit_exceeded block_mismatch cant_broadcast_message
    cant_update_message duplicate_channel_not_found duplicate_message_not_found edit_window_closed
    file_share_limit_reached invalid_arg_name invalid_arguments
    invalid_array_arg invalid_attachments invalid_blocks invalid_blocks_format invalid_charset
    invalid_cursor invalid_form_data invalid_json invalid_limit invalid_metadata_filter_keys
    invalid_metadata_format invalid_metadata_schema invalid_post_type invalid_thread_ts
    invalid_ts_latest invalid_ts_oldest json_not_object markdown_text_conflict
    message_not_found metadata_must_be_sent_from_app metadata_too_large missing_post_type msg_blocks_too_long
    msg_too_long no_text slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
    slack_connect_file_link_sharing_blocked slack_connect_lists_sharing_blocked
    too_many_attachments too_many_contact_cards
    """.split()
)

# Nothing of the request had left.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.InvalidURL)
# The answers of a server that did nothing; after any other, a gateway in between may have failed.
_DID_NOTHING = frozenset({500, 503})


@contextlib.contextmanager
def platform_errors() -> Iterator[None]:
    """Turns whatever the client library raises in the block into a DeliveryError."""
    try:
        yield
    except SlackApiError as error:
        raise delivery_error(error) from error
    except _NOT_SENT as error:
        raise DeliveryDelayed(f"Slack can't be reached: {error}") from error
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, SlackClientError) as error:
        reason = str(error) or type(error).__name__
        raise DeliveryUnknown(f"Slack's answer did not come: {reason}") from error


def error_name(error: SlackApiError) -> str | None:
    """Slack's name of the error, such as `channel_not_found`; None where it gave none."""
    data = getattr(error.response, "data", None)
    name = data.get("error") if isinstance(data, dict) else None
    return name if isinstance(name, str) else None


def is_refusal(error: SlackApiError) -> bool:
    """Whether Slack will say the same the next time: neither busy nor at fault itself."""
    name = error_name(error)
    return name is not None and name not in BUSY | AGAIN | UNKNOWN


def delivery_error(error: SlackApiError) -> DeliveryError:
    """What an error that Slack answered with means for a message."""
    name = error_name(error)
    status = getattr(error.response, "status_code", None) or getattr(error.response, "status", 0)
    if status == 429 or name in BUSY:
        return DeliveryDelayed("Slack asks to wait: ratelimited", _retry_after(error.response))
    if name is None:
        # A page of a proxy's or a load balancer's in place of Slack's JSON.
        words = f"Slack answered with HTTP status {status}"
        return (DeliveryDelayed if status in _DID_NOTHING else DeliveryUnknown)(words)
    words = _words(name, error.response)
    if name in AGAIN:
        return DeliveryDelayed(words)
    if name in UNKNOWN:
        return DeliveryUnknown(words)
    if name in GONE:
        return RecipientGone(words)
    if name in NEVER:
        return DeliveryRefused(words)
    # An error that is not known yet is no reason to throw an answer away either. Only what stops
    # every call says for how long: the sender holds up others for that.
    logger.error(
        "slack_refuses_the_app",
        error=words,
        remedy="check the app, its scopes and its channels: flerkanal doctor, docs/slack-channel.md",
    )
    return DeliveryDelayed(words, _OPERATORS_SECONDS if name in OPERATORS else None)


def _words(name: str, response: Any) -> str:
    data = response.data if isinstance(response.data, dict) else {}
    metadata = data.get("response_metadata")
    details = metadata.get("messages") if isinstance(metadata, dict) else None
    if not details and data.get("needed"):
        details = [f"needed: {data['needed']}"]
    told = "; ".join(str(detail) for detail in details) if isinstance(details, list) else ""
    return f"Slack refuses with {name}{f': {told}' if told else ''}"


def _retry_after(response: Any) -> float | None:
    headers = getattr(response, "headers", None) or {}
    for header, value in headers.items():
        if header.lower() == "retry-after":
            try:
                return max(0.0, float(value))
            except ValueError:
                return None
    return None
