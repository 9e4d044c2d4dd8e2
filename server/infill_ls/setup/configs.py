"""The files of ``editor-configs``: in the package where it was installed, beside it in a clone."""

from __future__ import annotations

from pathlib import Path

from infill_ls.errors import InfillError

_PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Return the folder with one folder for each editor.

    Raises :class:`InfillError` if this installation has none.
    """
    for found in (_PACKAGE / "editor_configs", _PACKAGE.parents[1] / "editor-configs"):
        if found.is_dir():
            return found
    raise InfillError("This installation lacks the editors' files.", "Install infill-ls anew.")


def read(name: str) -> str:
    """Return the text of one of its files, by its path in the folder: ``helix/config.toml``.

    Raises :class:`InfillError` if it can't be read.
    """
    try:
        return (folder() / name).read_text("utf-8")
    except OSError as error:
        raise InfillError(
            f"{name} can't be read ({error.strerror}).", "Install infill-ls anew."
        ) from None
