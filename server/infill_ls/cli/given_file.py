"""Read a file that the user names, which may be anything: a device without an end, a huge file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from infill_ls.errors import SettingsError

# Bytes; what an editor may send has as many (``lsp/frames.MAX_BODY``).
READ_AT_MOST: Final = 64 * 1024 * 1024


def content_of(path: Path) -> bytes:
    """Return what is in a file.

    Raises :class:`OSError`, and :class:`SettingsError` for more than :data:`READ_AT_MOST`.
    """
    # Before it is read: nobody waits for gigabytes. Devices have no size, and a file may grow.
    if path.stat().st_size <= READ_AT_MOST:
        with path.open("rb") as file:
            content = file.read(READ_AT_MOST + 1)
        if len(content) <= READ_AT_MOST:
            return content
    raise SettingsError(f"{path} is too large: files over {READ_AT_MOST >> 20} MB are not read.")
