"""The Telegram channel: updates in by webhook or long polling, answers out by the Bot API."""
