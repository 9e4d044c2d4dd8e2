"""Where editors have their own configuration, on each platform, and where this program is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from infill_ls.folders import expanded

_WINDOWS: Final = os.name == "nt"
_MAC: Final = sys.platform == "darwin"


def _configuration() -> Path:
    """Return the folder of the XDG Base Directory Specification, also where that isn't usual."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(given) if os.path.isabs(given) else Path(expanded("~/.config"))


def _windows(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or expanded(otherwise))


def neovim() -> Path:
    """Return Neovim's ``stdpath("config")`` (``:help standard-path``)."""
    name = os.environ.get("NVIM_APPNAME") or "nvim"
    if _WINDOWS and not os.environ.get("XDG_CONFIG_HOME"):
        return _windows("LOCALAPPDATA", "~/AppData/Local") / name
    return _configuration() / name


def helix() -> Path:
    """Return the folder with Helix' ``languages.toml`` (its book, "Configuration")."""
    if _WINDOWS:
        return _windows("APPDATA", "~/AppData/Roaming") / "helix"
    return _configuration() / "helix"


def emacs() -> Path:
    """Return ``user-emacs-directory`` (Emacs manual, "Find Init")."""
    home = _windows("APPDATA", "~") if _WINDOWS else Path(expanded("~"))
    modern = _configuration() / "emacs"
    old = home / ".emacs.d"
    return modern if modern.is_dir() and not old.is_dir() else old


def emacs_init() -> Path:
    """Return the init file that Emacs reads, or the one that it would (same source)."""
    folder = emacs()
    home = folder.parent if folder.name == ".emacs.d" else Path(expanded("~"))
    for init in (home / ".emacs.el", home / ".emacs"):
        if init.is_file():
            return init
    return folder / "init.el"


def kakoune() -> Path:
    """Return the folder with the user's ``kakrc`` (``:doc options``)."""
    return _configuration() / "kak"


def sublime() -> Path:
    """Return Sublime Text's folder of the user's own files (its documentation, "Revert")."""
    if _WINDOWS:
        data = _windows("APPDATA", "~/AppData/Roaming") / "Sublime Text"
    elif _MAC:
        data = Path(expanded("~/Library/Application Support/Sublime Text"))
    else:
        data = _configuration() / "sublime-text"
    return data / "Packages" / "User"


def coc() -> Path:
    """Return the folder with ``coc-settings.json``: Vim's if Vim is set up here, else Neovim's."""
    vim = Path(expanded("~/vimfiles" if _WINDOWS else "~/.vim"))
    return vim if vim.is_dir() and not neovim().is_dir() else neovim()


def program() -> str:
    """Return what starts this program from an editor: its name if that will do, else its path.

    An editor has not the search path of a shell in which a virtual environment is active.
    """
    found = on_path("infill-ls")
    environment = os.environ.get("VIRTUAL_ENV")
    if found and not (environment and Path(found).is_relative_to(environment)):
        return "infill-ls"
    here = Path(sys.executable).with_name("infill-ls.exe" if _WINDOWS else "infill-ls")
    if found is None and here.is_file():
        return str(here)
    return found or "infill-ls"


def on_path(name: str) -> str | None:
    """Return the whole path of a program on the search path, None if it isn't there.

    What lies in the folder that a command runs in doesn't count, be it because the search path has
    relative folders or because Windows looks there first: it may be a project's.
    """
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = shutil.which(name, path=os.pathsep.join(filter(os.path.isabs, path)))
    return found if found and os.path.isabs(found) else None
