"""Accounts of staff: passwords, sessions at the console, sign-in elsewhere, presence."""
