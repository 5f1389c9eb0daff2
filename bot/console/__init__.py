"""The staff console: server-rendered pages with htmx and server-sent events, under /console."""
