"""Alembic's migrations of the record."""
