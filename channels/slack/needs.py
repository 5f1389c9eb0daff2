"""What the app must be allowed at Slack, and for what. docs/slack-manifest.yml asks for the same."""

from __future__ import annotations

from collections.abc import Mapping

# The scopes that each method of the Web API needs:
# https://docs.slack.dev/reference/methods/<method>/
METHODS: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "bots.info": frozenset({"users:read"}),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": frozenset({"im:history"}),
    "conversations.info": frozenset({"channels:read", "groups:read"}),
    "conversations.replies": frozenset({"channels:history", "groups:history", "mpim:history"}),
    "users.info": frozenset({"users:read"}),
    "users.lookupByEmail": frozenset({"users:read.email"}),
    "views.publish": frozenset(),
}

# The scopes that each event needs: https://docs.slack.dev/reference/events/<event>/
EVENTS: Mapping[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "message.channels": frozenset({"channels:history"}),
    "message.groups": frozenset({"groups:history"}),
    # Shared files come with a message, and are named to those only who may read them.
    "message.im": frozenset({"im:history", "files:read"}),
    "message.mpim": frozenset({"mpim:history"}),
}

_COMMAND = frozenset({"commands"})

SCOPES = _COMMAND.union(*METHODS.values(), *EVENTS.values())

# What the staff's channel needs besides: their names, their accounts at the console by their e-mail
# addresses, and a look at the channel itself.
DESK = frozenset({"channels:read", "groups:read", "users:read", "users:read.email"})

# Without `users:read` the App Home is in both languages, the link to Slack opens Slack's program only,
# and customers are not told the names of staff who answer in Slack.
OPTIONAL = DESK
REQUIRED = SCOPES - OPTIONAL
