"""A hole and a budget become the request for an engine. Pure."""
