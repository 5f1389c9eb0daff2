"""SQL databases behind the actions: with time limits, off the event loop, prepared once."""
