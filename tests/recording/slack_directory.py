"""What Slack tells of users and channels.

https://docs.slack.dev/reference/objects/user-object/ and conversation-object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A channel of which nothing else is said.
ORDINARY: Mapping[str, Any] = {
    "name": "support",
    "is_channel": True,
    "is_private": False,
    "is_archived": False,
    "is_shared": False,
    "is_ext_shared": False,
}


@dataclass(frozen=True)
class User:
    """A member of the workspace. `display_name` may be empty, as many leave it."""

    real_name: str = ""
    display_name: str = ""
    email: str | None = None


def described(user: str, team: str, known: User, with_email: bool) -> dict[str, Any]:
    """The user object of `users.info`."""
    profile = {"real_name": known.real_name, "display_name": known.display_name}
    if with_email and known.email is not None:
        profile["email"] = known.email
    return {
        "id": user,
        "team_id": team,
        "name": user.lower(),
        "real_name": known.real_name,
        "is_bot": False,
        "profile": profile,
    }
