"""OpenMP, with which the embedded engine's threads work together: how they wait, where it is."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

# What the native code asks the loader for (GNU's OpenMP; its symbols are in LLVM's as well).
LIBRARY: Final = "libgomp.so.1"
# Where the package has LLVM's OpenMP under that name.
_PACKAGE: Final = "cmeel-libomp"
_FOLDER: Final = "cmeel.prefix/lib"
# With any of these the user has said himself how threads are to wait (GNU's and LLVM's manuals).
_WAITING: Final = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "KMP_LIBRARY")

# Threads that spin while they wait take the time that the one they wait for needs, as soon as
# another program wants a core too: beside two busy processes a fill takes up to ten times as long.
# But falling asleep at once costs a quarter of the writing on a quiet machine, and spinning for
# some µs gives that back (`make bench-busy`). The count is for GNU's, the policy for LLVM's.
_WAIT: Final = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "300"}


def environment(inherited: Mapping[str, str], libraries: Path | None) -> dict[str, str]:
    """A child's environment; ``libraries``: the folder to look for OpenMP in, if need be."""
    changed = dict(inherited)
    if not any(name in inherited for name in _WAITING):
        changed |= _WAIT
    if libraries is not None:
        places = (inherited.get("LD_LIBRARY_PATH"), str(libraries))
        changed["LD_LIBRARY_PATH"] = os.pathsep.join(place for place in places if place)
    return changed


def libraries() -> Path | None:
    """The folder of the packaged OpenMP; None where the system has its own, or needs none."""
    return None if sys.platform != "linux" or _system_has() else packaged()


def packaged() -> Path | None:
    """The folder of the packaged OpenMP; None where that isn't installed."""
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
