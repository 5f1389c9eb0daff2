"""Side-by-side measurements against stock Rasa, and a trial by killed processes."""
