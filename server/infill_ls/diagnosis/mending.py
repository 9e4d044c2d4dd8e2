"""The one command that mends something. Pure."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, Final

from infill_ls.diagnosis.facts import Choice, Chosen, Files, Given, Installed
from infill_ls.engines.ollama_start import START, is_usual
from infill_ls.errors import (
    CannotInsert,
    InfillError,
    ModelNotFound,
    NotRunning,
    SettingsError,
    Unauthorized,
    WeightsError,
)
from infill_ls.prompt.families import SUGGESTED_MODEL
from infill_ls.setting_names import variable
from infill_ls.settings import DEFAULT_URL
from infill_ls.shells import Shell
from infill_ls.values import is_loopback

# Where llama-server listens unless it is told otherwise (its --help, --port).
LLAMA_SERVER_URL: Final = "http://127.0.0.1:8080"
# In Ollama's library, of those that fill well for their size.
SMALLEST_MODEL: Final = "qwen2.5-coder:0.5b"


def sets(given: Given, key: str, value: Any) -> str:
    """Return the command that sets a key where the user has set it."""
    source = given.source_of(key)
    shown = value if isinstance(value, str) else json.dumps(value)
    if source.kind == "environment":
        return given.shell.exports(variable(key), shown)
    if source.kind == "command line":
        return f"Leave out --{key}, or say --{key} {shown}."
    return f"infill-ls settings set {key} {shown}"


def fetches(given: Given, name: str, *, by_name: bool = False) -> str:
    """Return the command that fetches a model, and has it taken if the settings name another.

    ``by_name``: "auto" would take another, too.
    """
    pull = f"infill-ls pull {name}"
    if given.settings.model in ((name,) if by_name else ("auto", name)):
        return pull
    return given.shell.then(pull, sets(given, "model", name))


def no_engine(given: Given, choice: Choice, installed: Installed, proxy: str = "") -> str:
    """Return what gives the user an engine, or has the one be asked that he has.

    ``proxy``: the one that the engine is asked through, empty if none is.
    """
    settings, error = given.settings, choice.absent or choice.error
    if proxy or (isinstance(error, SettingsError) and "proxy" in error.message):
        return given.shell.exports("NO_PROXY", host_of(settings.engine_url))
    if isinstance(error, Unauthorized) and not settings.api_key_env:
        return sets(given, "apiKeyEnv", "MY_KEY")
    if settings.engine == "embedded" or isinstance(choice.error, WeightsError | ModelNotFound):
        return _embedded(given, choice, installed)
    if choice.speaks_openai:
        return sets(given, "engine", "openai")
    if not isinstance(error, NotRunning):
        return error.fix if error else ""
    if choice.elsewhere:
        return _usual_address(given)
    if settings.engine == "openai" and settings.engine_url == DEFAULT_URL:
        # That is Ollama's.
        return sets(given, "url", LLAMA_SERVER_URL)
    if settings.engine == "openai" or not is_loopback(settings.engine_url):
        return error.fix
    if choice.program:
        return START if is_usual(settings) else error.fix
    if settings.engine == "ollama":
        return choice.get_ollama
    if choice.name:
        # Another is used instead, and may as well be meant.
        return sets(given, "engine", choice.name)
    if installed.version:
        return installed.pull
    return given.shell.then(installed.install, "infill-ls pull")


def _embedded(given: Given, choice: Choice, installed: Installed) -> str:
    if isinstance(choice.error, ModelNotFound):
        return sets(given, "model", "auto")
    if not installed.version:
        return given.shell.then(installed.install, installed.pull)
    return installed.pull if isinstance(choice.error, WeightsError) else ""


def not_loaded(given: Given, choice: Choice, error: InfillError) -> str:
    """Return what helps where the model can't be loaded."""
    if choice.name == "ollama" and "memory" in error.message:
        return fetches(given, SMALLEST_MODEL, by_name=True)
    return error.fix


def _usual_address(given: Given) -> str:
    """Return what has Ollama be asked at its usual address."""
    source = given.source_of("url")
    if source.kind == "environment":
        return given.shell.unsets(source.place)
    return sets(given, "url", DEFAULT_URL)


def no_model(given: Given, chosen: Chosen) -> str:
    """Return what gives the user a model that can fill in the middle."""
    settings, named = given.settings, given.settings.model
    if settings.mode != "auto" and isinstance(chosen.error, CannotInsert):
        return sets(given, "mode", "auto")
    if settings.engine == "openai":
        return chosen.error.fix if chosen.error else ""
    if chosen.other:
        return sets(given, "model", "auto")
    if isinstance(chosen.error, ModelNotFound) and named != "auto":
        return fetches(given, chosen.to_fetch or named)
    return fetches(given, SUGGESTED_MODEL)


_UNREADABLE: Final = r"^The settings file (.+) can't be read \("
_BY_HAND: Final = "Mend {0} by hand."
# Of what is wrong in the settings: how the message names the variable that is to be unset, or
# something else, and what mends that.
_VARIABLES: Final = (
    r"\((INFILL_LS_\w+)\)",
    r"environment variable \"?(INFILL_LS_\w+|OLLAMA_HOST)",
)
_PROBLEMS: Final = (
    (r'^The setting "(\w+)" in the settings file', "infill-ls settings set {} VALUE"),
    (r'^Unknown setting "([\w-]+)" in the settings file', "infill-ls settings unset {}"),
    (r'^The setting "(\w+)" on the command line', "Leave out --{}, or give it another value."),
    # All that is right in the file stays, so that nothing is sent that it excludes.
    (rf"{_UNREADABLE}.*at line (\d+)", "Mend line {1} of {0}."),
    (rf"{_UNREADABLE}.*at end of document", "Mend the end of {0}."),
    (rf"{_UNREADABLE}Permission denied", "chmod u+r {0}"),
    (_UNREADABLE, _BY_HAND),
)


def wrong_setting(problem: str, shell: Shell) -> str:
    """Return what mends a mistake in the settings."""
    for pattern in _VARIABLES:
        if found := re.search(pattern, problem):
            return shell.unsets(found[1])
    for pattern, fix in _PROBLEMS:
        if found := re.search(pattern, problem):
            # Whoever has no modes mends it by hand.
            fix = _BY_HAND if shell.windows and fix.startswith("chmod") else fix
            return fix.format(*map(shlex.quote, found.groups()))
    return "infill-ls settings"


def takes_back(files: Files) -> str:
    """Return a sentence on what has a file be completed that is excluded.

    No command: whoever copies those that mend something shall not expose a secret by it.
    """
    if files.project:
        return f"To have it completed anyway, take the pattern out of {files.project}."
    name = files.asked.replace("\\", "/").rpartition("/")[2]
    return f'To have it completed anyway, add "!{name}" to "exclude".'


def host_of(url: str) -> str:
    """Return the host of an address, as it is written there."""
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
