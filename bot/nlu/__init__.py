"""Rasa graph components of Flerkanal: what is understood of a message, and in which language."""
