"""The record's tables. A change here needs a migration beside it."""

from bot.record.tables.archive import episodes, turns, utterances
from bot.record.tables.base import UtcDateTime, metadata
from bot.record.tables.desk import (
    canned_answers,
    desk_effects,
    desk_threads,
    handoff_events,
    handoff_notes,
    handoff_tags,
    handoffs,
    team_members,
    teams,
    uploads,
)
from bot.record.tables.people import (
    channel_identities,
    identity_moves,
    link_codes,
    people,
    web_sessions,
    wrong_codes,
)
from bot.record.tables.staff import (
    sign_in_failures,
    staff,
    staff_audit,
    staff_keys,
    staff_sessions,
)

__all__ = [
    "UtcDateTime",
    "canned_answers",
    "channel_identities",
    "desk_effects",
    "desk_threads",
    "episodes",
    "handoff_events",
    "handoff_notes",
    "handoff_tags",
    "handoffs",
    "identity_moves",
    "link_codes",
    "metadata",
    "people",
    "sign_in_failures",
    "staff",
    "staff_audit",
    "staff_keys",
    "staff_sessions",
    "team_members",
    "teams",
    "turns",
    "uploads",
    "utterances",
    "web_sessions",
    "wrong_codes",
]
