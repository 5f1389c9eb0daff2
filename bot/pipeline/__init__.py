"""The pipeline: inbox, turn, outbox."""
