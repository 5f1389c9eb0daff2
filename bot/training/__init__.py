"""Training models and finding them."""
