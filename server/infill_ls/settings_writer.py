"""Change keys of the user's settings file; its comments and its order stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infill_ls import private, values
from infill_ls.errors import SettingsError
from infill_ls.folders import own
from infill_ls.locks import locked
from infill_ls.setting_names import nearest
from infill_ls.settings import KEYS, read_value
from infill_ls.user_file import user_file

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

# The file of the schema, beside the settings; the first line of these names it, for editors.
SCHEMA_FILE: Final = "config.schema.json"
_FIRST_LINE: Final = f"#:schema ./{SCHEMA_FILE}"
# How often it is tried anew, as somebody else writes at the same time: an editor, which knows
# nothing of our lock.
_ATTEMPTS: Final = 5
# s. So long another of our commands may be at it; each takes some hundredths.
_TURN_WAIT: Final = 10.0


def write_setting(key: str, value: Any, path: Path | None = None) -> Path:
    """Set a key in the user's settings file, and return where that is.

    ``key``: one of :data:`infill_ls.settings.KEYS`, or a part of one ("languages.go.enabled").
    ``value``: as JSON has it. ``path``: another file than the user's own. A file that isn't there
    is made; it is replaced in one step, so that it is never lost.
    Raises :class:`SettingsError` for a key or a value that is none, and if the file can't be read
    or written.
    """
    return write_first(key, [value], path)


def write_first(key: str, candidates: Sequence[Any], path: Path | None = None) -> Path:
    """Set a key to the first of some values that it allows; see :func:`write_setting`."""
    parts = parts_of(key)

    def want(said: Mapping[str, Any]) -> dict[str, Any]:
        return _with(said, parts, _allowed(said, parts, candidates))

    def change(document: TOMLDocument, wanted: Any) -> None:
        table: Any = document
        for part in parts[:-1]:
            if not isinstance(table.get(part), Mapping):
                table[part] = {}
            table, wanted = table[part], wanted[part]
        table[parts[-1]] = wanted[parts[-1]]

    return _rewrite(path, parts[0], want, change)


def write_settings(
    settings: Mapping[str, Any],
    path: Path | None = None,
    *,
    without: Collection[str] = (),
    before: Mapping[str, Any] | None = None,
) -> Path:
    """Set several keys in one step, so that nobody reads some of them without the others.

    ``settings``: values by whole keys. ``without``: keys that are taken out. ``before``: what the
    file must say; it is what the user has seen when he was asked. The rest, and what is raised, are
    as for :func:`write_setting`; nothing is written if one value is none.
    """
    for key in (*settings, *without):
        parts_of(key)

    def want(said: Mapping[str, Any]) -> dict[str, Any]:
        # As texts, since 1 and true are equal in Python.
        if before is not None and repr(said) != repr(before):
            raise SettingsError("Somebody else has just changed your settings.", "Try again.")
        wanted = {key: _allowed({}, [key], [value]) for key, value in settings.items()}
        return {**{key: value for key, value in said.items() if key not in without}, **wanted}

    def change(document: TOMLDocument, wanted: Any) -> None:
        for key in without:
            if key in document:
                document.pop(key)
        # What isn't in a table comes before those that are.
        for key in sorted(settings, key=lambda key: isinstance(wanted[key], Mapping)):
            if document.unwrap().get(key) != wanted[key]:
                document[key] = wanted[key]

    return _rewrite(path, next(iter(settings), ""), want, change)


def remove_setting(key: str, path: Path | None = None) -> Path:
    """Take a key out of the user's settings file, and return where that is.

    The arguments, and what is raised, are those of :func:`write_setting`; a key that isn't there
    is no error, and then nothing is written or made.
    """
    parts = key.split(".")

    def want(said: Mapping[str, Any]) -> dict[str, Any]:
        # What is there can be taken out, even if it is no setting.
        return _without(said, parts if parts[0] in said else parts_of(key))

    def change(document: TOMLDocument, wanted: Any) -> None:
        _take_out(document, parts)

    return _rewrite(path, parts[0], want, change)


def _take_out(table: Any, parts: Sequence[str]) -> None:
    """Take a key out of a document's table, and each table that nothing is left of then."""
    first, *rest = parts
    inner = table.get(first)
    if rest and isinstance(inner, Mapping):
        _take_out(inner, rest)
    if first in table and (not rest or (isinstance(inner, Mapping) and not inner)):
        table.pop(first)


def parts_of(key: str) -> list[str]:
    """Return the parts of a key ("languages.go.enabled").

    Raises :class:`SettingsError` if the first is no setting.
    """
    first, *rest = key.split(".")
    if first not in KEYS or not all(rest):
        known = nearest(first, KEYS)
        raise SettingsError(
            f'There is no setting "{values.named(key)}".',
            f'Did you mean "{known}"?' if known else "All of them: infill-ls settings",
        )
    return [first, *rest]


def _allowed(said: Mapping[str, Any], parts: Sequence[str], candidates: Sequence[Any]) -> Any:
    """Return the first value that a key allows; raises :class:`SettingsError` if none is.

    The error has the reason of the last one that is a list where the key has such, and of the last
    that is none elsewhere: the other reason is only that it is a list, or not.
    """
    # Not at the head: it is made from all settings.
    from infill_ls.settings_schema import property_of

    types = property_of(parts[0]).get("type", ())
    has_one = not {"array", "object"} & set([types] if isinstance(types, str) else types)
    reason = ""
    for value in candidates:
        try:
            (read,) = read_value(parts[0], _with(said, parts, value)[parts[0]]).values()
        except values.Wrong as wrong:
            if not (has_one and reason and isinstance(value, list)):
                reason = str(wrong)
        else:
            # "ollama" for "Ollama", as the schema has it.
            same = isinstance(read, str) and str(value).lower() == read.lower()
            return read if same else value
    raise SettingsError(f'"{".".join(parts)}" must be {reason}.')


def _with(said: Mapping[str, Any], parts: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a table in which a key, or a key in one of its tables, has another value."""
    first, *rest = parts
    inner = said.get(first)
    if rest:
        value = _with(inner if isinstance(inner, Mapping) else {}, rest, value)
    return {**said, first: value}


def _without(said: Mapping[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    """Return a table without a key, or a key in one of its tables."""
    first, *rest = parts
    if not rest:
        return {key: value for key, value in said.items() if key != first}
    inner = said.get(first)
    if not isinstance(inner, Mapping):
        return dict(said)
    left = _without(inner, rest)
    # A table that nothing is left of says nothing; one that was empty is the user's affair.
    emptied = bool(inner) and not left
    return _without(said, [first]) if emptied else {**said, first: left}


# What the file must say, by what it says; and the change of the document that has it say that.
_Want = Callable[[Mapping[str, Any]], dict[str, Any]]
_Change = Callable[["TOMLDocument", Any], None]


def _rewrite(path: Path | None, key: str, want: _Want, change: _Change) -> Path:
    """Have a change of a key, or of a part of it, made to the file; return where that is."""
    asked = path or user_file()
    if asked is None:
        raise SettingsError(
            "Nobody knows where your settings file is: you have no home here.",
            "Set XDG_CONFIG_HOME to a folder of yours.",
        )
    try:
        # What links to it, as those who keep their settings elsewhere have it, goes on to.
        path = asked.resolve()
        with _alone():
            for _ in range(_ATTEMPTS):
                before = _bytes(path)
                after = _changed(before.decode("utf-8-sig"), key, want, change)
                if after is None:
                    reason = f"{path} is too unusual to be changed."
                    raise SettingsError(reason, "Change it by hand.")
                if after == before.decode("utf-8-sig"):
                    return path
                private.make_folder(path.parent)
                if _bytes(path) == before:
                    private.replace(path, after, keep_mode=True)
                    if after.startswith(_FIRST_LINE):
                        _put_schema(asked.with_name(SCHEMA_FILE))
                    return path
    except OSError as error:
        raise SettingsError(
            f"{asked} can't be read and written ({error.strerror}).",
            "Make it writable for you.",
        ) from None
    # No TOML, no UTF-8; SettingsError is neither.
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} is no TOML ({error}).", "Mend it by hand.") from None
    raise SettingsError(f"Somebody else keeps writing {path}.", "Try again.")


@contextmanager
def _alone() -> Iterator[None]:
    """Keep out our other commands that write settings."""
    folder = own("state")
    with ExitStack() as stack:
        # Not beside the settings, which people keep in repositories. Without a place for it two
        # commands at once are seldom enough.
        with suppress(OSError):
            if folder is not None:
                stack.enter_context(locked(folder / "settings.lock", _TURN_WAIT))
        yield


def _changed(text: str, key: str, want: _Want, change: _Change) -> str | None:
    """Return the text after a change; None if it can't be had to say what it must."""
    # Not at the head: only commands write settings.
    import tomllib

    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    def anew(document: TOMLDocument, wanted: Any) -> None:
        """Write the whole of the key, where tomlkit can't change a part of it."""
        if key in document:
            document.pop(key)
        if key in wanted:
            document[key] = wanted[key]

    said = tomllib.loads(text)
    wanted = want(said)
    # As texts, since 1 and true are equal in Python.
    if repr(wanted) == repr(said):
        return text
    for way in (change, anew):
        document = tomlkit.parse(text)
        with suppress(TOMLKitError):
            way(document, wanted)
        after = document.as_string()
        if not text.strip():
            after = f"{_FIRST_LINE}\n\n{after}"
        if "\r\n" in text:
            after = after.replace("\r\n", "\n").replace("\n", "\r\n")
        with suppress(ValueError):
            if tomllib.loads(after) == wanted:
                return after
    return None


def _put_schema(path: Path) -> None:
    """Put this version's schema beside the settings, for editors."""
    from infill_ls.settings_schema import SHIPPED

    # The settings are written; without the schema an editor knows less of them.
    with suppress(OSError):
        text = SHIPPED.read_bytes()
        if _bytes(path) != text:
            private.replace(path, text.decode("utf-8"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
