"""One module a revision. `upgrade` and `downgrade` get alembic's operations as `op`."""
