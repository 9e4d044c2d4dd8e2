"""What is known of the machine, the engine and the model, for the wording. Values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infill_ls.completion.answer import Outcome
from infill_ls.errors import InfillError
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings, Source
from infill_ls.shells import Shell


@dataclass(frozen=True, slots=True)
class Copy:
    """A program ``infill-ls`` on the PATH. ``version``: empty if it doesn't say."""

    path: str
    version: str
    removed_by: str


@dataclass(frozen=True, slots=True)
class Program:
    """This program.

    ``copies``: those on the PATH, in its order; two ways to one are one. ``onto_path``: the command
    that puts this one there, empty if it is no program.
    """

    version: str
    python: str
    system: str
    copies: tuple[Copy, ...] = ()
    onto_path: str = ""


@dataclass(frozen=True, slots=True)
class Set:
    """A setting that isn't the default."""

    key: str
    value: Any
    source: Source

    @property
    def place(self) -> str:
        """Where it was set, as a message says it."""
        kind = self.source.kind
        if kind == "environment":
            return self.source.place
        return "settings file" if kind == "file" else kind


@dataclass(frozen=True, slots=True)
class Given:
    """The settings in force, without the editor's; ``said``: those that aren't the default.

    ``problems``: what is wrong in them. ``shell``: the one that the user types commands into.
    """

    settings: Settings
    said: tuple[Set, ...] = ()
    problems: tuple[str, ...] = ()
    shell: Shell = Shell()

    def source_of(self, key: str) -> Source:
        """Return where a key is from."""
        return self.settings.sources.get(key, Source("default"))


@dataclass(frozen=True, slots=True)
class Installed:
    """The embedded engine. ``install``: the command that adds it.

    ``weights``: those that were fetched, by name, each with what is wrong with it, None if nothing
    is. ``pull``: the command that fetches what the settings name. ``needed`` and ``free``: bytes of
    memory, None where nobody knows.
    """

    install: str
    version: str = ""  # of the native code; empty if it is not installed
    weights: Mapping[str, InfillError | None] = field(default_factory=dict)
    pull: str = "infill-ls pull"
    needed: int | None = None
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which engine is asked. ``name``: empty if there is none, for the reason in ``error``.

    ``ollama``: its version, which may be empty; None if it wasn't asked or doesn't answer, for the
    reason in ``absent``. ``program``: whether there is a program ``ollama`` here, ``get_ollama``:
    what installs one. ``elsewhere``: an Ollama answers at the usual address, which isn't the one
    that is asked. ``speaks_openai``: what answers at the address has OpenAI's API.
    """

    name: str = ""
    ollama: str | None = None
    absent: InfillError | None = None
    error: InfillError | None = None
    program: bool = False
    get_ollama: str = ""
    elsewhere: bool = False
    speaks_openai: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model that is asked, and how. ``mode``: raw, suffix or plain; ``family``: for raw.

    ``error``: why none can be. ``other``: a model of the engine that can be taken instead.
    ``have``: the models that the engine has. ``to_fetch``: what the engine's library calls the one
    that the settings name. ``why``: why it is taken, if "auto" has taken it. ``slow``: no cache
    helps it.
    """

    model: Model | None = None
    mode: str = ""
    family: str = ""
    error: InfillError | None = None
    other: str = ""
    have: tuple[str, ...] = ()
    to_fetch: str = ""
    why: str = ""
    slow: bool = False


@dataclass(frozen=True, slots=True)
class InMemory:
    """How the model is loaded. ``seconds``: that loading took; None if it was loaded before.

    ``memory``: bytes that it takes, and ``on_gpu``: which part of these is on a GPU (0 to 1);
    ``room``: tokens for prompt and fill; None where nobody says. ``threads``: of the embedded
    engine. ``instead``: the name of the model that is loaded instead of the one that "auto" would
    have taken, which can't be loaded; empty if it is that one.
    """

    seconds: float | None = None
    memory: int | None = None
    on_gpu: float | None = None
    room: int | None = None
    threads: int = 0
    error: InfillError | None = None
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Timed:
    """Two fills. ``cold``: of a text that was new to the engine; ``warm``: some letters later."""

    cold: Outcome | None = None
    warm: Outcome | None = None
    error: InfillError | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """One of the user's own folders. ``path``: empty if nobody knows where it is.

    ``problem``: why nothing can be written there, empty if it can.
    """

    kind: str
    path: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of the environment. ``names``: the variables; ``used``: the engine's, if any."""

    names: tuple[str, ...] = ()
    used: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """Files that are never completed.

    ``asked``: the file that was asked about, ``pattern``: what excludes it, ``project``: the
    project's file that has the pattern, empty if none has; ``off``: completion is off in it;
    ``unread``: why it can't be read as text, empty if it can.
    ``found``: excluded files of the folder, each with its pattern; ``looked_at``: how
    many files; ``more``: not all of them. ``problems``: of the project's own settings.
    """

    asked: str = ""
    pattern: str = ""
    project: str = ""
    off: bool = False
    unread: str = ""
    found: tuple[tuple[str, str], ...] = ()
    looked_at: int = 0
    more: bool = False
    problems: tuple[str, ...] = ()


def value_shown(value: Any) -> str:
    """Return a setting's value as people write it: at most 60 characters."""
    if value is True or value is False:
        return str(value).lower()
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
