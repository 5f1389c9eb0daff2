"""The chat on web pages: a widget, its socket, and a page to try it on."""
