"""Read the user's settings from all their sources, and say what is wrong with them.

A key (of :data:`KEYS`) is spelled the same everywhere: in the editor's ``initializationOptions``,
in its ``workspace/configuration`` section ``infill-ls``, and in ``config.toml`` in the user's
configuration directory. The environment has it as ``INFILL_LS_MAX_TOKENS``. Precedence: command
line, environment, editor, file. A wrong value is reported in one message and ignored; then the
next source counts, or the default.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

DEFAULT_URL: Final = "http://127.0.0.1:11434"

EngineName = Literal["auto", "ollama", "openai", "embedded"]


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """One template of the ``fim`` setting, for a model that the table of families doesn't have.

    ``match``: glob for the model's name, with or without its tag.
    ``template``: the prompt, with ``{prefix}`` and ``{suffix}`` once each.
    ``stop``: texts that end a fill.
    """

    match: str
    template: str
    stop: tuple[str, ...] = ()


class _Wrong(ValueError):
    """A value that the key doesn't allow. The text says what it allows."""


# Each of the functions below reads the value of a key, or makes a function that does. They return
# the value as the program uses it, and raise _Wrong.


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise _Wrong("one of " + ", ".join(f'"{name}"' for name in allowed))
        return str(value)

    return read


def _number(kind: type[int] | type[float], low: float, high: float) -> Callable[[Any], Any]:
    def read(value: Any) -> int | float:
        if isinstance(value, str):
            try:
                value = kind(value)
            except ValueError:
                value = None
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= value <= high or value != kind(value):
            name = "a whole number" if kind is int else "a number"
            raise _Wrong(f"{name} from {low:g} to {high:g}")
        return kind(value)

    return read


def _auto_or(read_value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value == "auto":
            return value
        try:
            return read_value(value)
        except _Wrong as wrong:
            raise _Wrong(f'"auto" or {wrong}') from None

    return read


def _text(value: Any) -> str:
    # Lone surrogates and NUL are in no name of a file, a model or a variable.
    bad = not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value)
    if bad or not value.strip():
        raise _Wrong("a text that is not empty and has no control characters")
    return str(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "1", "yes", "on"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "0", "no", "off"):
        return False
    raise _Wrong("true or false")


def _keep_alive(value: Any) -> str | int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        value = int(value)
    # Ollama has 64 bits for it.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+", value):
        return value
    raise _Wrong('a duration such as "30m", or a number of seconds')


_ADDRESS: Final = "an address such as http://127.0.0.1:11434"


def _url(value: Any) -> str:
    if isinstance(value, str) and "@" in value:
        # Anywhere in it: a password with a slash in it would be taken for a path.
        raise _Wrong('an address without user name and password (use "apiKeyEnv" or "headers")')
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", value):
        raise _Wrong(_ADDRESS)
    try:
        parts = urlsplit(value)
        good = parts.port != 0 and is_host(parts.hostname or "")
    except ValueError:
        good = False
    if not good:
        raise _Wrong(f"{_ADDRESS}: a machine's name or number, and a port up to 65535")
    root = f"{parts.scheme}://{parts.netloc}"
    return root + parts.path.rstrip("/").removesuffix("/v1").rstrip("/")


def is_host(name: str) -> bool:
    """Whether this can be the name of a machine, or its address (RFC 1123, section 2.1)."""
    if ":" in name:
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            return False
        return True
    labels = name.removesuffix(".").split(".")
    # Underscores are not allowed and in use; letters beyond ASCII are encoded when they are sent.
    good = all(re.fullmatch(r"\w(?:[\w-]{0,61}\w)?", label) for label in labels)
    return good and len(name) <= 253


def _headers(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping) and all(
        isinstance(name, str)
        and isinstance(text, str)
        and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        and re.fullmatch(r"([!-~]([\t -~]*[!-~])?)?", text)
        for name, text in value.items()
    ):
        return dict(value)
    raise _Wrong("a table of header names and texts, which are ASCII without blanks at their ends")


def _patterns(value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value):
        return tuple(value)
    raise _Wrong('a list of patterns as in a .gitignore, such as ["*.private", "!.env"]')


def _own_templates(value: Any) -> tuple[OwnTemplate, ...]:
    return tuple(map(_own_template, value if isinstance(value, list) else [value]))


def _own_template(value: Any) -> OwnTemplate:
    wrong = _Wrong(
        'a table such as {"match": "my-model*", "template": '
        '"<PRE>{prefix}<SUF>{suffix}<MID>", "stop": ["<EOT>"]}, {prefix} and {suffix} once each'
    )
    if not isinstance(value, Mapping) or set(value) - {"match", "template", "stop"}:
        raise wrong
    match, template, stop = value.get("match", "*"), value.get("template"), value.get("stop", [])
    if not isinstance(match, str) or not isinstance(template, str) or not isinstance(stop, list):
        raise wrong
    if template.count("{prefix}") != 1 or template.count("{suffix}") != 1:
        raise wrong
    if not all(isinstance(text, str) and text for text in stop):
        raise wrong
    return OwnTemplate(match, template, tuple(stop))


def _key(name: str, default: Any, read: Callable[[Any], Any]) -> Any:
    return field(default=default, metadata={"key": name, "read": read})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its default.

    The keys in quotes are what the user writes; README.md says what each one means.
    """

    engine: EngineName = _key("engine", "auto", _one_of("auto", "ollama", "openai", "embedded"))
    url: str | None = _key("url", None, _url)
    model: str = _key("model", "auto", _text)
    api_key_env: str | None = _key("apiKeyEnv", None, _text)
    headers: Mapping[str, str] = _key("headers", None, _headers)
    ca_file: str | None = _key("caFile", None, _text)
    max_tokens: int = _key("maxTokens", 128, _number(int, 1, 4096))
    multiline: str = _key("multiline", "auto", _one_of("auto", "always", "never"))
    temperature: float = _key("temperature", 0.2, _number(float, 0, 2))
    debounce_ms: int | Literal["auto"] = _key(
        "debounceMs", "auto", _auto_or(_number(int, 0, 10_000))
    )
    latency_ms: int = _key("latencyMs", 1000, _number(int, 100, 10_000))
    context_tokens: int | Literal["auto"] = _key(
        "contextTokens", "auto", _auto_or(_number(int, 64, 131_072))
    )
    keep_alive: str | int = _key("keepAlive", "30m", _keep_alive)
    mode: str = _key("mode", "auto", _one_of("auto", "raw", "suffix", "plain"))
    fim: tuple[OwnTemplate, ...] = _key("fim", (), _own_templates)
    weights_from: str = _key("weightsFrom", "auto", _one_of("auto", "hub"))
    exclude: tuple[str, ...] = _key("exclude", (), _patterns)
    enabled: bool = _key("enabled", True, _flag)
    log: str = _key("log", "warning", _one_of("error", "warning", "info", "debug", "trace"))
    # Not a key: the environment variable OLLAMA_HOST, which counts if the user sets no url.
    ollama_host: str | None = None

    @property
    def engine_url(self) -> str:
        """The engine's address, without a slash at the end."""
        return self.url or (
            parse_ollama_host(self.ollama_host) if self.ollama_host else DEFAULT_URL
        )


_READERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    item.metadata["key"]: (item.name, item.metadata["read"])
    for item in fields(Settings)
    if "key" in item.metadata
}
KEYS: Final = tuple(_READERS)


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
    settings, problems = Settings(headers={}), []
    environment = environment or {}
    sources: list[tuple[str, Mapping[str, Any]]] = [
        ("the settings file", file or {}),
        ("the editor's settings", editor if isinstance(editor, Mapping) else {}),
        ("the environment", _from_environment(environment)),
        ("the command line", command_line or {}),
    ]
    if editor is not None and not isinstance(editor, Mapping):
        problems.append(
            f"The editor's settings are not a table but {_shown(editor)}; they are ignored."
        )
    for source, values in sources:
        for key, value in values.items():
            if value is None:
                continue
            if key not in _READERS:
                problems.append(
                    f'Unknown setting "{key:.60}" in {source}. Known: {", ".join(KEYS)}.'
                )
                continue
            name, read = _READERS[key]
            try:
                settings = replace(settings, **{name: read(value)})
            except _Wrong as wrong:
                # What may hold a key or a password is not repeated.
                is_value = "wrong" if key in ("url", "headers") else _shown(value)
                problems.append(
                    f'The setting "{key}" in {source} is {is_value}; '
                    f"it must be {wrong}. It is ignored."
                )
    host = environment.get("OLLAMA_HOST", "").strip().strip("\"'")
    # It doesn't count if another source has the engine's address, or if the engine has none.
    if host and settings.url is None and settings.engine != "embedded":
        try:
            _url(host if "@" in host else parse_ollama_host(host))
            settings = replace(settings, ollama_host=host)
        except _Wrong as wrong:
            # It may hold a password.
            problems.append(
                f"The environment variable OLLAMA_HOST is wrong; it must be {wrong}. It is ignored."
            )
    return settings, problems


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
    values: dict[str, Any] = {}
    for key in KEYS:
        text = environment.get(variable(key))
        if text:
            values[key] = _parsed(text) if key in ("headers", "fim", "exclude") else text
    return values


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

    import platformdirs

    path = path or Path(platformdirs.user_config_dir("infill-ls", appauthor=False)) / "config.toml"
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except FileNotFoundError:
        return {}, []
    # ValueError: no TOML, no UTF-8, or a number of thousands of digits.
    except (OSError, ValueError, RecursionError) as error:
        return {}, [f"The settings file {path} can't be read ({error}); it is ignored."]


def from_user(
    command_line: Mapping[str, Any] | None = None, editor: Any = None
) -> tuple[Settings, list[str]]:
    """Return what :func:`load` makes of this process's environment and the user's file."""
    file, unreadable = read_user_file()
    settings, problems = load(
        command_line=command_line, environment=os.environ, editor=editor, file=file
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
