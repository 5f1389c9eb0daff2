"""The SMS channel of docs/adding-a-channel.md."""
