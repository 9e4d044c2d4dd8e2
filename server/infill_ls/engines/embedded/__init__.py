"""Run llama.cpp in a child process, with small weights that are fetched and verified."""
