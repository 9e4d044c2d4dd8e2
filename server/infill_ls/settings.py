"""Read the user's settings from all their sources, and say what is wrong with them.

A key (of :data:`KEYS`) is spelled the same everywhere: in the editor's ``initializationOptions``,
in its ``workspace/configuration`` section ``infill-ls``, and in ``config.toml`` in the user's
configuration directory. The environment has it as ``INFILL_LS_MAX_TOKENS``. Precedence: command
line, environment, editor, file. A wrong value is reported in one message and ignored; then the
next source counts, or the default.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from infill_ls import values
from infill_ls.folders import own
from infill_ls.values import LanguageSettings, OwnTemplate, Recitation, is_loopback

DEFAULT_URL: Final = "http://127.0.0.1:11434"

EngineName = Literal["auto", "ollama", "openai", "embedded"]


def _key(name: str, default: Any, read: Callable[[Any], Any], *, secret: bool = False) -> Any:
    metadata = {"key": name, "read": read}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its default.

    The keys in quotes are what the user writes; README.md says what each one means.
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

    @property
    def engine_url(self) -> str:
        """The engine's address, without a slash at the end."""
        return self.url or (
            parse_ollama_host(self.ollama_host) if self.ollama_host else DEFAULT_URL
        )

    @property
    def in_the_clear(self) -> str:
        """What to tell the user if code goes over a network unencrypted; empty if it doesn't.

        By the host as it is written: what a name means may change, and a private network has other
        people on it.
        """
        address = self.engine_url
        if self.engine == "embedded" or address.startswith("https:") or is_loopback(address):
            return ""
        also = ", and your key and headers" if self.api_key_env or self.headers else ""
        return (
            f"The code around the cursor{also} goes to {address} unencrypted: whoever is on the "
            "way can read it and change the answers. Use https:// there, or an SSH tunnel to "
            "127.0.0.1."
        )


_READERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    item.metadata["key"]: (item.name, item.metadata["read"])
    for item in fields(Settings)
    if "key" in item.metadata
}
KEYS: Final = tuple(_READERS)
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
) -> tuple[Settings, list[str]]:
    """Return the settings from all their sources, and a message for each thing that is wrong.

    ``command_line`` and ``file``: values by their keys. ``environment``: variables by their names.
    ``editor``: what the editor sent, which may be any JSON, or None. Nothing in them raises an
    error.
    """
    settings, problems = Settings(), []
    environment = environment or {}
    from_environment = _from_environment(environment)
    fixed: set[str] = set()
    sources: list[tuple[str, Mapping[str, Any]]] = [
        ("the settings file", file or {}),
        ("the editor's settings", editor if isinstance(editor, Mapping) else {}),
        ("the environment", from_environment),
        ("the command line", command_line or {}),
    ]
    if editor is not None and not isinstance(editor, Mapping):
        problems.append(
            f"The editor's settings are not a table but {_shown(editor)}; they are ignored."
        )
    for source, table in sources:
        for key, value in table.items():
            if value is None:
                continue
            if key not in _READERS:
                problems.append(
                    f'Unknown setting "{values.named(key)}" in {source}. Known: {", ".join(KEYS)}.'
                )
                continue
            try:
                settings = replace(settings, **read_value(key, value))
                if table is from_environment or table is command_line:
                    fixed.add(key)
            except values.Wrong as wrong:
                is_value = "wrong" if key in _NOT_REPEATED else _shown(value)
                problems.append(
                    f'The setting "{key}" in {source} is {is_value}; '
                    f"it must be {wrong}. It is ignored."
                )
    host = environment.get("OLLAMA_HOST", "").strip().strip("\"'")
    # It doesn't count if another source has the engine's address, or if the engine has none.
    if host and settings.url is None and settings.engine != "embedded":
        try:
            values.url(host if "@" in host else parse_ollama_host(host))
            settings = replace(settings, ollama_host=host)
        except values.Wrong as wrong:
            # It may hold a password.
            problems.append(
                f"The environment variable OLLAMA_HOST is wrong; it must be {wrong}. It is ignored."
            )
    return replace(settings, fixed=frozenset(fixed)), problems


def read_value(key: str, value: Any) -> dict[str, Any]:
    """Return the field of :class:`Settings` that a key sets, with its value.

    Raises :class:`infill_ls.values.Wrong` if the key doesn't allow the value.
    """
    name, read = _READERS[key]
    return {name: read(value)}


def _shown(value: Any) -> str:
    """Return a value as a message shows it: at most 60 characters."""
    # A value may be nested deeper, or a number be longer, than Python writes out.
    try:
        return f"{value!r:.60}"
    except (ValueError, RecursionError):
        return "something very long"


def variable(key: str) -> str:
    """Return the environment variable of a key: ``INFILL_LS_MAX_TOKENS`` for "maxTokens"."""
    return "INFILL_LS_" + re.sub(r"([A-Z])", r"_\1", key).upper()


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


def read_user_file(path: Path | None = None) -> tuple[dict[str, Any], list[str]]:
    """Return the values in the user's settings file, and a message if it can't be read.

    ``path``: another file than the user's own. Without a file there are no values and no message.
    """
    # Not at the head: they take 6 % of the server's start, which doesn't need them yet.
    import tomllib

    folder = own("config")
    path = path or (folder and folder / "config.toml")
    if path is None:
        return {}, []
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except FileNotFoundError:
        return {}, []
    # ValueError: no TOML, no UTF-8, or a number of thousands of digits.
    except (OSError, ValueError, RecursionError) as error:
        return {}, [f"The settings file {path} can't be read ({error}); it is ignored."]


class UserFile:
    """The user's settings file, read again and again.

    Where it can't be read, what it said before counts: else a slip in one line of it would send
    what another excludes. ``path``: another file than the user's own.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values: dict[str, Any] = {}

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """Return its values, and a message if it can't be read."""
        values, problems = read_user_file(self._path)
        if not problems:
            self._values = values
        elif self._values:
            problems = [one.replace("it is ignored", "it counts as before") for one in problems]
        return self._values, problems


def from_user(
    command_line: Mapping[str, Any] | None = None,
    editor: Any = None,
    file: UserFile | None = None,
) -> tuple[Settings, list[str]]:
    """Return what :func:`load` makes of this process's environment and the user's file."""
    values_of_file, unreadable = (file or UserFile()).read()
    settings, problems = load(
        command_line=command_line, environment=os.environ, editor=editor, file=values_of_file
    )
    return settings, unreadable + problems


def parse_ollama_host(text: str) -> str:
    """Return the address that a value of ``OLLAMA_HOST`` means for a client.

    Source: ollama's envconfig.Host and ConnectableHost. The forms are ``host``, ``host:port``,
    ``:port``, ``[v6]:port``, ``http://host`` (port 80) and ``https://host`` (443), each also with
    a path. A server's address for all networks (0.0.0.0, ::) is loopback for a client. A port that
    is none means 11434.
    """
    scheme, separator, rest = text.strip(" \t\r\n\"'").partition("://")
    if not separator:
        scheme, rest = "http", scheme
    default_port = {"http": "80", "https": "443"}.get(scheme, "11434") if separator else "11434"
    scheme = "https" if scheme == "https" else "http"
    if not separator and rest.partition("/")[0] == "ollama.com":
        scheme, default_port = "https", "443"
    host, slash, path = rest.partition("/")
    name, port = _split_port(host)
    if not re.fullmatch(r"0*\d{1,5}", port, re.ASCII) or int(port[-5:]) > 65535:
        port = default_port
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    if ":" in name:
        name = f"[{name}]"
    return f"{scheme}://{name}:{port}{(slash + path).rstrip('/')}"


def _split_port(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        # Only numbers stand in brackets; what isn't one stays wrong.
        return (name, rest.removeprefix(":")) if ":" in name else (host, "")
    if host.count(":") > 1:
        return host, ""
    name, _, port = host.partition(":")
    return name, port
