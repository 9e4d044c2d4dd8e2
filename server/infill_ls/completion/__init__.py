"""From a hole to what is shown there: policy, memory, the engine in use, what is in flight."""
