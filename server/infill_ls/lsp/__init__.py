"""The language server: the only wing that knows pygls and lsprotocol."""
