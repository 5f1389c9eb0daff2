"""Flerkanal's own code: the pipeline from a customer's message to its answer."""
