"""Pure data: messages and conversations. Standard library only."""
