"""The embedded engine: llama.cpp in a child process, with small weights that are verified."""
