"""Whether a fill adds a syntax error, and how much of it does not."""
