"""Helix in a terminal: its menu is read from the screen, its documents from what it writes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from editors import debian, svg
from editors.editor import LOOK, PATIENCE, Ability, Editor, SetUp
from editors.terminal import Terminal

CONFIGURATION: Final = Path(__file__).parents[2] / "editor-configs" / "helix"
# What only the tests need, beside it: keys that leave insert mode (Escape and the next key may be
# taken for that key with Alt) and that write the document while it is typed in.
WORKSPACE: Final = """
[keys.insert]
F11 = "normal_mode"
F12 = ":write!"
[keys.normal]
F11 = "normal_mode"
F12 = ":write!"
"""
NORMAL, WRITE, ASK, ENTER, TAB, BACKSPACE = "\x1b[23~", "\x1b[24~", "\x18", "\r", "\t", "\x7f"
# In Helix' own theme: the ground of menus, and of what is selected in them.
GROUND, SELECTED = "281733", "ffffff"
# What Helix shows right of our items; other servers' items are of other kinds.
KIND: Final = " text"
# Ends the label of an item of several lines. They can be read once it is selected.
MORE: Final = " …"
# Columns that a tab takes on the screen in Python, in Helix' own configuration.
TAB_WIDTH: Final = 4
PLACES: Final = ("CONFIG", "DATA", "STATE")
# Of the terminal in a picture.
PICTURE_COLUMNS, PICTURE_ROWS = 100, 32


class Row(NamedTuple):
    """Our item in the menu."""

    label: str
    selected: bool
    row: int
    end: int  # the column right of the menu


class Helix(Editor):
    name = "helix"
    abilities = frozenset({Ability.MULTI_LINE, Ability.CANCELLATION, Ability.TOGGLE})
    pause = 0.25

    @classmethod
    def install(cls, folder: Path) -> None:
        debian.unpack(folder / cls.name, ["hx"], programs=["usr/lib/hx/hx"])

    @classmethod
    def start(
        cls,
        folder: Path,
        home: Path,
        environment: Mapping[str, str],
        set_up: SetUp | None = None,
    ) -> Helix:
        """``set_up``: instead of copying the files."""
        return cls(folder / cls.name / "root/usr/lib/hx/hx", home, environment, set_up)

    def __init__(
        self,
        program: Path,
        home: Path,
        environment: Mapping[str, str],
        set_up: SetUp | None = None,
    ) -> None:
        self._program = program
        places = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in PLACES}
        places["HOME"] = str(home)
        if set_up:
            set_up({**os.environ, **places, **environment})
            # Without one Helix can't be told to read the workspace's.
            (home / "config" / "helix" / "config.toml").touch()
        else:
            shutil.copytree(CONFIGURATION, home / "config" / "helix")
        workspace = home / "workspace"
        (workspace / ".helix").mkdir(parents=True)
        (workspace / ".helix" / "config.toml").write_text(WORKSPACE)
        self._log = home / "helix.log"
        self._told: list[str] = []
        self._file = workspace
        self._word = ""
        self._terminal = Terminal(
            [str(program), "-v", "--log", str(self._log)],
            {
                **places,
                "COLORTERM": "truecolor",
                **environment,
            },
            workspace,
            on_change=self._note,
        )
        self._until_mode("NOR")
        # Of a newer Helix; reads the workspace's keys.
        self._command("workspace-trust")
        self._command("config-reload")
        self._look(lambda: "refreshed" in self._terminal.lines()[-1], "the configuration")

    def servers(self, language: str) -> list[str]:
        """The servers that Helix has for a language without a configuration."""
        health = subprocess.run(
            [str(self._program), "--health", language],
            env={"PATH": "", "HOME": str(self._file), "TERM": "dumb"},
            capture_output=True,
            text=True,
            check=True,
        )
        return re.findall(r"^  \S+ ([\w-]+): ", health.stdout, re.MULTILINE)

    # The screen

    def _note(self, terminal: Terminal) -> None:
        """A message stays on the last row until the next key."""
        message = terminal.lines()[-1].strip()
        if message.startswith("infill-ls:") and message not in self._told:
            self._told.append(message)

    def _menu(self) -> Row | None:
        for number, cells in enumerate(self._terminal.cells()[:-2]):
            columns = [at for at, cell in enumerate(cells) if cell.bg in (GROUND, SELECTED)]
            # The cursor, too, is a cell of the selected ground.
            selected = [at for at in columns if cells[at].bg == SELECTED]
            if len(selected) > 1:
                columns = selected
            text = "".join(cells[at].data for at in columns).rstrip()
            if text.endswith(KIND):
                label = text.removesuffix(KIND).strip()
                return Row(label, len(selected) > 1, number, columns[-1] + 1)
        return None

    def labels(self) -> list[str]:
        """Everybody's items in the menu, from the top, each with its kind."""
        rows = [
            "".join(cell.data for cell in cells if cell.bg == GROUND).strip()
            for cells in self._terminal.cells()[:-2]
        ]
        return [row for row in rows if row]

    def offers(self) -> bool:
        """Whether a fill is in the menu; it stays as it is."""
        return self._menu() is not None

    def _documentation(self, menu: Row) -> str:
        """The text right of the menu, which is that of the selected item."""
        lines = [
            "".join(cell.data for cell in cells[menu.end :] if cell.bg == GROUND).rstrip()
            for cells in self._terminal.cells()[menu.row : -2]
        ]
        # Its first line says whose item it is; a blank line follows.
        text = "\n".join(lines).strip("\n")
        return re.sub(r"^ ", "", text.partition("infill-ls\n\n")[2], flags=re.MULTILINE)

    def _word_before(self) -> str:
        row, column = self._terminal.cursor
        before = "".join(cell.data for cell in self._terminal.cells()[row][:column])
        word = re.search(r"\w*$", before)
        return word[0] if word else ""

    def shown(self) -> str:
        menu = self._menu()
        if menu is None:
            return ""
        if not menu.selected:
            self._word = self._word_before()
            if not menu.label.endswith(MORE):
                return menu.label.removeprefix(self._word)
            menu = self._select(menu)
        shown = self._documentation(menu).removeprefix(self._word)
        if "\n\t" in self._file.read_text():
            blanks = re.compile(rf"(?<=\n)( {{{TAB_WIDTH}}})+")
            shown = blanks.sub(lambda found: "\t" * (len(found[0]) // TAB_WIDTH), shown)
        return shown

    def _select(self, menu: Row | None) -> Row:
        """Select our item; Helix then shows all of it."""
        if menu is None or not menu.selected:
            self._terminal.press(TAB)

        def selected() -> Row | None:
            menu = self._menu()
            return menu if menu and menu.selected and self._documentation(menu) else None

        return cast(Row, self._look(selected, "our item, selected"))

    # Driving

    def open(self, file: Path, line: int, column: int) -> None:
        self._normal()
        self._file = file
        self._command(f"open {file}")
        self._look(lambda: self.sent("textDocument/didOpen", file), "the opened document")
        self._go(file.read_text(), line, column)

    def keys(self, keys: str) -> None:
        """Press keys, as a terminal sends them."""
        self._terminal.press(keys)

    def key(self, character: str) -> None:
        self._terminal.press(character)

    def backspace(self) -> None:
        self._terminal.press(BACKSPACE)

    def accept(self) -> None:
        self._select(self._menu())
        self._terminal.press(ENTER)

    def ask(self) -> None:
        self._terminal.press(ASK)

    def toggle(self) -> None:
        asked = self._log.read_text().count('"infill-ls.toggle"')
        self._normal()
        self._command("lsp-workspace-command infill-ls.toggle")
        self._look(lambda: self._log.read_text().count('"infill-ls.toggle"') > asked, "the command")
        self._insert()

    def move(self, line: int, column: int) -> None:
        self._go(self.text(), line, column)

    def close_brackets(self) -> None:
        """It does by default."""

    def undo(self) -> None:
        self._normal()
        self._terminal.press("u")

    def text(self) -> str:
        self.save()
        return self._file.read_bytes().decode().replace("\r\n", "\n")

    def split(self) -> None:
        self._normal()
        self._command("vsplit")
        self._insert()

    def save(self) -> None:
        before = self._file.stat().st_mtime_ns
        self._terminal.press(WRITE)

        def written() -> bool:
            # Helix moves the old file away, makes a new one, and says at last how long it is.
            said = re.search(r" written, \d+L (\d+)B", self._terminal.lines()[-1])
            try:
                file = self._file.stat()
            except FileNotFoundError:
                return False
            return said is not None and file.st_mtime_ns != before and file.st_size == int(said[1])

        self._look(written, "the written document")

    def close(self) -> None:
        self._normal()
        self._command("buffer-close!")
        self._look(lambda: self.sent("textDocument/didClose", self._file), "the closed document")

    def messages(self) -> str:
        # The next key takes a message away, on a busy machine before it is drawn.
        got = re.findall(r" infill-ls <- (\{.*\})$", self._log.read_text(), re.MULTILINE)
        messages = [json.loads(text) for text in got if '"window/showMessage"' in text]
        told = [message["params"]["message"] for message in messages]
        seen = [text for text in self._told if not any(one.startswith(text) for one in told)]
        return "\n".join((*seen, *told))

    def picture(self, place: Path) -> Path:
        last = self.shown().splitlines()[-1].strip()
        self._terminal.resize(PICTURE_COLUMNS, PICTURE_ROWS)

        def below() -> bool:
            menu = self._menu()
            return menu is not None and any(
                last in line for line in self._terminal.lines()[menu.row + 1 :]
            )

        # It was beside the menu, where lines are broken.
        self._look(below, "the item's documentation below the menu")
        file = place.with_suffix(".svg")
        # The rows below are empty. Helix draws its cursor itself.
        cells = self._terminal.cells()
        rows = [row for row, line in enumerate(self._terminal.lines()) if line.strip()]
        file.write_text(svg.picture(cells[: rows[-1] + 2]))
        return file

    def quit(self) -> None:
        self._normal()
        self._command("quit-all!")
        self._terminal.wait(PATIENCE)

    def sent(self, method: str, file: Path) -> list[dict[str, Any]]:
        """What Helix has sent to infill-ls about a file, from its log."""
        found = re.findall(r" infill-ls -> (\{.*\})$", self._log.read_text(), re.MULTILINE)
        messages = [json.loads(text) for text in found]
        return [
            message["params"]
            for message in messages
            if message.get("method") == method
            and message["params"].get("textDocument", {}).get("uri") == file.as_uri()
        ]

    def _normal(self) -> None:
        self._terminal.press(NORMAL)
        self._until_mode("NOR")

    def _insert(self) -> None:
        self._terminal.press("i")
        self._until_mode("INS")

    def _command(self, command: str) -> None:
        self._terminal.press(f":{command}{ENTER}")

    def _go(self, text: str, line: int, column: int) -> None:
        self._normal()
        steps = _graphemes(text.split("\n")[line][:column])
        self._terminal.press(f"{line + 1}gggh" + (f"{steps}l" if steps else ""))
        self._insert()

    def _until_mode(self, mode: str) -> None:
        self._look(lambda: mode in self._terminal.lines()[-2], f"the mode {mode}")

    def _look(self, look: Callable[[], Any], wanted: str) -> Any:
        """As ``until``, which is not for these: it may press keys to tell what there is."""
        end = time.monotonic() + PATIENCE
        while not (seen := look()):
            if time.monotonic() > end:
                rows = [row.rstrip() for row in self._terminal.lines()]
                screen = re.sub(r"\n\n+", "\n", "\n".join(rows))
                raise AssertionError(f"helix: {wanted} never came; on the screen:\n{screen}")
            time.sleep(LOOK)
        return seen


def _graphemes(text: str) -> int:
    """How many steps the cursor takes through a text: marks and joined characters are none."""
    joiner = "\u200d"
    return sum(
        not unicodedata.combining(character) and joiner not in (character, before)
        for before, character in zip(" " + text, text, strict=False)
    )
