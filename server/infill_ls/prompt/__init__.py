"""Make the request for an engine from a hole and a budget. Pure."""
