"""The channels: each turns a platform's messages into Flerkanal's and back."""
