"""Whether an editor is there that can read what is put in for it, by what it says of itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# s. A version is said at once; more would be a program of that name that is something else.
_SAID_WITHIN: Final = 5
# "NVIM v0.11.4", "helix 25.07.1 (a05c151b)", "GNU Emacs 28.2", "kak-lsp 18.1.3".
_VERSION: Final = re.compile(r"\bv?(\d+(?:\.\d+)+)")


@dataclass(frozen=True, slots=True)
class Needed:
    """A program that an editor's set-up needs.

    ``programs``: its names; one of them will do. ``least``: the oldest version that will do, such
    as ``0.11``; empty if any will.
    """

    programs: Sequence[str]
    least: str = ""

    def problem(self) -> tuple[str, str]:
        """Return what is wrong with what is installed, and what to do; two empty texts if nothing.

        A program that doesn't say its version is taken as new enough.
        """
        found = {name: path for name in self.programs if (path := shutil.which(name))}
        or_newer = f" {self.least} or later" if self.least else ""
        if not found:
            names = " or ".join(self.programs)
            return (
                f"There is no {names} on the PATH.",
                f"Install {self.programs[0]}{or_newer}, unless it is elsewhere.",
            )
        if not self.least:
            return "", ""
        versions = {name: version_of(path) for name, path in found.items()}
        if not all(versions.values()):
            return "", ""
        if any(_number(one) >= _number(self.least) for one in versions.values()):
            return "", ""
        name, version = next(iter(versions.items()))
        return (
            f"The {name} on the PATH is {version}; {self.least} is needed.",
            f"Install {name} {self.least} or later.",
        )


def version_of(program: str) -> str:
    """Return the version that a program says, empty if it says none. ``program``: its path."""
    try:
        done = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SAID_WITHIN,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    first = done.stdout.decode(errors="replace").partition("\n")[0]
    found = _VERSION.search(first)
    return found[1] if found else ""


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
