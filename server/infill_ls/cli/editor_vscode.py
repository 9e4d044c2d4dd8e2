"""``infill-ls editor vscode``: the extension, put in by VS Code's own command."""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Final

from infill_ls.cli.output import FAILURE, SUCCESS
from infill_ls.cli.screen import Screen
from infill_ls.setup import vscode
from infill_ls.setup.ledger import Entry, Ledger
from infill_ls.setup.places import program

if TYPE_CHECKING:
    from infill_ls.setup.editors import Editor

# Where this installation has no packed extension.
_UNPACKED: Final = (
    "This installation has no packed extension. In a clone of infill-ls, with Node 22 and npm:"
)
_PACK: Final = "make vsix && code --install-extension editor-configs/vscode/infill-ls.vsix"
_NO_PROGRAM: Final = (
    "In VS Code, the command \"Shell Command: Install 'code' command in PATH\" makes one; or take "
    '"Extensions: Install from VSIX..." there and choose {file}'
)


def run(editor: Editor, *, write: bool, remove: bool) -> int:
    """Say how the extension is put in, put it in or take it out, and return the exit status.

    Raises :class:`infill_ls.errors.InfillError` if VS Code's command fails.
    """
    screen = Screen()
    code, file = vscode.program(), vscode.packed()
    if remove:
        return _remove(editor, code, screen)
    if file is None:
        screen.marked("fail", _UNPACKED, _PACK)
        return FAILURE
    if write and code is not None:
        vscode.install(code, file)
        Ledger().note(editor.name, Entry(code, False, ()))
        screen.marked("ok", f"The extension is put into {code}.")
        if (starts := program()) != "infill-ls":
            fix = f'In VS Code, set "infill-ls.command" to {json.dumps([starts, "serve"])}'
            screen.marked("warn", "infill-ls isn't on the PATH.", fix)
        screen.line(editor.then)
        screen.line("Undone by infill-ls editor vscode --remove.")
        return SUCCESS
    if code is None:
        fix = _NO_PROGRAM.format(file=file)
        screen.marked("fail", f"None of {', '.join(vscode.PROGRAMS)} is on the PATH.", fix)
        return FAILURE
    screen.line("The extension is put in by infill-ls editor vscode --write, which runs")
    screen.command(shlex.join([code, "--install-extension", str(file), "--force"]))
    return SUCCESS


def _remove(editor: Editor, code: str | None, screen: Screen) -> int:
    """Take the extension out of where it was put; ``code``: what is on the PATH by now."""
    ledger = Ledger()
    noted = ledger.entries(editor.name)
    if not noted:
        if code is None:
            screen.marked("fail", f"None of {', '.join(vscode.PROGRAMS)} is on the PATH.")
            return FAILURE
        vscode.uninstall(code)
        screen.marked("ok", f"The extension is taken out of {code}.")
        return SUCCESS
    done = True
    for entry in noted:
        if os.path.exists(entry.path):
            vscode.uninstall(entry.path)
            screen.marked("ok", f"The extension is taken out of {entry.path}.")
        else:
            # Whatever else has that name now is perhaps not what it was put into.
            fix = f"If it was moved: {code or 'code'} --uninstall-extension {vscode.EXTENSION}"
            screen.marked("warn", f"{entry.path}, which it was put into, isn't there now.", fix)
            done = False
        ledger.forget(editor.name, entry)
    return SUCCESS if done else FAILURE
