"""The Learning Record Store: what xAPI clients keep here, and what becomes of it."""
