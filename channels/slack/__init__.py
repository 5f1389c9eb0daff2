"""The Slack channel: events, presses and commands in by webhook, answers out by the Web API."""
