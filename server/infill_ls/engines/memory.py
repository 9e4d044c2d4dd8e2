"""How much memory this machine has."""

from __future__ import annotations

import os


def total_memory() -> int | None:
    """Return the bytes of memory of this machine; None where the system doesn't say (Windows)."""
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return pages * size if pages > 0 and size > 0 else None
