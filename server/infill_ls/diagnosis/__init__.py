"""What works and what doesn't, looked at and said in plain words, for ``infill-ls doctor``."""
