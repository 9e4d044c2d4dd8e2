"""Find out how infill-ls was installed, and which command adds the embedded engine.

Sources: the distribution's metadata (``INSTALLER``, and ``direct_url.json`` of PEP 610), and the
files that uv and pipx leave in the environments that they make.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from importlib.metadata import Distribution

NAME: Final = "infill-ls"
EXTRA: Final = "embedded"

Installer = Literal["pip", "uv", "uv tool", "pipx", "system"]


@dataclass(frozen=True, slots=True)
class Installation:
    """How infill-ls was installed.

    ``by``: the installer; ``system`` is a Python in which pip may not install (PEP 668).
    ``requirement``: what the installer is given, with the extra.
    ``editable``: whether the code runs from the folder that it was installed from.
    ``python``: the interpreter's path.
    """

    by: Installer
    requirement: str
    editable: bool
    python: str

    def command(self, *, anew: bool = False) -> str:
        """Return the command that adds the embedded engine.

        ``anew``: whether to replace what is there already, because it doesn't work.
        """
        what = _quote(self.requirement)
        if self.editable:
            what = f"--editable {what}"
        match self.by:
            case "uv tool":
                return f"uv tool install {'--reinstall ' if anew else ''}{what}"
            case "pipx":
                return f"pipx install --force {what}"
            case "uv":
                again = "--reinstall " if anew else ""
                return f"uv pip install --python {_quote(self.python)} {again}{what}"
            case "pip":
                again = "--force-reinstall " if anew else ""
                return f"{_quote(self.python)} -m pip install {again}{what}"
            case "system":
                return f"uv tool install {what} (or pipx install {what})"


def command(*, anew: bool = False) -> str:
    """Return the command for this installation; see :meth:`Installation.command`."""
    return installation().command(anew=anew)


def installation() -> Installation:
    """Find out how the running code was installed."""
    # Not at the head: the server asks this module whether the engine is there, and no more.
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found: Distribution | None = distribution(NAME)
    except PackageNotFoundError:
        found = None
    origin = _origin(found)
    return Installation(
        by=_by(found, Path(sys.prefix)),
        requirement=_requirement(origin),
        editable=bool(origin.get("dir_info", {}).get("editable")),
        python=sys.executable,
    )


def _origin(found: Distribution | None) -> dict[str, Any]:
    """Return the contents of ``direct_url.json``; empty if it came from a package index."""
    if found is None:
        # The code is run from its own folder.
        root = Path(__file__).parents[4]
        return {"url": root.as_uri(), "dir_info": {}} if _is_project(root) else {}
    try:
        origin = json.loads(found.read_text("direct_url.json") or "")
    except ValueError:
        return {}
    return origin if isinstance(origin, dict) and isinstance(origin.get("url"), str) else {}


def _is_project(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file()


def _by(found: Distribution | None, prefix: Path) -> Installer:
    if (prefix / "uv-receipt.toml").is_file():
        return "uv tool"
    if (prefix / "pipx_metadata.json").is_file():
        return "pipx"
    if sys.prefix == sys.base_prefix and _is_managed():
        return "system"
    by_uv = found is not None and (found.read_text("INSTALLER") or "").strip() == "uv"
    return "uv" if by_uv else "pip"


def _is_managed() -> bool:
    """Whether the system's own packages are the only ones that this Python takes (PEP 668)."""
    import sysconfig

    return Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file()


def _requirement(origin: dict[str, Any]) -> str:
    named = f"{NAME}[{EXTRA}]"
    if not origin:
        return named
    url = origin["url"]
    if "dir_info" in origin:
        from urllib.request import url2pathname

        return f"{url2pathname(urlsplit(url).path)}[{EXTRA}]"
    if isinstance(vcs := origin.get("vcs_info"), dict):
        revision = vcs.get("requested_revision")
        url = f"{vcs.get('vcs', 'git')}+{url}" + (f"@{revision}" if revision else "")
    if folder := origin.get("subdirectory"):
        url += f"#subdirectory={folder}"
    return f"{named} @ {url}"


def _quote(text: str) -> str:
    """Quote a text for a shell; on Windows, for PowerShell and cmd."""
    if os.name == "nt":
        return f'"{text}"'
    import shlex

    return shlex.quote(text)


def has_embedded() -> bool:
    """Whether the embedded engine is installed, with weights or without."""
    return importlib.util.find_spec("xllamacpp") is not None
