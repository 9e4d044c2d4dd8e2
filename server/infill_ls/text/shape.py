"""How much of a hole a fill is to fill."""

from __future__ import annotations

from typing import Literal

# The rest of the line; the statement, with the block that it heads; the rest of the block.
Shape = Literal["line", "statement", "block"]
