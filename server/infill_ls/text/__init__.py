"""Texts as values: open documents, the hole at the cursor, what is open in a text. Pure."""
