"""Measured typing on this machine: which model is fast enough here, and right how often."""
