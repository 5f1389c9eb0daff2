"""The REST channel: a program posts a message and gets the answers back in the same request."""
