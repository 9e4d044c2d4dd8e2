"""Read the user's settings from all their sources, and say what is wrong with them.

A key (of :data:`KEYS`) is spelled the same everywhere: in the editor's ``initializationOptions``,
in its ``workspace/configuration`` section ``infill-ls``, and in ``config.toml`` in the user's
configuration directory. The environment has it as ``INFILL_LS_MAX_TOKENS``. Precedence: command
line, environment, editor, file. A wrong value is reported in one message. No other takes the place
of one that says where code goes, which of it, or what is shown (:data:`DECIDING`): no engine is
asked until it is mended. Any other wrong value is ignored; then the next source counts, or the
default.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from infill_ls import values
from infill_ls.setting_names import is_slip, nearest, strange_variables, variable
from infill_ls.shown import quoted
from infill_ls.user_file import UserFile, line_of
from infill_ls.values import (
    LanguageSettings,
    OwnTemplate,
    Reader,
    Recitation,
    is_loopback,
    parse_ollama_host,
)

DEFAULT_URL: Final = "http://127.0.0.1:11434"

EngineName = Literal["auto", "ollama", "openai", "embedded"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a setting comes from.

    ``place``: the environment variable, or the file's path; empty where there is no other.
    """

    kind: Literal["command line", "environment", "editor", "project", "file", "default"]
    place: str = ""


def _key(name: str, default: Any, read: Reader, *, secret: bool = False) -> Any:
    metadata = {"key": name, "read": read}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its default.

    The keys in quotes are what the user writes; docs/settings.md says what each one means.
    """

    engine: EngineName = _key(
        "engine", "auto", values.one_of("auto", "ollama", "openai", "embedded")
    )
    url: str | None = _key("url", None, values.url)
    model: str = _key("model", "auto", values.text)
    api_key_env: str | None = _key("apiKeyEnv", None, values.variable)
    headers: Mapping[str, str] = _key("headers", {}, values.headers, secret=True)
    ca_file: str | None = _key("caFile", None, values.text)
    max_tokens: int = _key("maxTokens", 128, values.number(int, 1, values.MOST_TOKENS))
    multiline: str = _key("multiline", "auto", values.one_of(*values.MULTILINE))
    eagerness: str = _key("eagerness", "normal", values.one_of(*values.EAGERNESS))
    temperature: float = _key("temperature", 0.2, values.number(float, 0, 2))
    debounce_ms: int | Literal["auto"] = _key(
        "debounceMs", "auto", values.auto_or(values.number(int, 0, 10_000))
    )
    latency_ms: int = _key("latencyMs", 1000, values.number(int, 100, 10_000))
    context_tokens: int | Literal["auto"] = _key(
        "contextTokens", "auto", values.auto_or(values.number(int, 64, 131_072))
    )
    keep_alive: str | int = _key("keepAlive", "30m", values.keep_alive)
    mode: str = _key("mode", "auto", values.one_of("auto", "raw", "suffix", "plain"))
    fim: tuple[OwnTemplate, ...] = _key("fim", (), values.own_templates)
    weights_from: str = _key("weightsFrom", "auto", values.one_of("auto", "hub"))
    exclude: tuple[str, ...] = _key("exclude", (), values.patterns)
    enabled: bool = _key("enabled", True, values.flag)
    languages: Mapping[str, LanguageSettings] = _key("languages", {}, values.languages)
    recitation: Recitation | None = _key("recitation", None, values.recitation)
    audit: str | None = _key("audit", None, values.text)
    stats: bool = _key("stats", True, values.flag)
    log: str = _key("log", "warning", values.one_of("error", "warning", "info", "debug", "trace"))
    # Not a key: the environment variable OLLAMA_HOST, which counts if the user sets no url.
    ollama_host: str | None = None
    # Not a key: those that the command line and the environment have given, which no project sets.
    fixed: frozenset[str] = frozenset()
    # Not a key: what is wrong in those that decide, in sentences. Meanwhile no engine is asked.
    wrong: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()  # not a key: those of them whose values nobody knows
    # Not a key: where each value comes from that isn't the default, by its key. Where two settings
    # have the same values, they are the same.
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False, repr=False)

    @property
    def engine_url(self) -> str:
        """The engine's address, without a slash at the end."""
        return self.url or (
            parse_ollama_host(self.ollama_host) if self.ollama_host else DEFAULT_URL
        )

    def in_the_clear(self, engine: str) -> str:
        """Return what to tell the user if code goes over a network unencrypted; empty if not.

        ``engine``: the one that is asked, which "auto" leaves open. The host counts as it is
        written: names may change, and private networks have other people.
        """
        address = self.engine_url
        if engine == "embedded" or address.startswith("https:") or is_loopback(address):
            return ""
        key = ["your key"] if self.api_key_env else []
        *others, last = ["your code", *key, *(["your headers"] if self.headers else [])]
        what = f"{', '.join(others)} and {last} go" if others else f"{last} goes"
        return f"Y{what[1:]} to {address} unencrypted. Use https:// or an SSH tunnel."


_READERS: Final[Mapping[str, tuple[str, Reader]]] = {
    item.metadata["key"]: (item.name, item.metadata["read"])
    for item in fields(Settings)
    if "key" in item.metadata
}
KEYS: Final = tuple(_READERS)
# They say where code goes, which of it, and what is shown. With a wrong value of one nobody knows
# what the user wants, and a default may be what he doesn't.
DECIDING: Final = (
    *("engine", "url", "model", "apiKeyEnv", "headers", "caFile", "weightsFrom"),
    *("exclude", "enabled", "languages", "recitation", "audit"),
)
# What is said of a wrong value that isn't just ignored ends so; more may be said behind it.
UNTIL_MENDED: Final = "until it is mended"
# What follows from a wrong value of a key that decides.
NOTHING_IS_ASKED: Final = f"Nothing is asked {UNTIL_MENDED}"
# What keeps something is off with a wrong value, or a name like it, and what is said then.
_OFF_IF_WRONG: Final = {"stats": f"Nothing is counted {UNTIL_MENDED}"}
# A wrong value of these may be a password or a key.
_NOT_REPEATED: Final = ("url", "headers", "apiKeyEnv")
# Keys whose values are more than a text; the environment has them as JSON.
_TABLES: Final = ("headers", "fim", "exclude", "languages", "recitation")


def load(
    *,
    command_line: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    editor: Any = None,
    file: Mapping[str, Any] | None = None,
    path: Path | None = None,
) -> tuple[Settings, list[str]]:
    """Return the settings from all their sources, and a message for each thing that is wrong.

    ``command_line`` and ``file``: values by their keys; ``path``: where the file is.
    ``environment``: variables by their names. ``editor``: what the editor sent, which may be any
    JSON, or None. Nothing in them raises an error.
    """
    environment = environment or {}
    reading = _Reading()
    if editor is not None and not isinstance(editor, Mapping):
        reading.problem(
            f"The editor's settings are not a table but {quoted(editor)}; they are ignored."
        )
        editor = None
    for key, value in _slips_last(file or {}):
        reading.take(key, value, Source("file", str(path or "")))
    for key, value in _slips_last(editor or {}):
        reading.take(key, value, Source("editor"))
    for key, value in _from_environment(environment).items():
        reading.take(key, value, Source("environment", variable(key)))
    for name, meant in strange_variables(environment, KEYS):
        means = meant if environment[name] else ""  # an empty one says nothing
        reading.take_slip(_strange(name, meant), means, name, Source("environment", name))
    for key, value in (command_line or {}).items():
        reading.take(key, value, Source("command line"))
    reading.take_ollama_host(environment.get("OLLAMA_HOST", "").strip().strip("\"'"))
    return reading.settings()


def _slips_last(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the keys of a source and their values, those that are no settings last.

    Who writes a key twice, once wrongly, may mean what is written wrongly.
    """
    return sorted(table.items(), key=lambda item: item[0] not in _READERS)


# Where those are listed that a message has no room for.
_SHOWS_ALL: Final = "infill-ls settings"
_ALL_KEYS: Final = f"All settings: {_SHOWS_ALL}"


class _Reading:
    """What is read from one source after another, the nearer ones later."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._sources: dict[str, Source] = {}
        # Each with what is said at its end if it is ignored.
        self._problems: list[tuple[str, str]] = []
        # What is wrong in a key that isn't just ignored then: its place among the problems, and
        # what is said at its end instead.
        self._wrong: dict[str, tuple[int, str]] = {}
        self._wrong_in: dict[str, Source] = {}

    def problem(self, text: str, ignored: str = "") -> None:
        self._problems.append((text, ignored))

    def take(self, key: str, value: Any, source: Source) -> None:
        """Take one value of a source; a None says nothing."""
        if value is None:
            return
        if key not in _READERS:
            meant = nearest(key, KEYS)
            said = f'Unknown setting "{values.named(key)}" {_described(source, key)}. '
            said += f'Did you mean "{meant}"?' if meant else _ALL_KEYS
            self.take_slip(said, meant, key, source)
            return
        try:
            self._fields |= read_value(key, value)
            self._sources[key] = source
            self._wrong.pop(key, None)
            self._wrong_in.pop(key, None)
        except values.Wrong as wrong:
            hidden = key in _NOT_REPEATED and not values.is_bare(value)
            is_value = "wrong" if hidden else quoted(value)
            self._note_wrong(key, source, _fix(source, key))
            self.problem(
                f'The setting "{key}" {_described(source, key)} is {is_value}; it must be {wrong}.',
                " It is ignored.",
            )

    def take_slip(self, problem: str, meant: str, name: str, source: Source) -> None:
        """Take a name that is no setting's: by a slip, it may say what ``meant`` is to be.

        ``meant``: the key that is most like it, empty if none is.
        """
        if is_slip(name, meant) or meant in _OFF_IF_WRONG:
            self._note_wrong(meant, source, _fix_of_slip(source, name))
        self.problem(problem)

    def _note_wrong(self, key: str, source: Source, fix: str) -> None:
        """Note that the next problem is about a key, if that isn't just ignored then."""
        until = NOTHING_IS_ASKED if key in DECIDING else _OFF_IF_WRONG.get(key)
        if until:
            self._wrong[key] = len(self._problems), f" {until}{fix}"
            self._wrong_in[key] = source

    def take_ollama_host(self, host: str) -> None:
        """Take the value of ``OLLAMA_HOST``, which may be empty.

        It doesn't count if another source has the engine's address, or if the engine has none.
        """
        if not host or "url" in self._fields or "url" in self._wrong:
            return
        if self._fields.get("engine") == "embedded":
            return
        try:
            values.url(host if "@" in host else parse_ollama_host(host))
            self._fields["ollama_host"] = host
            self._sources["url"] = Source("environment", "OLLAMA_HOST")
        except values.Wrong as wrong:
            # It may hold a password.
            ending = f" {NOTHING_IS_ASKED}, or OLLAMA_HOST unset."
            self._wrong["url"] = len(self._problems), ending
            self._wrong_in["url"] = Source("environment", "OLLAMA_HOST")
            self.problem(f"The environment variable OLLAMA_HOST is wrong; it must be {wrong}.")

    def settings(self) -> tuple[Settings, list[str]]:
        instead = dict(self._wrong.values())
        problems = [
            text + instead.get(number, ignored)
            for number, (text, ignored) in enumerate(self._problems)
        ]
        fixed = {
            key
            for key, source in self._sources.items()
            if source.kind in ("environment", "command line") and source.place != "OLLAMA_HOST"
        }
        deciding = [number for key, (number, _) in self._wrong.items() if key in DECIDING]
        off = {_READERS[key][0]: False for key in _OFF_IF_WRONG if key in self._wrong}
        settings = Settings(
            **(self._fields | off),
            fixed=frozenset(fixed),
            wrong=tuple(problems[number] for number in sorted(deciding)),
            unknown=frozenset(self._wrong),
            sources=self._sources | self._wrong_in,
        )
        return settings, problems


def _described(source: Source, key: str) -> str:
    """Return where a key of a source stands, as a message says it."""
    if source.kind == "file":
        line = line_of(source.place, key) if source.place else 0
        at = f", line {line}" if line else ""
        return "in the settings file" + (f" ({source.place}{at})" if source.place else "")
    if source.kind == "environment":
        return f"in the environment ({source.place})"
    return "in the editor's settings" if source.kind == "editor" else f"on the {source.kind}"


def _fix(source: Source, key: str) -> str:
    """Return the end of a sentence: how a wrong value in a source is mended."""
    if source.kind == "file":
        return f' ("infill-ls settings set {key} VALUE").'
    return f", or {source.place} unset." if source.kind == "environment" else "."


def _fix_of_slip(source: Source, name: str) -> str:
    """Return the end of a sentence: how a name in a source is mended that is no setting's."""
    if source.kind == "file" and re.fullmatch(r"[\w-]+", name):
        return f' ("infill-ls settings unset {name}").'
    return f", or {values.named(name)} unset." if source.kind == "environment" else "."


def read_value(key: str, value: Any) -> dict[str, Any]:
    """Return the field of :class:`Settings` that a key sets, with its value.

    Raises :class:`infill_ls.values.Wrong` if the key doesn't allow the value.
    """
    name, read = _READERS[key]
    return {name: read(value)}


def _strange(name: str, meant: str) -> str:
    """Return what is said of a variable that is no setting; ``meant``: the key that is like it."""
    return f'The environment variable "{values.named(name)}" is no setting of infill-ls. ' + (
        f"Did you mean {variable(meant)}?" if meant else _ALL_KEYS
    )


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a message for each variable that has a name like ours and is no setting.

    :func:`load` says more of one that leaves open what the user wants.
    """
    return [_strange(name, meant) for name, meant in strange_variables(environment, KEYS)]


def in_short(problems: Sequence[str]) -> str:
    """Return one message for some problems: the first, and where the others are to be seen."""
    first, *more = problems
    if not more:
        return first
    # The command can't ask the editor; the server has put them into its log.
    seen = "see the log" if any("editor's settings" in one for one in more) else _SHOWS_ALL
    return f"{first} And {len(more)} more: {seen}"


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key in KEYS:
        text = environment.get(variable(key))
        if text:
            given[key] = _parsed(text) if key in _TABLES else text
    return given


def _parsed(text: str) -> Any:
    """Return what the JSON in an environment variable means, or the text if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def from_user(
    command_line: Mapping[str, Any] | None = None,
    editor: Any = None,
    file: UserFile | None = None,
) -> tuple[Settings, list[str]]:
    """Return what :func:`load` makes of this process's environment and the user's file."""
    file = file or UserFile()
    values_of_file, unreadable = file.read()
    settings, problems = load(
        command_line=command_line,
        environment=os.environ,
        editor=editor,
        file=values_of_file,
        path=file.path,
    )
    if unreadable and not file.is_known:
        settings = replace(settings, wrong=(*unreadable, *settings.wrong))
    return settings, unreadable + problems
