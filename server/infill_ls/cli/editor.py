"""``infill-ls editor``: what an editor needs to run infill-ls, printed, put in, or taken out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from infill_ls.cli.asking import confirmed
from infill_ls.cli.options import completed
from infill_ls.cli.output import FAILURE, SUCCESS, say, write
from infill_ls.cli.screen import Screen
from infill_ls.errors import SettingsError

if TYPE_CHECKING:
    from infill_ls.cli.options import Commands
    from infill_ls.setup.editors import Editor, Part
    from infill_ls.setup.insertions import Insertion
    from infill_ls.setup.ledger import Change, Entry

SET_UP_EXAMPLES: Final = """\
examples:
  infill-ls editor                   which editors there are
  infill-ls editor neovim            the file, and where it goes
  infill-ls editor neovim --write    puts it there
  infill-ls editor neovim --remove   takes out what was put in, and nothing else

A file of yours is changed only after you have seen what is added and said yes.
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "editor",
        help="set an editor up",
        epilog=SET_UP_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    name = parser.add_argument(
        "name", nargs="?", metavar="NAME", help="the editor; without it, a list"
    )
    completed(name, "editors")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="put the set-up in")
    what.add_argument("--remove", action="store_true", help="take out what --write has put in")
    parser.add_argument("--yes", action="store_true", help="don't ask before changing your files")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the editors or set one up, and return the exit status.

    Raises :class:`SettingsError` if there is no such editor, and :class:`InfillError` if a file
    can't be read or written.
    """
    if options.name is None:
        if options.write or options.remove:
            raise SettingsError("Which editor?", "infill-ls editor lists them.")
        _list()
        return SUCCESS
    editor = _named(options.name)
    if editor.name == "vscode":
        # Not at the head: only this needs it.
        from infill_ls.cli import editor_vscode

        return editor_vscode.run(editor, write=options.write, remove=options.remove)
    if not editor.parts and (options.write or options.remove):
        raise SettingsError(
            f"{editor.title}: there is no file of its that this command could change.",
            f"infill-ls editor {editor.name} says what to do by hand.",
        )
    if options.write:
        return _write(editor, yes=options.yes)
    if options.remove:
        return _remove(editor, yes=options.yes)
    _print(editor)
    return SUCCESS


def _named(name: str) -> Editor:
    from difflib import get_close_matches

    from infill_ls.setup.editors import EDITORS

    names = {editor.name: editor for editor in EDITORS}
    aliases = {"nvim": "neovim", "hx": "helix", "code": "vscode", "jetbrains": "lsp4ij"}
    aliases |= {"vim": "coc-nvim", "kak": "kakoune", "vscodium": "vscode", "code-server": "vscode"}
    given = name.lower()
    if given in aliases:
        return names[aliases[given]]
    if given in names:
        return names[given]
    near = get_close_matches(given, [*names, *aliases], 1)
    meant = f'Did you mean "{near[0]}"? ' if near else ""
    raise SettingsError(
        f'There is no set-up for "{name}".', f"{meant}There are: {', '.join(names)}."
    )


def _list() -> None:
    from infill_ls.setup.editors import EDITORS
    from infill_ls.setup.ledger import Ledger

    ledger = Ledger()
    rows = []
    for one in EDITORS:
        there = ledger.entries(one.name) or _found(one)
        rows.append(
            (one.name, one.title, one.shows, "yes" if one.driven else "no", "yes" if there else "")
        )
    screen = Screen()
    screen.table(("NAME", "editor", "shows a fill as", "tested", "set up"), rows)
    screen.line()
    screen.line("infill-ls editor NAME prints the set-up; with --write it is put in.")


def _print(editor: Editor) -> None:
    """Print the files on stdout; on stderr, so that it is in nobody's file, where each goes."""
    from infill_ls.setup import configs
    from infill_ls.setup.places import program

    for part in editor.parts:
        say(f"── goes to {part.place()}")
        ours = part.text(program())
        # What is alone in a file is shown without the marks around it.
        write(ours if part.as_it_is else part.merge("", ours, editor.name)[0].text)
    for source in editor.printed:
        say(f"── for you to put in; this is a copy of {configs.folder() / source}")
        write(configs.read(source))
    if editor.parts:
        say(f"── infill-ls editor {editor.name} --write puts it there.")


def _write(editor: Editor, *, yes: bool) -> int:
    """Put the parts in; what is there already for them stays noted."""
    from infill_ls.setup.ledger import Ledger, written
    from infill_ls.setup.places import program

    ledger = Ledger()
    screen = Screen()
    entries = {entry.path: entry for entry in ledger.entries(editor.name)}
    starts = program()
    done = True
    for part in editor.parts:
        change = _change(editor, part, starts, entries.get(str(part.place())), screen)
        if change is None or (change.asks and not _agreed(change, screen, yes=yes)):
            done = False
            continue
        entry = written(change)
        if change.before == change.after:
            screen.marked("ok", f"{change.path} has it already.")
        else:
            ledger.note(editor.name, entry)
            moved = (entry.kept or (entry.aside,))[-1]
            aside = f" Your own is {moved} now." if change.replaces else ""
            screen.marked("ok", f"{change.path} is written.{aside}")
    if done:
        if starts != "infill-ls":
            screen.marked("warn", f"infill-ls isn't on the PATH; {starts} is started.")
        problem, fix = editor.needs.problem() if editor.needs else ("", "")
        if problem:
            screen.marked("warn", problem, fix)
        screen.line(editor.then)
        screen.line(f"Undone by infill-ls editor {editor.name} --remove.")
    return SUCCESS if done else FAILURE


def _change(
    editor: Editor, part: Part, starts: str, entry: Entry | None, screen: Screen
) -> Change | None:
    """Return what is to become of a file; None if the user must do it, who is told."""
    from infill_ls.setup.insertions import ByHand
    from infill_ls.setup.ledger import planned, there

    path, ours = part.place(), part.text(starts)

    def merge(text: str) -> list[Insertion]:
        return part.merge(text, ours, editor.name)

    try:
        # Also what was written on another machine, or before the state folder was emptied.
        entry, certain = there(path, entry, editor.name)
        return planned(path, merge, entry, certain=certain)
    except ByHand as why:
        screen.marked(
            "fail",
            f"{path} stays as it is: {why}.",
            f"infill-ls editor {editor.name} prints what to add to it.",
        )
        return None


def _agreed(change: Change, screen: Screen, *, yes: bool) -> bool:
    """Show what a change does to a file of the user's, and ask."""
    from difflib import unified_diff

    if change.replaces:
        what = f"{change.path} is there, and not as this command wrote it."
        question = "Move it aside and write ours?"
    else:
        before, after = (change.before or "").splitlines(), change.after.splitlines()
        lines = list(unified_diff(before, after, lineterm="", n=1))[2:]
        screen.line(f"What would change in {change.path}:", style="bold")
        for line in lines:
            screen.line(line, style={"+": "green", "-": "red"}.get(line[:1], ""))
        what, question = f"{change.path} is yours.", "Add these lines?"
        if change.anew and any(line.startswith("-") for line in lines):
            what = f"{change.path} has lines for infill-ls that this version writes otherwise."
            question = "Change them?"
    return confirmed(f"{what} {question}", yes=yes)


def _remove(editor: Editor, *, yes: bool) -> int:
    """Take out what was put in; of what the user has changed since, tell him."""
    from infill_ls.setup.ledger import Ledger

    ledger = Ledger()
    screen = Screen()
    entries = ledger.entries(editor.name) or _found(editor)
    if not entries:
        screen.line(f"Nothing of infill-ls is where infill-ls editor {editor.name} writes.")
        return SUCCESS
    noted = ledger.entries(editor.name)
    done = True
    for entry in reversed(entries):
        ours = bool(noted) or _as_written(editor, entry)
        agreed = ours or _agreed_to_lose(entry, screen, yes=yes)
        if not (agreed and _taken_out(entry, screen, yes=yes)):
            done = False
        elif noted:
            ledger.forget(editor.name, entry)
    return SUCCESS if done else FAILURE


def _found(editor: Editor) -> list[Entry]:
    """Return what is there of infill-ls although nothing was noted: files and blocks of ours."""
    from infill_ls.setup.insertions import ByHand, Insertion, marked_blocks
    from infill_ls.setup.ledger import Entry, found_aside, read
    from infill_ls.setup.places import program

    entries = []
    for part in editor.parts:
        path = part.place()
        try:
            text = read(path) or ""
        except ByHand:
            continue
        if text and text in (part.text(), part.text(program())):
            whole = (Insertion(0, text),)
            entries.append(Entry(str(path), True, whole, aside=found_aside(path)))
        elif blocks := marked_blocks(text, editor.name):
            entries.append(Entry(str(path), False, tuple(blocks)))
    return entries


def _as_written(editor: Editor, entry: Entry) -> bool:
    """Whether what a file has of infill-ls is what this version would write into it."""
    from pathlib import Path

    from infill_ls.setup.insertions import ByHand, taken_out
    from infill_ls.setup.ledger import read
    from infill_ls.setup.places import program

    path = Path(entry.path)
    rest, _ = taken_out(read(path) or "", entry.insertions)
    found = {insertion.text.strip() for insertion in entry.insertions}
    for part in (one for one in editor.parts if one.place() == path):
        for ours in (part.text(), part.text(program())):
            try:
                written = part.merge(rest, ours, editor.name)
            except ByHand:
                continue
            if found <= {insertion.text.strip() for insertion in written}:
                return True
    return False


def _agreed_to_lose(entry: Entry, screen: Screen, *, yes: bool) -> bool:
    """Show what stands between our marks in a file, of which nobody knows whose it is, and ask."""
    for insertion in entry.insertions:
        for line in insertion.text.splitlines():
            screen.line(f"-{line}", style="red")
    question = f"{entry.path} has these lines for infill-ls, perhaps changed by you. Remove them?"
    if confirmed(question, yes=yes):
        return True
    screen.marked("warn", f"{entry.path} stays as it is.")
    return False


def _taken_out(entry: Entry, screen: Screen, *, yes: bool) -> bool:
    """Undo what was written into one file, and say what became of it; whether it is undone."""
    from infill_ls.setup.insertions import ByHand
    from infill_ls.setup.ledger import undone

    try:
        result = undone(entry)
    except ByHand as why:
        screen.marked("fail", f"{entry.path} stays as it is: {why}.")
        return False
    path = result.path
    if result.what == "edited" and entry.created:
        if not confirmed(f"{path} was changed after it was written. Remove all of it?", yes=yes):
            screen.marked("warn", f"{path} stays: it was changed after it was written.")
            return False
        result = undone(entry, force=True)
    if result.what == "edited":
        screen.marked(
            "fail",
            f"{path} was changed where infill-ls had added something.",
            f"Take it out by hand; it began: {result.left}",
        )
        return False
    said = {
        "gone": "is gone already.",
        "removed": "is removed.",
        "restored": "is your own again.",
        "taken out": "is as it was without infill-ls; your own lines stay.",
    }[result.what]
    screen.marked("ok", f"{path} {said}")
    for aside in result.asides:
        screen.marked("warn", f"{aside} is yours, from before {path.name} was written; it stays.")
    return True
