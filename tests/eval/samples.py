"""`python -m eval.samples FOLDER`: small source trees to cut holes in, one for each language.

Each comes through its language's ordinary client, from the registry that the client is set up
for. A language whose client isn't there is left out. Python's sample is the standard library of
the Python that runs this.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

_PATIENCE: Final = 300  # s for one client
# Licences: MIT, but Go's BSD-3-Clause, Java's Apache-2.0, and zlib's own in libz-sys.
_NPM: Final = {
    "javascript": ("express@5.1.0", "commander@14.0.1"),
    "typescript": ("zod@4.1.12",),
}
_GO: Final = ("github.com/spf13/pflag@v1.0.5",)
_CRATES: Final = {"semver": "1.0.26", "textwrap": "0.16.2", "libz-sys": "1.1.22"}
_JAVA: Final = "org.apache.commons:commons-csv:1.11.0:jar:sources"


class ClientMissing(Exception):
    """The client isn't installed, or could not fetch what it was to."""


def python(folder: Path) -> None:
    """The modules of the standard library that are single files."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        shutil.copyfile(path, folder / path.name)


def _npm(language: str) -> Callable[[Path], None]:
    def fetch(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as packed:
            for package in _NPM[language]:
                _call("npm", "pack", "--silent", "--pack-destination", packed, package)
            for path in sorted(Path(packed).glob("*.tgz")):
                with tarfile.open(path) as archive:
                    archive.extractall(folder / path.stem, filter="data")

    return fetch


def go(folder: Path) -> None:
    """Modules, as they lie in the module cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"GOMODCACHE": cache, "GOFLAGS": "-modcacherw"}
        _call("go", "mod", "download", *_GO, environment=environment)
        for path in Path(cache).iterdir():
            if path.name != "cache":
                shutil.copytree(path, folder / path.name)


def _crates(language: str) -> Callable[[Path], None]:
    # A crate that wraps a C library brings its sources along.
    wanted = [name for name in _CRATES if name.endswith("-sys") == (language == "c")]

    def fetch(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as package:
            lines = [f'{name} = {{ version = "={_CRATES[name]}" }}' for name in wanted]
            manifest = ["[package]", 'name = "sample"', 'version = "0.0.0"', "[dependencies]"]
            Path(package, "Cargo.toml").write_text("\n".join([*manifest, *lines]) + "\n")
            Path(package, "src").mkdir()
            Path(package, "src", "lib.rs").touch()
            _call("cargo", "vendor", "--quiet", "vendored", folder=package)
            for name in wanted:
                shutil.copytree(Path(package, "vendored", name), folder / name)

    return fetch


def java(folder: Path) -> None:
    """A jar of sources."""
    with tempfile.TemporaryDirectory() as jars:
        output = f"-DoutputDirectory={jars}"
        _call("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={_JAVA}", output)
        for path in Path(jars).glob("*.jar"):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)


SAMPLES: Final[dict[str, Callable[[Path], None]]] = {
    "python": python,
    "javascript": _npm("javascript"),
    "typescript": _npm("typescript"),
    "go": go,
    "rust": _crates("rust"),
    "c": _crates("c"),
    "java": java,
}


def fetch(folder: Path) -> None:
    """Fetch what the folder lacks; says on stderr which languages had to be left out."""
    for language, get in SAMPLES.items():
        target = folder / language
        if target.exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as begun:
            unfinished = Path(begun, language)
            unfinished.mkdir()
            try:
                get(unfinished)
            except ClientMissing as missing:
                print(f"{language} is left out: {missing}", file=sys.stderr)
                continue
            unfinished.rename(target)


def _call(
    *command: str, folder: str | None = None, environment: dict[str, str] | None = None
) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise ClientMissing(f"{command[0]} is not installed.")
    try:
        subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            check=True,
            capture_output=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise ClientMissing(f"{command[0]} took more than {_PATIENCE} s.") from None
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode("utf-8", "replace").strip()
        raise ClientMissing(f"{' '.join(command)} failed: {said[-300:]}") from None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.samples", description=__doc__)
    parser.add_argument("folder", type=Path)
    fetch(parser.parse_args().folder)


if __name__ == "__main__":
    main()
