"""One person in many channels: one-time codes, and a site's own signed-in users."""
