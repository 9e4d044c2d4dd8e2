"""The fault matrix: what happens to the user, and what is left, when something goes wrong."""
