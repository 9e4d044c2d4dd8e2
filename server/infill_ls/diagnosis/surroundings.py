"""Look at this program, those beside it on the PATH, the user's folders, the proxies, the files."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
import subprocess
import sys
import sysconfig
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal
from urllib.request import getproxies, proxy_bypass

from infill_ls import __version__
from infill_ls.diagnosis.facts import Copy, Files, Folder, Given, Program, Proxies
from infill_ls.diagnosis.mending import host_of
from infill_ls.diagnosis.report import Own
from infill_ls.engines.embedded import installation
from infill_ls.errors import FOLDER_GONE, InfillError
from infill_ls.folders import expanded, own, working_folder
from infill_ls.project.rules import Rulebook
from infill_ls.text.languages import language_of
from infill_ls.values import is_loopback

# s that a program on the PATH has to say its version.
_VERSION_LIMIT: Final = 10.0
# Files of the folder that are looked at; one costs 60 µs.
_MOST_FILES: Final = 2000
# Folders that nobody completes in, and that may be large.
_NOT_ENTERED: Final = ("node_modules", "__pycache__", "target", "venv")
# Bytes of a file that are looked at for its encoding.
_BEGINNING: Final = 1_000_000
_PACKAGES: Final = ("pygls", "lsprotocol", "httpx", "xllamacpp", "tree-sitter")
# Of variables that may hold a secret.
_MAY_BE_SECRET: Final = re.compile(r"KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL", re.IGNORECASE)
# What puts the programs of tools on the PATH.
_ONTO_PATH: Final[Mapping[str, str]] = {
    "pipx": "pipx ensurepath",
    "uv tool": "uv tool update-shell",
}
_PROXY_VARIABLES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# Those with addresses, whether they are the ones that count or not.
_ADDRESS_VARIABLES: Final = (
    *("OLLAMA_HOST", "INFILL_LS_URL"),
    *_PROXY_VARIABLES,
    *map(str.lower, _PROXY_VARIABLES),
)


def program() -> Program:
    """Find out what runs here, and what editors would start."""
    return Program(
        __version__,
        platform.python_version(),
        f"{platform.system()} ({platform.machine()})",
        tuple(_copies()),
        _onto_path(),
    )


def _onto_path() -> str:
    """Return the command that puts this program on the PATH; empty if it is none."""
    by = installation.installation().by
    if by in _ONTO_PATH:
        return _ONTO_PATH[by]
    scripts = Path(sysconfig.get_path("scripts"))
    there = scripts.is_dir() and any(one.stem == "infill-ls" for one in scripts.iterdir())
    if not there:
        return ""
    if os.name == "nt":
        return f'$env:Path = "{scripts};$env:Path"'
    return f'export PATH="{scripts}:$PATH"'


def _copies() -> Iterator[Copy]:
    """Yield the programs of this name on the PATH, each once.

    A relative folder on it, which is the project's as a rule, is passed over: asking a program for
    its version runs it.
    """
    seen = set()
    names = ("infill-ls.exe", "infill-ls.cmd") if os.name == "nt" else ("infill-ls",)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in names:
            path = Path(folder, name)
            if not (path.is_absolute() and path.is_file() and os.access(path, os.X_OK)):
                continue
            real = path.resolve()
            if real not in seen:
                seen.add(real)
                yield Copy(from_home(path), _version_of(path), _removal(real))


def _version_of(path: Path) -> str:
    """Return the version that a program says it has; empty if it says none."""
    try:
        done = subprocess.run(
            [str(path), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_LIMIT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    words = done.stdout.decode("utf-8", "replace").split()
    return words[1][:40] if len(words) == 2 and words[0] == "infill-ls" else ""


def _removal(path: Path) -> str:
    """Return the command that uninstalls what a program belongs to."""
    parts = path.parts
    if "pipx" in parts:
        return "pipx uninstall infill-ls"
    if "uv" in parts and "tools" in parts:
        return "uv tool uninstall infill-ls"
    python = path.parent / ("python.exe" if os.name == "nt" else "python")
    interpreter = str(python) if python.exists() else "python3"
    return f"{interpreter} -m pip uninstall infill-ls"


def folders() -> list[Folder]:
    """Find out where the user's own folders are, and whether they can be written."""
    return [_folder(kind) for kind in ("config", "state", "cache")]


def _folder(kind: Literal["config", "state", "cache"]) -> Folder:
    path = own(kind)
    if path is None:
        return Folder(kind, "", "nobody knows where this user's home is")
    # Nobody writes settings but the user.
    return Folder(kind, from_home(path), "" if kind == "config" else _problem(path))


def _problem(path: Path) -> str:
    """Return why nothing can be written in a folder, which need not be there; empty if it can."""
    there = next((one for one in (path, *path.parents) if one.exists()), path)
    if not there.is_dir():
        return f"{from_home(there)} is no folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{from_home(there)} can't be written"
    return ""


def from_home(path: Path) -> str:
    """Return a path as people write it, with ``~`` for their home."""
    home = Path(expanded("~"))
    if os.name == "nt" or not home.is_absolute() or not path.is_relative_to(home):
        return str(path)
    return str(Path("~", path.relative_to(home)))


def settings_file() -> str:
    """Return a sentence with the path of the user's settings file, and whether there is one."""
    folder = own("config")
    if folder is None:
        return "There is no settings file, since nobody knows this user's home."
    path = folder / "config.toml"
    is_there = "is" if path.exists() else "would be"
    return f"The settings file {is_there} {from_home(path)}."


def proxies(given: Given) -> Proxies:
    """Find out which proxies the environment names, and the one that the engine is asked through.

    Much as httpx does it, by what Python's own library finds.
    """
    names = [
        name
        for upper in _PROXY_VARIABLES
        for name in (upper, upper.lower())
        if os.environ.get(name)
    ]
    url, used = given.settings.engine_url, ""
    if not is_loopback(url) and not proxy_bypass(host_of(url)):
        found = getproxies()
        used = found.get(url.partition(":")[0]) or found.get("all") or ""
    return Proxies(tuple(names), used)


def files(given: Given, asked: Path | None) -> Files:
    """Find out whether a file is excluded, or which files of the current folder are.

    ``asked``: the file; None for the folder. Raises
    :class:`InfillError` if that folder is gone.
    """
    problems: list[str] = []
    here = working_folder()
    if here is None:
        raise InfillError(*FOLDER_GONE)
    rulebook = Rulebook(problems.append)
    rulebook.use(given.settings.exclude, [here])
    if asked is not None:
        rules = rulebook.rules_for(str(asked.absolute()), language_of(asked.name), given.settings)
        off = not rules.settings.enabled and given.settings.enabled
        # The rules name the file where a pattern is a project's.
        pattern, _, project = rules.excluded.partition('" in "')
        return Files(str(asked), pattern, project, off, _unread(asked), problems=tuple(problems))
    found, number = [], 0
    for number, path in enumerate(_below(here), 1):
        if number > _MOST_FILES:
            break
        if pattern := rulebook.rules_for(path, "", given.settings).excluded:
            found.append((os.path.relpath(path, here), pattern))
    return Files(
        found=tuple(found),
        looked_at=min(number, _MOST_FILES),
        more=number > _MOST_FILES,
        problems=tuple(problems),
    )


def _unread(path: Path) -> str:
    """Return why a file can't be read as UTF-8; empty if it can. Its beginning is looked at."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
            decoder.decode(beginning, final=len(beginning) < _BEGINNING)
    except OSError as error:
        return f"can't be read ({error.strerror})"
    except UnicodeDecodeError:
        return "is not UTF-8"
    return ""


def record(given: Given) -> str:
    """Return why the record, if the user wants one, can't be written; empty if it can.

    Nothing is written for it.
    """
    if not given.settings.audit:
        return ""
    path = Path(expanded(given.settings.audit))
    if not path.is_absolute():
        return "the setting must have the whole path"
    if path.exists():
        if not path.is_file():
            return "it is no file"
        return "" if os.access(path, os.W_OK) else "nobody may write it"
    if not path.parent.is_dir():
        return f"there is no folder {from_home(path.parent)}"
    return _problem(path.parent)


def _below(folder: str) -> Iterator[str]:
    """Yield the files in a folder and those below it, the ones nearer to it first."""
    waiting = [folder]
    for one in waiting:
        try:
            with os.scandir(one) as entries:
                listed: Sequence[os.DirEntry[str]] = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in listed:
            if not entry.is_dir(follow_symlinks=False):
                yield entry.path
            elif entry.name not in _NOT_ENTERED and entry.name != ".git":
                waiting.append(entry.path)


def packages() -> list[str]:
    """Return the names and versions of the packages that matter, of those that are installed."""
    return [f"{name} {version(name)}" for name in _PACKAGES if _is_installed(name)]


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def own_words(given: Given) -> Own:
    """Return the words that no report is to have: names, folders, keys, and those that run things.

    Of the environment these are the values of what may be a secret by its name.
    """
    settings = given.settings
    words = {socket.gethostname(), socket.gethostname().partition(".")[0]}
    words |= {expanded("~"), Path(expanded("~")).name, sys.prefix}
    for find in (getpass.getuser, os.getcwd):
        # The system may know no such user, and somebody may have removed the folder.
        with suppress(KeyError, OSError, ImportError):
            words.add(find())
    words |= set(settings.headers.values()) | set(settings.exclude)
    words |= {settings.audit or "", settings.ca_file or ""}
    words |= set(settings.recitation.folders) if settings.recitation else set()
    words |= {value for name, value in os.environ.items() if _MAY_BE_SECRET.search(name)}
    if settings.api_key_env:
        words.add(os.environ.get(settings.api_key_env, ""))
    addresses = [os.environ.get(name, "") for name in _ADDRESS_VARIABLES]
    words |= set(map(_other_host, (settings.engine_url, *addresses)))
    if re.search(r"[/\\]|%2f|%5c", settings.model, re.IGNORECASE):
        # A path, or the name of an owner; blanks in it are no end of it.
        words.add(settings.model)
    return Own(tuple(word for word in words if word not in ("", "/", "root")))


def _other_host(address: str) -> str:
    """Return the host of an address, whose scheme may be missing; empty if it is this machine."""
    host = host_of(address if "://" in address else f"http://{address}")
    try:
        near = is_loopback(f"http://{host}") or host in ("0.0.0.0", "[::]")
    except ValueError:
        near = False
    return "" if near else host
