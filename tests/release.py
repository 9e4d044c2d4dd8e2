"""`make dist`: what a release consists of, made twice, compared and tried; then it is in dist/.

The source archive is made of this folder. All else is made of that archive, in two folders with
other names and another umask, so that it is seen to hold all that is needed. The same source gives
the same bytes, for one Python and one Node. Needs npm and the network; run it by `make dist`, which
gets the tools.

Tried in an environment of its own: the wheel with pip, and with uv and pipx as their users install
it; the server starts and completes, with the embedded engine where its weights are there.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

CLONE: Final = Path(__file__).parent.parent
EXTENSION: Final = Path("editor-configs") / "vscode"
# The folders in which it is built, and what files that are made there may be for others.
UMASKS: Final = {"one": 0o022, "another/folder": 0o077}
# What the extension has of its own; the rest are packages that it needs, and the wheel.
OWN_FILES: Final = {"LICENSE", "README.md", "extension.js", "package.json", "server.js"}
HOLE: Final = """\
def even(numbers):
    return [number for number in numbers if number % 2 == 0]


def odd(numbers):
    return [
"""


def main() -> int:
    """Make, compare, try; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packer", type=Path, required=True, help="the folder with hatchling")
    parser.add_argument(
        "--tools", type=Path, required=True, help="with twine, virtualenv, uv, pipx"
    )
    options = parser.parse_args()
    packer, tools = options.packer.absolute(), options.tools.absolute()
    if not shutil.which("npm"):
        return wrong("This needs npm, for the extension (apt install npm).")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="infill-ls-dist-") as place:
        source = pack_source(CLONE, Path(place), packer)
        made = [build(source, Path(place) / name, packer, UMASKS[name]) for name in UMASKS]
        differing = [name for name in made[0] if made[0][name] != made[1][name]]
        if differing or made[0][source.name] != source.read_bytes():
            return wrong(f"Not the same bytes twice: {', '.join(differing) or source.name}")
        say(f"the same bytes twice, {time.monotonic() - started:.0f} s")
        listed = files_of_extension(Path(place) / "one")
        kept = written(made[0], Path(place) / "dist")
        check_metadata(kept, tools)
        check_extension(kept, listed)
        if why := disagreeing_versions(kept):
            return wrong(why)
        try_installing(next(path for path in kept if path.suffix == ".whl"), Path(place), tools)
        shutil.rmtree(CLONE / "dist", ignore_errors=True)
        shutil.copytree(Path(place) / "dist", CLONE / "dist")
    say_state()
    print((CLONE / "dist" / "SHA256SUMS").read_text(), end="")
    return 0


def say(text: str) -> None:
    print(f"✓ {text}", flush=True)


def wrong(text: str) -> int:
    print(f"✗ {text}", file=sys.stderr)
    return 1


# Made


def pack_source(folder: Path, into: Path, packer: Path) -> Path:
    """The source archive of a folder."""
    hatchling(folder, "sdist", into, packer)
    return next(into.glob("*.tar.gz"))


def hatchling(folder: Path, target: str, into: Path, packer: Path) -> None:
    run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)],
        cwd=folder,
        environment={"PYTHONPATH": str(packer)},
    )


def build(source: Path, folder: Path, packer: Path, umask: int) -> dict[str, bytes]:
    """What `make vsix` and another source archive come to where that one is unpacked."""
    folder.mkdir(parents=True)
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    inside = next(folder.iterdir())
    make = ["make", "-s", "vsix", f"PACKER={packer}", f"PYTHON={sys.executable}"]
    run(make, cwd=inside, umask=umask)
    again = pack_source(inside, folder, packer)
    wheel = next((inside / EXTENSION / "wheel").glob("*.whl"))
    extension = inside / EXTENSION / "infill-ls.vsix"
    version = again.name.removeprefix("infill_ls-").removesuffix(".tar.gz")
    return {
        again.name: again.read_bytes(),
        wheel.name: wheel.read_bytes(),
        f"infill-ls-{version}.vsix": extension.read_bytes(),
    }


def written(made: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write what was made into a new folder, with its checksums; the paths without those."""
    folder.mkdir()
    for name, data in made.items():
        (folder / name).write_bytes(data)
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in made.items()]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return [folder / name for name in made]


# Looked at


def check_metadata(kept: Sequence[Path], tools: Path) -> None:
    for path in kept:
        if path.suffix != ".vsix":
            command = [sys.executable, "-W", "ignore", "-m", "twine", "check", "--strict"]
            run([*command, str(path)], environment={"PYTHONPATH": str(tools)})
            say(f"twine check --strict {path.name}")


def files_of_extension(folder: Path) -> list[str]:
    """What `vsce ls` names, where the extension was packed."""
    inside = next(path for path in folder.iterdir() if path.is_dir())
    return run(["make", "-s", "vsix-files"], cwd=inside).splitlines()


def check_extension(kept: Sequence[Path], listed: Sequence[str]) -> None:
    """The packed file has what `vsce ls` names and nothing but what the extension needs.

    The wheel is inside, and the extension without it inside of the wheel.
    """
    wheel, packed = (next(path for path in kept if path.suffix == end) for end in (".whl", ".vsix"))
    expected = OWN_FILES | {f"wheel/{wheel.name}"}
    own = {name for name in listed if not name.startswith("node_modules/")}
    with zipfile.ZipFile(packed) as archive:
        inside = archive.read(f"extension/wheel/{wheel.name}") == wheel.read_bytes()
        count = sum(name.startswith("extension/") for name in archive.namelist())
    with zipfile.ZipFile(wheel) as archive:
        inside = inside and "infill_ls/editor_configs/vscode/client.vsix" in archive.namelist()
    if own != expected or not inside or count != len(listed):
        sys.exit(f"✗ {packed.name} has {count} files; vsce ls: {len(listed)}, {sorted(own)}")
    say(f"vsce ls: {count} files, the wheel among them")


def disagreeing_versions(kept: Sequence[Path]) -> str:
    """Where another version stands than in the package; empty if nowhere."""
    code = (CLONE / "server" / "infill_ls" / "__init__.py").read_text("utf-8")
    version = re.search(r'__version__ = "(.+)"', code)
    assert version is not None
    manifest = json.loads((CLONE / EXTENSION / "package.json").read_text("utf-8"))
    if manifest["version"] != version[1]:
        return f"package.json has {manifest['version']}, the package {version[1]}: make version"
    for path in kept:
        if f"-{version[1]}" not in path.name:
            return f"{path.name} is not of {version[1]}"
    return ""


def say_state() -> None:
    """What keeps this from being a release."""
    newest = (CLONE / "CHANGELOG.md").read_text("utf-8").partition("\n## ")[2].partition("\n")[0]
    if "not released" in newest:
        print(f'! CHANGELOG.md says "{newest}"')
    if (CLONE / ".git").exists():
        changed = run(["git", "status", "--porcelain"], cwd=CLONE).splitlines()
        if changed:
            print(f"! {len(changed)} files here are not as they are committed")


# Tried


def try_installing(wheel: Path, place: Path, tools: Path) -> None:
    python = [sys.executable, "-W", "ignore", "-m"]
    environment = {"PYTHONPATH": str(tools)}
    run([*python, "virtualenv", "--quiet", str(place / "venv")], environment=environment)
    own = place / "venv" / "bin"
    pip = ["install", "--quiet", "--disable-pip-version-check", f"{wheel}[embedded]"]
    run([str(own / "python"), "-m", "pip", *pip])
    check_program(own / "infill-ls", "pip")
    asyncio.run(check_server(own / "infill-ls"))
    check_fill(own / "infill-ls", place)
    places = {"UV_TOOL_DIR": str(place / "uv"), "UV_TOOL_BIN_DIR": str(place / "uv-bin")}
    run([*python, "uv", "tool", "install", "--quiet", str(wheel)], environment=environment | places)
    check_program(place / "uv-bin" / "infill-ls", "uv tool")
    places = {"PIPX_HOME": str(place / "pipx"), "PIPX_BIN_DIR": str(place / "pipx-bin")}
    run([*python, "pipx", "install", "--quiet", str(wheel)], environment=environment | places)
    check_program(place / "pipx-bin" / "infill-ls", "pipx")


def check_program(program: Path, installer: str) -> None:
    version = run([str(program), "--version"]).strip()
    # What is in the wheel besides code.
    run([str(program), "editor", "neovim"])
    say(f"{installer} install: {version}")


async def check_server(program: Path) -> None:
    """It starts, says who it is, and leaves."""
    process = await asyncio.create_subprocess_exec(
        *(str(program), "serve"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    messages: list[dict[str, object]] = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    for message in messages:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    async with asyncio.timeout(120):
        out, _ = await process.communicate()
    if process.returncode or b'"serverInfo"' not in out:
        sys.exit(f"✗ infill-ls serve left with {process.returncode}: {out.decode()[:300]}")
    say("the server starts, answers initialize, and leaves")


def check_fill(program: Path, place: Path) -> None:
    """The embedded engine fills a hole, if its weights are here."""
    # Nobody's settings.
    own = {"XDG_CONFIG_HOME": str(place / "config"), "XDG_STATE_HOME": str(place / "state")}
    models = json.loads(run([str(program), "models", "--json"], environment=own))
    embedded = next(one for one in models["engines"] if one["engine"] == "embedded")
    if not embedded["models"]:
        print("! no fill was tried: the embedded engine has no weights here (infill-ls pull)")
        return
    file = place / "numbers.py"
    file.write_text(HOLE)
    fill = run([str(program), "complete", f"{file}:6", "--engine", "embedded"], environment=own)
    say(f"the embedded engine completes return [ with {fill.splitlines()[0]}")


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    umask: int = 0o022,
) -> str:
    """What a command prints on stdout. It ends all this if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**usual(), **(environment or {})},
        umask=umask,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"✗ {' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def usual() -> dict[str, str]:
    """The environment, without what this process alone is told, and without settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH" and not name.startswith(("INFILL_LS_", "MAKE", "MFLAGS"))
    }


if __name__ == "__main__":
    sys.exit(main())
