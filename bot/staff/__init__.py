"""Members of staff: accounts, passwords, sessions, sign-in, presence, and the audit log."""
