"""How well intents are told, beside stock Rasa, on public data."""
