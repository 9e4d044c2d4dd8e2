"""The extension for VS Code, put in by VS Code's own command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from infill_ls.errors import InfillError
from infill_ls.setup import configs
from infill_ls.setup.places import on_path

EXTENSION: Final = "infill-ls.infill-ls"
# The commands of VS Code and its builds without telemetry; the first that is there is used.
PROGRAMS: Final = ("code", "code-insiders", "codium", "code-server")
_PACKED: Final = ("infill-ls.vsix", "client.vsix")
# Where the application has its command when it isn't on the PATH (VS Code, "macOS setup").
_MAC_PROGRAM: Final = "/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code"
# s. A first start of VS Code's command takes some.
_PATIENCE: Final = 120


def packed() -> Path | None:
    """Return the extension's file, None if this installation has none.

    A clone has one with the server's wheel in it once ``make vsix`` was run; a wheel has the same
    without itself.
    """
    folder = configs.folder() / "vscode"
    return next(filter(Path.is_file, (folder / name for name in _PACKED)), None)


def program() -> str | None:
    """Return the path of VS Code's command, None if it isn't there."""
    for name in PROGRAMS:
        if found := on_path(name):
            return found
    return _MAC_PROGRAM if sys.platform == "darwin" and os.path.exists(_MAC_PROGRAM) else None


def install(code: str, file: Path) -> None:
    """Put the extension in, or a newer one in its place. Raises :class:`InfillError`."""
    _run(code, "--install-extension", str(file), "--force")


def uninstall(code: str) -> None:
    """Take the extension out. Raises :class:`InfillError`."""
    _run(code, "--uninstall-extension", EXTENSION)


def _run(code: str, *arguments: str) -> None:
    try:
        done = subprocess.run(
            [code, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfillError(f"{code} can't be run ({error}).") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
        raise InfillError(f"{code} {arguments[0]} failed ({said or done.returncode}).")
