"""Where the parts are put together and served."""
