"""The editors that can be set up: which file goes where, and how it gets there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infill_ls.setup import configs, helix, places
from infill_ls.setup.insertions import ByHand, Insertion, Occupied, block
from infill_ls.setup.installed import Needed

# What the files of editor-configs start; a program elsewhere comes in its place, quoted as JSON
# does, which is how Lua, TOML and Emacs Lisp quote such a text too.
_NAMED: Final = ("'infill-ls', 'serve'", '"infill-ls", "serve"', '"infill-ls" "serve"')
_COMMAND: Final = 'command": "infill-ls"', 'command = "infill-ls"'


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an editor's set-up.

    ``source``: its path in ``editor-configs``. ``place``: finds where it goes. ``merge``: from the
    text of the user's file, our own text and the editor's name to what is added. ``as_it_is``:
    whether that is our own text, where the user has nothing there.
    """

    source: str
    place: Callable[[], Path]
    merge: Callable[[str, str, str], list[Insertion]]
    as_it_is: bool = True

    def text(self, program: str = "infill-ls") -> str:
        """Return our own text. ``program``: what it is to start."""
        text = configs.read(self.source)
        if program == "infill-ls":
            return text
        quoted = json.dumps(program, ensure_ascii=False)
        for named in _NAMED:
            text = text.replace(named, quoted + named[len("'infill-ls'") :])
        for command in _COMMAND:
            text = text.replace(command, command.removesuffix('"infill-ls"') + quoted)
        return text


@dataclass(frozen=True, slots=True)
class Editor:
    """An editor, as the command shows it.

    ``name``: what the user calls it by. ``title``: which versions of what. ``shows``: how a fill is
    seen. ``parts``: its files. ``then``: what to do when they are there. ``driven``: whether tests
    drive it. ``printed``: files that are printed alone. ``needs``: the program without which, or
    older, the files are of no use.
    """

    name: str
    title: str
    shows: str
    then: str
    parts: tuple[Part, ...] = ()
    driven: bool = False
    printed: tuple[str, ...] = ()
    needs: Needed | None = None


def _whole(text: str, ours: str, _editor: str) -> list[Insertion]:
    """A file of our own."""
    if text == ours:
        return []
    if text:
        raise Occupied("another file is there")
    return [Insertion(0, ours)]


def _json(text: str, ours: str, _editor: str) -> list[Insertion]:
    """A file of settings in JSON with comments, which no parser of ours would keep."""
    if text.strip():
        raise ByHand("it has settings of your own")
    return [Insertion(0, ours)]


def _languages(text: str, ours: str, _editor: str) -> list[Insertion]:
    return helix.merged(text, ours)


def _at_the_end(comment: str) -> Callable[[str, str, str], list[Insertion]]:
    def merge(text: str, ours: str, editor: str) -> list[Insertion]:
        return [block(text, ours, comment, editor)]

    return merge


def _loaded(text: str, _ours: str, editor: str) -> list[Insertion]:
    """What loads ``infill-ls.el``; without lsp-mode it would be an error in the init file."""
    lines = (
        '(if (locate-library "lsp-inline-completion")\n'
        f"    (load {json.dumps(str(places.emacs() / 'infill-ls'), ensure_ascii=False)})\n"
        '  (display-warning \'infill-ls "lsp-mode 10 is missing: M-x package-install"))\n'
    )
    return [block(text, lines, ";;", editor)]


EDITORS: Final[Sequence[Editor]] = (
    Editor(
        "neovim",
        "Neovim 0.11 or later",
        "ghost text",
        "Open a file and type; Ctrl-l accepts.",
        (Part("neovim/infill-ls.lua", lambda: places.neovim() / "plugin/infill-ls.lua", _whole),),
        driven=True,
        needs=Needed(("nvim",), "0.11"),
    ),
    Editor(
        "vscode",
        "VS Code 1.91, code-server",
        "ghost text",
        "Open a file and type; Tab accepts.",
        driven=True,
    ),
    Editor(
        "helix",
        "Helix 25.07 or later",
        "item of the menu",
        "Open a file and type; Tab selects, Enter accepts.",
        (Part("helix/languages.toml", lambda: places.helix() / "languages.toml", _languages),),
        driven=True,
        printed=("helix/config.toml",),
        # Arch's package calls it helix.
        needs=Needed(("hx", "helix"), "25.07"),
    ),
    Editor(
        "emacs",
        "Emacs 28.1 with lsp-mode 10",
        "ghost text",
        "Open a file and type; TAB accepts. lsp-mode must be there: M-x package-install.",
        (
            Part("emacs/infill-ls.el", lambda: places.emacs() / "infill-ls.el", _whole),
            Part("emacs/infill-ls.el", places.emacs_init, _loaded, as_it_is=False),
        ),
        driven=True,
        needs=Needed(("emacs",), "28.1"),
    ),
    Editor(
        "coc-nvim",
        "Vim or Neovim with coc.nvim",
        "ghost text",
        "Open a file and type; Ctrl-l accepts.",
        (
            Part("coc-nvim/coc-settings.json", lambda: places.coc() / "coc-settings.json", _json),
            Part("coc-nvim/infill-ls.vim", lambda: places.coc() / "plugin/infill-ls.vim", _whole),
        ),
        needs=Needed(("vim", "nvim")),
    ),
    Editor(
        "kakoune",
        "Kakoune with kakoune-lsp 18",
        "item of the menu",
        "Open a file and type. kakoune-lsp must be set up in the lines above these.",
        (Part("kakoune/infill-ls.kak", lambda: places.kakoune() / "kakrc", _at_the_end("#")),),
        needs=Needed(("kak-lsp",), "18"),
    ),
    Editor(
        "sublime",
        "Sublime Text with LSP",
        "item of the menu",
        "Open a file and type.",
        (
            Part(
                "sublime/LanguageServers.sublime-settings",
                lambda: places.sublime() / "LanguageServers.sublime-settings",
                _json,
            ),
        ),
    ),
    Editor(
        "lsp4ij",
        "JetBrains IDEs with LSP4IJ",
        "ghost text",
        "",
        printed=("lsp4ij/README.md", "lsp4ij/template.json"),
    ),
    Editor(
        "zed",
        "Zed, without infill-ls",
        "Zed's own",
        "",
        printed=("zed/settings.json",),
    ),
)
