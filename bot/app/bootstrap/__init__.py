"""The only place that picks implementations and puts them together, with `bot.app.platforms`."""
