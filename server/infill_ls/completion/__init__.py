"""What is in flight between an editor's request and its answer."""
