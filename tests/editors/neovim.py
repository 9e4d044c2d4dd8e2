"""Neovim 0.12 or later, without a terminal, driven through its own API.

Keys are typed as a user types them; the ghost text is read from the marks that draw it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import pynvim

from editors import debian
from editors.editor import Ability, Editor

CONFIGURATION: Final = Path(__file__).parents[2] / "editor-configs/neovim/infill-ls.lua"
# The first with inline completion.
OLDEST: Final = (0, 12)
# s. What Neovim does when its window is closed is done within this time.
LEAVING: Final = 20.0


class Neovim(Editor):
    name: ClassVar = "neovim"
    abilities: ClassVar = frozenset(
        (
            Ability.GHOST_TEXT,
            Ability.MULTI_LINE,
            Ability.ACCEPT_WORD,
            Ability.ACCEPT_LINE,
            Ability.ACCEPT_COMMAND,
            Ability.CANCELLATION,
            Ability.STATUS,
            Ability.TOGGLE,
        )
    )
    # s; Neovim's own, which can't be set.
    pause: ClassVar = 0.2

    @classmethod
    def install(cls, folder: Path) -> None:
        """Debian's newest, since no package index has one of this version.

        Raises :class:`RuntimeError` if it can't be had, or is too old.
        """
        root = debian.unpack(folder / "neovim", ["neovim"], "sid", ["usr/bin/nvim"])
        said = debian.run(str(root / "usr/bin/nvim"), "--version").split()
        version = tuple(int(part) for part in said[1].removeprefix("v").split(".")[:2])
        if version < OLDEST:
            raise RuntimeError(f"Neovim 0.12 is needed, and Debian's is {said[1]}")

    @classmethod
    def start(cls, folder: Path, home: Path, environment: Mapping[str, str]) -> Neovim:
        root = folder / "neovim/root"
        return cls(
            root / "usr/bin/nvim",
            home,
            {**environment, "VIMRUNTIME": str(root / "usr/share/nvim/runtime")},
            CONFIGURATION,
        )

    def __init__(
        self, program: Path, home: Path, environment: Mapping[str, str], configuration: Path
    ) -> None:
        plugins = home / "config/nvim/plugin"
        plugins.mkdir(parents=True)
        shutil.copy(configuration, plugins)
        socket = home / "nvim.sock"
        places = {
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in PLACES},
            **{f"XDG_{kind}_DIRS": str(home / "none") for kind in ("CONFIG", "DATA")},
        }
        # No files of marks and swaps; messages of several lines don't wait for a key.
        quiet = ("-i", "NONE", "-n", "--cmd", "set nomore shortmess+=I")
        self._process = subprocess.Popen(
            [program, "--headless", "--listen", socket, *quiet],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env={**os.environ, **places, **environment, "HOME": str(home)},
        )
        self._vim: Any = None
        self.until(socket.exists, "Neovim's socket")
        self._vim = pynvim.attach("socket", path=str(socket))

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
        self.keys("<C-g><Space>")

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

    def quit(self) -> None:
        self.keys(r"<C-\><C-n>:qall!<CR>")
        try:
            self._process.wait(LEAVING)
        finally:
            self._process.kill()
            self._vim.close()


PLACES: Final = ("CONFIG", "DATA", "STATE", "CACHE")
ATTACHED: Final = """
local client = vim.lsp.get_clients({ name = 'infill-ls', bufnr = 0 })[1]
return client ~= nil and client.initialized
"""
# What the marks draw, without the count of candidates after it.
SHOWN: Final = """
local space = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')
local shown = {}
for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
  assert(mark[4].virt_text_pos == 'inline')
  for _, line in ipairs({ mark[4].virt_text, unpack(mark[4].virt_lines or {}) }) do
    local text = ''
    for _, chunk in ipairs(line) do
      if chunk[2] == 'ComplHint' then text = text .. chunk[1] end
    end
    table.insert(shown, text)
  end
end
return table.concat(shown, '\\n')
"""
