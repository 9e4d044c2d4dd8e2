"""Set up OpenMP, which the embedded engine's threads share their work with."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

# The library that the native code needs: GNU's OpenMP. LLVM's has all of its symbols too.
LIBRARY: Final = "libgomp.so.1"
# The package that has LLVM's OpenMP under that name, and the folder in it.
_PACKAGE: Final = "cmeel-libomp"
_FOLDER: Final = "cmeel.prefix/lib"
# With any of these the user says how threads are to wait (manuals of GNU's and LLVM's OpenMP).
_WAITING: Final = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")

# Threads that spin while they wait take time from the thread that they wait for, as soon as another
# program wants a core too: beside two busy processes a fill takes up to ten times as long. But
# threads that sleep at once write a quarter slower on a quiet machine, and spinning for some µs
# gives that back (`make bench-busy`). The count is for GNU's OpenMP, the policy for LLVM's.
_WAIT: Final = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "300"}


def environment(inherited: Mapping[str, str], libraries: Path | None) -> dict[str, str]:
    """Return the child's environment.

    ``inherited``: this process's. ``libraries``: the folder to look for OpenMP in; None if the
    system has it.
    """
    changed = dict(inherited)
    if not any(name in inherited for name in _WAITING):
        changed |= _WAIT
    if libraries is not None:
        # An empty one would be the folder that it runs in.
        places = (*inherited.get("LD_LIBRARY_PATH", "").split(os.pathsep), str(libraries))
        changed["LD_LIBRARY_PATH"] = os.pathsep.join(place for place in places if place)
    return changed


def libraries() -> Path | None:
    """Return the folder of the packaged OpenMP; None if the system has its own or needs none."""
    return None if sys.platform != "linux" or _system_has() else packaged()


def packaged() -> Path | None:
    """Return the folder of the packaged OpenMP; None if it isn't installed."""
    try:
        folder = Path(str(distribution(_PACKAGE).locate_file(_FOLDER)))
    except PackageNotFoundError:
        return None
    return folder if (folder / LIBRARY).is_file() else None


def _system_has() -> bool:
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True
