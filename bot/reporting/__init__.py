"""The figures: waits, handling times, ratings, what the bot resolved alone."""
