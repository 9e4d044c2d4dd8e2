"""What is logged, and how much: to stderr, and the user's code at ``trace`` alone."""

from __future__ import annotations

from typing import Final

# A level of its own below DEBUG: the only one at which the user's code is written to the log.
TRACE: Final = 5
