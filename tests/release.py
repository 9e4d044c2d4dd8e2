"""`make dist`: what is released, built twice and looked at.

The commit is unpacked in two folders and built in both: the wheel, the source distribution and
VS Code's extension. Their bytes must be the same. Then each is checked: by twine; for what must be
in it and what must not; the wheel is installed into an environment of its own, started, and
completes, with the simulated Ollama behind it. Only what has passed all that comes into dist/.

Run with the project's own Python, after `make dist` has put build, twine and virtualenv into
.tools/dist.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from fake_ollama import FakeOllama
from lsp_client import LspClient

CLONE: Final = Path(__file__).parents[1]
TOOLS: Final = CLONE / ".tools" / "dist"
EXTENSION: Final = PurePosixPath("editor-configs/vscode")
# In the source distribution, beside the code: what is needed to work on it.
OF_A_CLONE: Final = (
    *("Makefile", "requirements.lock", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"),
    *("CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "tests/release.py", ".ci/run"),
    *("editor-configs/neovim/infill-ls.lua", "editor-configs/vscode/extension.js"),
)
# In the wheel: its types, and what `infill-ls editor` puts into editors.
OF_THE_WHEEL: Final = (
    *("infill_ls/py.typed", "infill_ls/editor_configs/neovim/infill-ls.lua"),
    "infill_ls/editor_configs/vscode/client.vsix",
)
# What VS Code's extension is made of; its packages are in node_modules, a server in wheel.
OF_THE_EXTENSION: Final = {
    *("extension.js", "server.js", "package.json", "readme.md", "license", "license.txt"),
    *("node_modules", "wheel"),
}
# The extension is built in a clone alone, so that what is made of the sdist has it not.
FROM_A_CLONE_ALONE: Final = (".vsix", "RECORD")
FILL: Final = "value for value in values]"


class Wrong(Exception):
    """What is not as it must be, in one sentence."""


def run(command: Sequence[object], folder: Path, **more: str) -> str:
    """Run a command, and return what it says. Raises :class:`Wrong` if it fails."""
    environment = {**clean(), **more}
    ran = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise Wrong(f"{' '.join(map(str, command))} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def clean() -> Mapping[str, str]:
    """The environment without what would bring in other packages or settings."""
    names = ("PYTHONPATH", "VIRTUAL_ENV")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in names and not name.startswith(("INFILL_LS_", "OLLAMA_"))
    }


def built(folder: Path, when: str) -> dict[str, Path]:
    """Unpack the commit into a folder and build all there; the files by their kinds.

    ``when``: the time that all files have, in s since 1970.
    """
    folder.mkdir()
    packed = folder.with_suffix(".tar")
    run(["git", "archive", "--output", packed, "HEAD"], CLONE)
    run(["tar", "-xf", packed, "-C", folder], CLONE)
    packed.unlink()
    times = {"SOURCE_DATE_EPOCH": when}
    # First: it leaves the extension where the wheel has it from.
    run(["make", "-s", "vsix", f"PYTHON={sys.executable}"], folder, **times)
    tools = {"PYTHONPATH": str(TOOLS)}
    build = [sys.executable, "-m", "build", "--sdist", "--wheel", "."]
    run(build, folder, **times, **tools)
    (wheel,), (sdist,) = (list((folder / "dist").glob(kind)) for kind in ("*.whl", "*.tar.gz"))
    version = wheel.name.split("-")[1]
    vsix = folder / "dist" / f"infill-ls-{version}.vsix"
    shutil.copyfile(folder / EXTENSION / "infill-ls.vsix", vsix)
    return {"wheel": wheel, "sdist": sdist, "vsix": vsix}


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def same_bytes(first: Mapping[str, Path], second: Mapping[str, Path]) -> None:
    """Both builds gave the same."""
    for kind, file in first.items():
        if digest(file) != digest(second[kind]):
            raise Wrong(f"Built twice, {file.name} is not the same: {file}, {second[kind]}.")


def twine(files: Mapping[str, Path]) -> None:
    """What an index would say of wheel and sdist."""
    check = [sys.executable, "-m", "twine", "check", "--strict", files["wheel"], files["sdist"]]
    run(check, CLONE, PYTHONPATH=str(TOOLS))


def wheel(files: Mapping[str, Path]) -> None:
    """The wheel has the package with its types and the editors' files, and no tests."""
    names = zipfile.ZipFile(files["wheel"]).namelist()
    if missing := set(OF_THE_WHEEL) - set(names):
        raise Wrong(f"The wheel lacks {', '.join(sorted(missing))}.")
    tops = {name.partition("/")[0] for name in names}
    about = next(name for name in tops if name.endswith(".dist-info"))
    if tops != {"infill_ls", about}:
        raise Wrong(f"The wheel has more than the package: {sorted(tops)}.")


def sdist(files: Mapping[str, Path]) -> None:
    """The source distribution has what is needed to work on it, and makes the same wheel."""
    with tempfile.TemporaryDirectory() as place, tarfile.open(files["sdist"]) as archive:
        archive.extractall(place, filter="data")
        (folder,) = Path(place).iterdir()
        if missing := [name for name in OF_A_CLONE if not (folder / name).exists()]:
            raise Wrong(f"The source distribution lacks {', '.join(missing)}.")
        run([sys.executable, "-m", "build", "--wheel", "."], folder, PYTHONPATH=str(TOOLS))
        (made,) = (folder / "dist").glob("*.whl")
        one, other = contents(files["wheel"]), contents(made)
        if one != other:
            raise Wrong(f"The source distribution makes another wheel: {one.keys() ^ other.keys()}")


def contents(wheel: Path) -> dict[str, bytes]:
    archive = zipfile.ZipFile(wheel)
    names = (name for name in archive.namelist() if not name.endswith(FROM_A_CLONE_ALONE))
    return {name: archive.read(name) for name in names}


def extension(files: Mapping[str, Path]) -> None:
    """VS Code's extension has what it needs at run time, and nothing else."""
    names = zipfile.ZipFile(files["vsix"]).namelist()
    inner = [name.removeprefix("extension/") for name in names if name.startswith("extension/")]
    tops = {name.partition("/")[0].lower() for name in inner}
    if more := tops - OF_THE_EXTENSION:
        raise Wrong(f"The extension has more than it needs: {', '.join(sorted(more))}.")
    client = "node_modules/vscode-languageclient/package.json"
    if missing := {"extension.js", "package.json", client} - set(inner):
        raise Wrong(f"The extension lacks {', '.join(sorted(missing))}.")
    if not any(name.startswith("wheel/infill_ls-") for name in inner):
        raise Wrong("The extension lacks the server's wheel.")


def installed(files: Mapping[str, Path]) -> None:
    """From an environment of its own the wheel starts, and completes."""
    version = files["wheel"].name.split("-")[1]
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        new = [sys.executable, "-m", "virtualenv", "--quiet", home / "venv"]
        run(new, home, PYTHONPATH=str(TOOLS))
        python, program = (home / "venv" / "bin" / name for name in ("python", "infill-ls"))
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, files["wheel"]], home)
        told = run([program, "--version"], home).split()
        if told[-1:] != [version]:
            raise Wrong(f"infill-ls --version says {' '.join(told)}, not {version}.")
        asyncio.run(_completes(program, home, version))


async def _completes(program: Path, home: Path, version: str) -> None:
    async with FakeOllama(fill=FILL) as ollama:
        places = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CONFIG", "STATE", "CACHE")}
        environment = {"OLLAMA_HOST": ollama.url, **places}
        client = await LspClient.start(command=[str(program), "serve"], environment=environment)
        answered = await client.initialize(options={"debounceMs": 0})
        if answered["serverInfo"]["version"] != version:
            raise Wrong(f"The server says that it is {answered['serverInfo']}, not {version}.")
        client.open("a = [\n")
        if (fill := await client.fill(0, 5)) != FILL:
            raise Wrong(f"The server's fill is {fill!r}.")
        await client.stop()
        file = home / "a.py"
        file.write_text("a = [\n")
        complete = [str(program), "complete", "a.py:1"]
        printed = await asyncio.to_thread(run, complete, home, **environment)
        if printed.rstrip("\n") != FILL:
            raise Wrong(f"infill-ls complete prints {printed!r}.")


CHECKS: Final[tuple[Callable[[Mapping[str, Path]], None], ...]] = (
    *(twine, wheel, sdist, extension, installed),
)


def main() -> int:
    os.environ.pop("PYTHONPATH", None)
    when = run(["git", "log", "-1", "--format=%ct"], CLONE).strip()
    if run(["git", "status", "--porcelain"], CLONE):
        print("What isn't committed is not in what is built.")
    with tempfile.TemporaryDirectory(prefix="infill-ls-dist-") as place:
        try:
            first, second = (built(Path(place) / name, when) for name in ("first", "second"))
            same_bytes(first, second)
            for check in CHECKS:
                check(first)
                print(f"✓ {(check.__doc__ or '').splitlines()[0]}", flush=True)
        except Wrong as wrong:
            print(f"✗ {wrong}", file=sys.stderr)
            return 1
        out = CLONE / "dist"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        for file in first.values():
            shutil.copyfile(file, out / file.name)
    lines = [f"{digest(file)}  {file.name}\n" for file in sorted(out.iterdir())]
    (out / "SHA256SUMS").write_text("".join(lines), "utf-8")
    print("✓ Built twice, the same bytes; in dist/:")
    print("".join(lines), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
