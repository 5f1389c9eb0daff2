"""Messenger, by the Graph API."""
