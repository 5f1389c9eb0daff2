"""Keeps transcripts and turns in the database, where they can be searched."""
