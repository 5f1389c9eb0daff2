"""What channels share to show a message: markup, splitting, and rules for what one can't show."""
