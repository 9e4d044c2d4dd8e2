"""What was written into which of the user's files, so that exactly that can be taken out again."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Final

from infill_ls import private
from infill_ls.errors import InfillError
from infill_ls.folders import own
from infill_ls.locks import locked
from infill_ls.setup.insertions import (
    ByHand,
    Insertion,
    Occupied,
    inserted,
    marked_blocks,
    taken_out,
)

# Not what the server keeps of editors that came (visits_file), which lies beside it.
_NOTED_IN: Final = "set-up.json"
# s. For so long another command may be at it.
_TURN_LIMIT: Final = 10.0
# Ends the name of a user's file that was moved aside for ours; a number follows if there is one.
ASIDE: Final = ".before-infill-ls"

# What is to be added to a file: from its text ("" if it isn't there) to insertions. Raises ByHand.
Merge = Callable[[str], list[Insertion]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written into one file.

    ``path``: the file. ``created``: it wasn't there before. ``insertions``: what was put in, as it
    stood then. ``folders``: those that were made for it, the outermost first. ``aside``: where the
    user's own file went that stood there, which comes back; empty if none did. ``kept``: where what
    he had made of ours went when ours was written anew.
    """

    path: str
    created: bool
    insertions: tuple[Insertion, ...]
    folders: tuple[str, ...] = ()
    aside: str = ""
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of one file.

    ``before``: its text, None if it isn't there. ``after``: its text to be. ``asks``: it has
    something of the user's in it, who is to be asked first. ``replaces``: that is lost from it, so
    the file is moved aside. ``anew``: ours was there before.
    """

    path: Path
    before: str | None
    after: str
    entry: Entry
    asks: bool = False
    replaces: bool = False
    anew: bool = False


class Ledger:
    """The entries of all editors, in a file in the user's state folder.

    Raises :class:`InfillError` where there is no such folder, or the file can't be understood. Then
    it stays as it is: it alone knows where the user's own files were moved to.
    """

    def __init__(self) -> None:
        folder = own("state")
        if folder is None:
            raise InfillError("Nobody knows where your home is.", "Set the variable HOME.")
        self._path = folder / _NOTED_IN
        self._entries = self._read()

    def _read(self) -> dict[str, list[Entry]]:
        try:
            return _parsed(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise InfillError(f"{self._path} can't be read ({error.strerror}).") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            path = shlex.quote(str(self._path))
            raise InfillError(
                f"{self._path}, which says what was put into which file, is damaged.",
                f"Look at it, then: mv -i {path} {path}.damaged",
            ) from None

    def entries(self, editor: str) -> list[Entry]:
        """Return what was written for an editor."""
        return list(self._entries.get(editor, []))

    def note(self, editor: str, entry: Entry) -> None:
        """Keep what has been written into a file, instead of what was kept of it before."""
        self._change(editor, entry.path, [entry])

    def forget(self, editor: str, entry: Entry) -> None:
        """Keep nothing of a file any more."""
        self._change(editor, entry.path, [])

    def _change(self, editor: str, path: str, now: list[Entry]) -> None:
        with _told(self._path), locked(self._path.with_suffix(".lock"), _TURN_LIMIT):
            # Another command may have noted something meanwhile.
            self._entries = self._read()
            others = [one for one in self.entries(editor) if one.path != path]
            self._entries[editor] = [*others, *now]
            data = {
                name: [asdict(one) for one in kept] for name, kept in self._entries.items() if kept
            }
            private.replace(self._path, json.dumps(data, indent=1) + "\n")


def _parsed(text: str) -> dict[str, list[Entry]]:
    return {
        name: [
            Entry(
                str(one["path"]),
                bool(one["created"]),
                tuple(Insertion(int(at), str(text)) for at, text in one["insertions"]),
                tuple(map(str, one["folders"])),
                str(one["aside"]),
                tuple(map(str, one["kept"])),
            )
            for one in entries
        ]
        for name, entries in json.loads(text).items()
    }


def read(path: Path) -> str | None:
    """Return a file's text with its own line ends, None if it isn't there.

    Raises :class:`ByHand` if it is no UTF-8, and :class:`InfillError` if it can't be read.
    """
    with _told(path):
        try:
            return path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise ByHand("it is not UTF-8") from None


def there(path: Path, entry: Entry | None, editor: str) -> tuple[Entry | None, bool]:
    """Return what of ours a file has, by the notes and by its marks, and whether that is certain.

    It isn't if only the marks tell it, because nothing was noted or since somebody has changed what
    stands between them: of that nobody knows whose it is. Raises as :func:`read` does.
    """
    text = read(path) or ""
    missing = taken_out(text, entry.insertions)[1] if entry else []
    blocks = marked_blocks(text, editor)
    if not blocks or (entry and not missing):
        return entry, True
    known = entry or Entry(str(path), False, ())
    still = (one for one in known.insertions if one.text not in missing)
    return replace(known, insertions=(*still, *blocks)), False


def planned(path: Path, merge: Merge, entry: Entry | None, *, certain: bool = True) -> Change:
    """Return what is to become of a file. Raises :class:`ByHand`, and as :func:`read` does.

    ``entry``: what an earlier version has written there, which this one comes in the place of;
    ``certain``: none of it can be the user's.
    """
    before = read(path)
    base, edited = before, False
    if entry and before is not None:
        base, missing = taken_out(before, entry.insertions)
        edited = bool(missing)
        if entry.created and not base:
            base = None
    try:
        insertions = merge(base or "")
        replaces = False
    except Occupied:
        base, insertions, replaces = None, merge(""), True
    if base and "\r\n" in base:
        insertions = [
            Insertion(at, text.replace("\r\n", "\n").replace("\n", "\r\n"))
            for at, text in insertions
        ]
    after, placed = inserted(base or "", insertions)
    return Change(
        path,
        before,
        after,
        Entry(
            str(path),
            base is None,
            tuple(placed),
            entry.folders if entry else (),
            entry.aside if entry else found_aside(path),
            entry.kept if entry else (),
        ),
        asks=bool(before) and before != after and (replaces or edited or not entry or not certain),
        replaces=replaces,
        anew=entry is not None,
    )


def found_aside(path: Path) -> str:
    """Return where the user's own file is that was moved aside, by its name; empty if none is."""
    aside = path.with_name(path.name + ASIDE)
    return str(aside) if os.path.lexists(aside) else ""


def _free_aside(path: Path) -> Path:
    """Return a place for a user's file where nothing is yet."""
    names = (f"{path.name}{ASIDE}{number}" for number in chain(("",), map(".{}".format, count(2))))
    return next(aside for name in names if not os.path.lexists(aside := path.with_name(name)))


def written(change: Change) -> Entry:
    """Make a change, in one step, and return what is to be noted of it.

    Raises :class:`InfillError` if the file can't be written; then it is as it was.
    """
    path, entry = change.path, change.entry
    if change.after == change.before:
        return entry
    with _told(path):
        missing = [str(one) for one in (path, *path.parents) if not one.exists()][1:]
        private.make_folder(path.parent)
        if change.replaces:
            aside = _free_aside(path)
            os.replace(path, aside)
            if change.anew or entry.aside:
                entry = replace(entry, kept=(*entry.kept, str(aside)))
            else:
                entry = replace(entry, aside=str(aside))
            try:
                _write(path, change.after)
            except OSError:
                os.replace(aside, path)
                raise
        else:
            _write(path, change.after)
    return replace(entry, folders=entry.folders or tuple(reversed(missing)))


def _write(path: Path, text: str) -> None:
    # Where the user's own is a link to a file elsewhere, that one is meant.
    private.replace(path.resolve(), text, keep_mode=True)


@dataclass(frozen=True, slots=True)
class Undone:
    """What has become of one file.

    ``what``: "removed" (the file), "restored" (the user's own that was moved aside), "taken out"
    (what was added to it), "gone" (it wasn't there any more), "edited" (the user has changed what
    was added; nothing was done). ``left``: in a file that was edited, or from which we took out
    what was ours, the user's text. ``asides``: the user's files that were moved aside and are still
    there.
    """

    path: Path
    what: str
    left: str = ""
    asides: tuple[str, ...] = ()


def undone(entry: Entry, *, force: bool = False) -> Undone:
    """Take out what was written into a file; what the user has changed of it stays.

    ``force``: also if the user has changed it; then the whole file goes, if it was made for us.
    Raises :class:`InfillError` if it can't be written, and :class:`ByHand` if it can't be read.
    """
    path = Path(entry.path)
    text = read(path)
    if text is None:
        with _told(path):
            back = not os.path.lexists(path) and _put_back(entry)
        return Undone(path, "restored" if back else "gone", asides=_asides(entry))
    rest, missing = taken_out(text, entry.insertions)
    if missing and not (force and entry.created):
        left = missing[0].strip().partition("\n")[0]
        return Undone(path, "edited", left, _asides(entry))
    if missing:
        rest = ""
    with _told(path):
        if not entry.created or rest:
            _write(path, rest)
            return Undone(path, "taken out", rest.strip(), _asides(entry))
        if _put_back(entry):
            return Undone(path, "restored", asides=_asides(entry))
        path.unlink()
        for folder in reversed(entry.folders):
            with suppress(OSError):  # something else is in it
                Path(folder).rmdir()
    return Undone(path, "removed", asides=_asides(entry))


def _put_back(entry: Entry) -> bool:
    """Put the user's own file back, over ours; whether there is one."""
    if not entry.aside or not os.path.lexists(entry.aside):
        return False
    os.replace(entry.aside, entry.path)
    return True


def _asides(entry: Entry) -> tuple[str, ...]:
    return tuple(one for one in (entry.aside, *entry.kept) if one and os.path.lexists(one))


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what the system says of a file in a sentence for the user."""
    try:
        yield
    except OSError as error:
        raise InfillError(f"{path} can't be read or written ({error.strerror}).") from None
