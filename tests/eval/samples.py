"""`python -m eval.samples FOLDER`: small source trees to cut holes in, one for each language.

With ``--all`` also in languages of which no model is asked, but :mod:`eval.perfect`.

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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_PATIENCE: Final = 300  # s for one client
# Licences: MIT, but Go's BSD-3-Clause, Java's Apache-2.0, and zlib's own in libz-sys.
_NPM: Final = {
    "javascript": ("express@5.1.0", "commander@14.0.1"),
    "typescript": ("zod@4.1.12",),
}
# Of these only the files that are named like this. MIT, but mdn-data's CC0 and block-library's GPL.
_NPM_PARTS: Final = {
    "cpp": (("react-native@0.76.3",), (".cpp",)),
    "css": (("codemirror@5.65.18", "@docusaurus/theme-classic@3.6.3"), (".css",)),
    "html": (("startbootstrap-sb-admin-2@4.1.4",), (".html",)),
    "json": (("mdn-data@2.14.0", "@wordpress/block-library@9.13.0"), (".json",)),
    "kotlin": (("react-native@0.76.3",), (".kt",)),
    "php": (("@wordpress/block-library@9.13.0",), (".php",)),
    "ruby": (("react-native@0.76.3",), (".rb",)),
    "scss": (("bootstrap@5.3.3", "startbootstrap-sb-admin-2@4.1.4"), (".scss",)),
    "typescriptreact": (("@docusaurus/theme-classic@3.6.3",), (".tsx",)),
}
_GO: Final = ("github.com/spf13/pflag@v1.0.5",)
# MIT and Apache-2.0.
_GO_PARTS: Final = {
    "lua": ("github.com/yuin/gopher-lua@v1.1.1", (".lua",)),
    "shellscript": ("sigs.k8s.io/kind@v0.24.0", (".sh",)),
    "yaml": ("sigs.k8s.io/gateway-api@v1.2.1", (".yaml", ".yml")),
}
_CRATES: Final = {"semver": "1.0.26", "textwrap": "0.16.2", "libz-sys": "1.1.22"}
_JAVA: Final = "org.apache.commons:commons-csv:1.11.0:jar:sources"


class ClientMissing(Exception):
    """The client isn't installed, or could not fetch what it was to."""


def python(folder: Path) -> None:
    """The modules of the standard library that are single files."""
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        shutil.copyfile(path, folder / path.name)


def _npm(packages: tuple[str, ...], endings: tuple[str, ...] = ()) -> Callable[[Path], None]:
    def fetch(folder: Path) -> None:
        with tempfile.TemporaryDirectory() as packed:
            for package in packages:
                _call("npm", "pack", "--silent", "--pack-destination", packed, package)
            for path in sorted(Path(packed).glob("*.tgz")):
                with tarfile.open(path) as archive:
                    wanted = [
                        member for member in archive if not endings or member.name.endswith(endings)
                    ]
                    archive.extractall(folder / path.stem, wanted, filter="data")

    return fetch


def _go(modules: tuple[str, ...], endings: tuple[str, ...] = ()) -> Callable[[Path], None]:
    def ignored(folder: str, names: list[str]) -> list[str]:
        files = [name for name in names if not Path(folder, name).is_dir()]
        return [name for name in files if endings and not name.endswith(endings)]

    def fetch(folder: Path) -> None:
        # As they lie in the module cache.
        with tempfile.TemporaryDirectory() as cache:
            environment = {"GOMODCACHE": cache, "GOFLAGS": "-modcacherw"}
            _call("go", "mod", "download", *modules, environment=environment)
            for path in Path(cache).iterdir():
                if path.name != "cache":
                    shutil.copytree(path, folder / path.name, ignore=ignored)

    return fetch


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
    "javascript": _npm(_NPM["javascript"]),
    "typescript": _npm(_NPM["typescript"]),
    "go": _go(_GO),
    "rust": _crates("rust"),
    "c": _crates("c"),
    "java": java,
    "cpp": _npm(*_NPM_PARTS["cpp"]),
}
ALL_SAMPLES: Final[dict[str, Callable[[Path], None]]] = {
    **SAMPLES,
    **{name: _npm(*parts) for name, parts in _NPM_PARTS.items() if name not in SAMPLES},
    **{language: _go((module,), names) for language, (module, names) in _GO_PARTS.items()},
}


def fetch(folder: Path, samples: Mapping[str, Callable[[Path], None]] = SAMPLES) -> None:
    """Fetch what the folder lacks; says on stderr which languages had to be left out."""
    for language, get in samples.items():
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
    parser.add_argument("--all", action="store_true", help="in all languages")
    given = parser.parse_args()
    fetch(given.folder, ALL_SAMPLES if given.all else SAMPLES)


if __name__ == "__main__":
    main()
