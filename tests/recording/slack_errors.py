"""The errors that Slack documents for the methods that deliver and look for what was delivered.

From https://docs.slack.dev/reference/methods/chat.postMessage/, chat.postEphemeral, chat.update,
conversations.history and conversations.replies.
"""

from __future__ import annotations

from collections.abc import Mapping

_COMMON = frozenset(
    """
    access_denied accesslimited account_inactive deprecated_endpoint ekm_access_denied
    enterprise_is_restricted fatal_error internal_error invalid_arg_name invalid_arguments
    invalid_array_arg invalid_auth invalid_charset invalid_form_data invalid_post_type is_bot
    method_deprecated missing_post_type missing_scope no_permission not_allowed_token_type
    not_authed org_login_required ratelimited request_timeout service_unavailable
    team_access_not_granted team_added_to_org token_expired token_revoked
    two_factor_setup_required
    """.split()
)
_POSTING = _COMMON | frozenset(
    """
    as_user_not_supported attachment_payload_limit_exceeded cannot_reply_to_message
    channel_not_found external_channel_migrating invalid_attachments invalid_blocks
    invalid_blocks_format invalid_metadata_format invalid_metadata_schema is_archived is_inactive
    markdown_text_conflict message_limit_exceeded messages_tab_disabled
    metadata_must_be_sent_from_app metadata_too_large msg_blocks_too_long msg_too_long no_text
    not_in_channel rate_limited restricted_action restricted_action_non_threadable_channel
    restricted_action_read_only_channel restricted_action_thread_locked
    restricted_action_thread_only_channel slack_connect_canvas_sharing_blocked
    slack_connect_clip_sharing_blocked slack_connect_file_link_sharing_blocked
    slack_connect_lists_sharing_blocked team_not_found too_many_attachments
    too_many_contact_cards unknown_method duplicate_channel_not_found
    duplicate_message_not_found
    """.split()
)
_READING = _COMMON | frozenset(
    """
    channel_not_found invalid_cursor invalid_limit invalid_metadata_filter_keys
    invalid_ts_latest invalid_ts_oldest not_in_channel
    """.split()
)

_UPDATING = _POSTING | frozenset(
    """
    block_mismatch cant_broadcast_message cant_update_message edit_window_closed
    file_share_limit_reached message_not_found update_failed
    """.split()
)

DOCUMENTED: Mapping[str, frozenset[str]] = {
    "chat.postEphemeral": _POSTING | {"user_not_in_channel"},
    "chat.postMessage": _POSTING,
    "chat.update": _UPDATING,
    "conversations.history": _READING,
    "conversations.replies": _READING | {"thread_not_found"},
}
