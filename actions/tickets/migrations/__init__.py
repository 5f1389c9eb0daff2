"""Alembic's migrations of the embedded ticket system, with a version table of their own."""
