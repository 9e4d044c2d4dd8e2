"""How the value of each kind of setting is read, and what is said of a wrong one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit


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


@dataclass(frozen=True, slots=True)
class LanguageSettings:
    """What the ``languages`` setting says of one language. None: what holds for all of them."""

    enabled: bool | None = None
    multiline: str | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Recitation:
    """The ``recitation`` setting: fills that hold text of these folders are not shown.

    ``folders``: as the user wrote them. ``window``: tokens in a row that are too many.
    """

    folders: tuple[str, ...]
    window: int = 50


class Wrong(ValueError):
    """A value that the key doesn't allow. The text says what it allows."""


def named(key: str) -> str:
    """Return a key as a message shows it: at most 60 characters, each of which can be seen."""
    short = key[:60]
    return short if short.isprintable() else ascii(short)[1:-1]


MULTILINE: Final = ("auto", "always", "never")
EAGERNESS: Final = ("low", "normal", "high")
# Of "maxTokens".
MOST_TOKENS: Final = 4096


class Reader:
    """Reads the value of a key: returns it as the program uses it, or raises :class:`Wrong`.

    ``schema``: what it allows, in JSON Schema. The environment has texts alone, so that it reads
    some that the schema doesn't allow ("64" for a number); and some of what the schema allows is
    no host or port.
    """

    # No dataclass: to make one takes 0.3 ms of the server's start.
    __slots__ = ("_read", "schema")

    def __init__(self, read: Callable[[Any], Any], schema: Mapping[str, Any]) -> None:
        self._read = read
        self.schema = schema

    def __call__(self, value: Any) -> Any:
        return self._read(value)


def _reads(schema: Mapping[str, Any]) -> Callable[[Callable[[Any], Any]], Reader]:
    return lambda read: Reader(read, schema)


# Each of the functions below is a Reader, or makes one.


def one_of(*allowed: str) -> Reader:
    @_reads({"type": "string", "enum": list(allowed)})
    def read(value: Any) -> str:
        # "Ollama" is no other engine.
        known = value.lower() if isinstance(value, str) else value
        if known not in allowed:
            raise Wrong("one of " + ", ".join(f'"{name}"' for name in allowed))
        return str(known)

    return read


def number(kind: type[int] | type[float], low: float, high: float) -> Reader:
    @_reads({"type": "integer" if kind is int else "number", "minimum": low, "maximum": high})
    def read(value: Any) -> int | float:
        if isinstance(value, str):
            try:
                value = kind(value)
            except ValueError:
                value = None
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not low <= value <= high or value != kind(value):
            name = "a whole number" if kind is int else "a number"
            raise Wrong(f"{name} from {low:g} to {high:g}")
        return kind(value)

    return read


def auto_or(read_value: Reader) -> Reader:
    # VS Code's page of settings shows these; it has no field for an "anyOf".
    number = read_value.schema

    @_reads({**number, "type": [number["type"], "string"], "pattern": "^auto$"})
    def read(value: Any) -> Any:
        if isinstance(value, str) and value.lower() == "auto":
            return "auto"
        try:
            return read_value(value)
        except Wrong as wrong:
            raise Wrong(f'"auto" or {wrong}') from None

    return read


@_reads({"type": "string", "minLength": 1})
def text(value: Any) -> str:
    # Lone surrogates and NUL are in no name of a file, a model or a variable.
    bad = not isinstance(value, str) or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value)
    if bad or not value.strip():
        raise Wrong("a text that is not empty and has no control characters")
    return str(value)


@_reads({"type": "boolean"})
def flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "1", "yes", "on"):
        return True
    if isinstance(value, str) and value.lower() in ("false", "0", "no", "off"):
        return False
    raise Wrong("true or false")


_DURATION: Final = r"-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+"


@_reads({"type": ["string", "integer"], "pattern": rf"^(-?\d{{1,18}}|{_DURATION})$"})
def keep_alive(value: Any) -> str | int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        value = int(value)
    # Ollama has 64 bits for it.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return value
    if isinstance(value, str) and re.fullmatch(_DURATION, value):
        return value
    raise Wrong('a duration such as "30m", or a number of seconds')


_ADDRESS: Final = "an address such as http://127.0.0.1:11434"


@_reads({"type": "string", "pattern": r"^https?://[^\s/?#@]+[^\s?#@]*$"})
def url(value: Any) -> str:
    if isinstance(value, str) and "@" in value:
        # Anywhere in it: a password with a slash in it would be taken for a path.
        raise Wrong('an address without user name and password (use "apiKeyEnv" or "headers")')
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", value):
        meant = is_bare(value) and ":" in value
        raise Wrong(f"an address with http:// before it: http://{value}" if meant else _ADDRESS)
    try:
        parts = urlsplit(value)
        good = parts.port != 0 and is_host(parts.hostname or "")
    except ValueError:
        good = False
    if not good:
        raise Wrong(f"{_ADDRESS}: a machine's name or number, and a port up to 65535")
    root = f"{parts.scheme}://{parts.netloc}"
    return root + parts.path.rstrip("/").removesuffix("/v1").rstrip("/")


def is_bare(value: Any) -> bool:
    """Whether a text is a machine and its port, or its number, and so surely no secret."""
    address = r"localhost|[\w.-]{1,60}:\d{1,5}|\d{1,3}(\.\d{1,3}){3}"
    return isinstance(value, str) and re.fullmatch(address, value, re.ASCII) is not None


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


def is_loopback(address: str) -> bool:
    """Whether an address (a URL) is this machine, by its host as it is written."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


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


_VARIABLE: Final = r"[A-Za-z_][A-Za-z0-9_]{0,99}"


@_reads({"type": "string", "pattern": f"^{_VARIABLE}$"})
def variable(value: Any) -> str:
    # A key that was put here by mistake seldom is the name of a variable (POSIX.1-2024, 8.1).
    if not isinstance(value, str) or not re.fullmatch(_VARIABLE, value):
        raise Wrong("the name of an environment variable, such as MY_KEY, and not the key itself")
    return value


@_reads({"type": "object", "additionalProperties": {"type": "string"}})
def headers(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping) and all(
        isinstance(name, str)
        and isinstance(text, str)
        and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        and re.fullmatch(r"([!-~]([\t -~]*[!-~])?)?", text)
        for name, text in value.items()
    ):
        return dict(value)
    raise Wrong("a table of header names and texts, which are ASCII without blanks at their ends")


@_reads({"type": "array", "items": {"type": "string", "pattern": r"\S"}})
def patterns(value: Any) -> tuple[str, ...]:
    wanted = 'a list of patterns as in a .gitignore, such as ["*.private", "!.env"]'
    good = isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
    if not good:
        raise Wrong(wanted)
    # Not at the head: most have none.
    from infill_ls.patterns import Patterns

    # One that is none would exclude nothing, where the user wants something to be.
    if wrong := Patterns(value).wrong:
        raise Wrong(f'{wanted}; "{named(wrong[0])}" is none')
    return tuple(value)


_TEMPLATE: Final = {
    "properties": {
        "match": {"type": "string"},
        "template": {"type": "string", "pattern": r"\{(prefix|suffix)\}(.|\n)*\{(prefix|suffix)\}"},
        "stop": {"type": "array", "items": {"type": "string", "minLength": 1}},
    },
    "required": ["template"],
    "additionalProperties": False,
}


@_reads({"type": ["object", "array"], **_TEMPLATE, "items": {"type": "object", **_TEMPLATE}})
def own_templates(value: Any) -> tuple[OwnTemplate, ...]:
    return tuple(map(_own_template, value if isinstance(value, list) else [value]))


def _own_template(value: Any) -> OwnTemplate:
    wrong = Wrong(
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


_OF_A_LANGUAGE: Final[Mapping[str, tuple[str, Reader]]] = {
    "enabled": ("enabled", flag),
    "multiline": ("multiline", one_of(*MULTILINE)),
    "maxTokens": ("max_tokens", number(int, 1, MOST_TOKENS)),
}
LANGUAGE_KEYS: Final = tuple(_OF_A_LANGUAGE)


@_reads(
    {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {key: read.schema for key, (_, read) in _OF_A_LANGUAGE.items()},
            "additionalProperties": False,
        },
    }
)
def languages(value: Any) -> dict[str, LanguageSettings]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Wrong('a table of language ids, such as {"markdown": {"enabled": false}}')
    return {name: _language(name, said) for name, said in value.items()}


def _language(name: str, value: Any) -> LanguageSettings:
    if not isinstance(value, Mapping) or set(value) - set(_OF_A_LANGUAGE):
        raise Wrong(f'a table with {", ".join(_OF_A_LANGUAGE)} for "{named(name)}"')
    said: dict[str, Any] = {}
    for key, item in value.items():
        field, read = _OF_A_LANGUAGE[key]
        try:
            said[field] = read(item)
        except Wrong as wrong:
            raise Wrong(f'{wrong}, for "{key}" of "{named(name)}"') from None
    return LanguageSettings(**said)


_WINDOW: Final = number(int, 10, 1000)


@_reads(
    {
        "type": "object",
        "properties": {
            "folders": {"type": "array", "items": text.schema},
            "window": _WINDOW.schema,
        },
        "required": ["folders"],
        "additionalProperties": False,
    }
)
def recitation(value: Any) -> Recitation | None:
    wrong = Wrong('a table such as {"folders": ["/work/others"], "window": 50}')
    if not isinstance(value, Mapping) or set(value) - {"folders", "window"}:
        raise wrong
    folders = value.get("folders")
    if not isinstance(folders, list):
        raise wrong
    try:
        window = _WINDOW(value.get("window", 50))
        # Without folders there is nothing to hold back.
        return Recitation(tuple(map(text, folders)), window) if folders else None
    except Wrong:
        raise Wrong(f"{wrong}, window from 10 to 1000") from None
