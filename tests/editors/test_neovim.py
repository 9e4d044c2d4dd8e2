"""What Neovim alone does: its keys, and what its own inline completion would get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from editors import folder
from editors.conftest import Document
from editors.editor import Editor
from editors.engine import Engine
from editors.neovim import Neovim, OlderNeovim
from editors.parts import LINES, WORDS, accepted_in_parts

pytestmark = pytest.mark.only("neovim")

Starts = Callable[..., Neovim]


@pytest.fixture
def neovim(editor: Editor) -> Neovim:
    return cast(Neovim, editor)


@pytest.fixture
def starts(environment: dict[str, str], engine: Engine, tmp_path: Path) -> Iterator[Starts]:
    """Another Neovim than the one that all tests share."""
    started: list[Neovim] = []

    def start(kind: type[Neovim] = Neovim, init: str = "") -> Neovim:
        started.append(kind.start(folder(), tmp_path / "home", environment, init))
        return started[0]

    engine.reset()
    yield start
    for one in started:
        one.quit()


def accepted(neovim: Neovim) -> int:
    """How many fills the server was told to be accepted."""
    return int(
        neovim.lua("""
            local client = vim.lsp.get_clients({ name = 'infill-ls', bufnr = 0 })[1]
            local command = { command = 'infill-ls.explain' }
            return client:request_sync('workspace/executeCommand', command).result.accepted
        """)
    )


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        # Neovim by itself would leave "ordered = so" + "rted(names)" + the keys.
        ("rt", "ordered = sorted(names)"),
        ("ur", "ordered = sour"),
        ("<BS>", "ordered = s"),
        ("<Left>", "ordered = so"),
    ],
    ids=["with the fill", "against the fill", "deleting", "moving back"],
)
def test_accepting_before_the_next_answer(
    neovim: Neovim, engine: Engine, document: Document, keys: str, text: str
) -> None:
    document("stale.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    neovim.type("ordered = so")
    neovim.until_shown("rted(names)")
    # All at once: no answer can come in between.
    neovim.keys(f"{keys}<C-l>")
    neovim.until_text(f"names = []\n{text}\n")
    neovim.until(lambda: neovim.shown() == "", "no suggestion")


def test_undo_goes_in_three_steps(neovim: Neovim, engine: Engine, document: Document) -> None:
    document("undo.py", "‸\n")
    engine.writes("ordered = sorted(names)")
    neovim.type("ordered = so")
    neovim.until_shown("rted(names)")
    neovim.accept()
    neovim.until_text("ordered = sorted(names)\n")
    neovim.keys(" or ()")
    neovim.until_text("ordered = sorted(names) or ()\n")
    neovim.keys("<Esc>u")
    neovim.until_text("ordered = sorted(names)\n")
    neovim.keys("u")
    neovim.until_text("ordered = so\n")
    neovim.keys("u")
    neovim.until_text("\n")


def test_word_by_word(neovim: Neovim, engine: Engine, document: Document) -> None:
    before = accepted(neovim)
    accepted_in_parts(neovim, engine, document, "fo", WORDS, neovim.accept_word)
    assert accepted(neovim) == before + 1


def test_line_by_line(neovim: Neovim, engine: Engine, document: Document) -> None:
    accepted_in_parts(neovim, engine, document, "for na", LINES, neovim.accept_line)


def test_the_server_is_told_what_was_accepted(
    neovim: Neovim, engine: Engine, document: Document
) -> None:
    document("told.py", "‸\n")
    engine.writes("ordered = sorted(names)")
    before = accepted(neovim)
    neovim.type("ordered = so")
    neovim.until_shown("rted(names)")
    assert accepted(neovim) == before
    neovim.accept()
    neovim.until(lambda: accepted(neovim) == before + 1, "the server's count")


@pytest.mark.usefixtures("engine")
def test_keys_without_a_suggestion_type_nothing(neovim: Neovim, document: Document) -> None:
    document("nothing.py", "‸\n")
    neovim.keys("a<C-l>b<C-g>wc<C-g>ld<C-g>ne<C-g>pf")
    neovim.until_text("abcdef\n")


@pytest.mark.usefixtures("engine")
def test_why_nothing_shows(neovim: Neovim, document: Document) -> None:
    document("why.py", "‸\n")
    neovim.type("x")
    neovim.keys("<Esc>:InfillExplain<CR>")
    neovim.until(lambda: "infill-ls: " in neovim.messages(), "an explanation")


def test_a_tab_accepts_if_the_user_wants_it(starts: Starts, engine: Engine, tmp_path: Path) -> None:
    neovim = starts(init="vim.g.infill_ls_keys = { accept = '<Tab>', toggle = '' }")
    file = tmp_path / "tab.txt"
    file.write_text("\n")
    neovim.open(file, 0, 0)
    engine.writes("ordered = sorted(names)")
    neovim.keys("<Tab>")
    neovim.until_text("\t\n")
    neovim.type("ordered = so")
    neovim.until_shown("rted(names)")
    neovim.keys("<Tab>")
    neovim.until_text("\tordered = sorted(names)\n")


def test_settings_and_the_status_line_of_init_lua(starts: Starts, tmp_path: Path) -> None:
    neovim = starts(
        init="""
            vim.lsp.config('infill-ls', { init_options = { enabled = false } })
            vim.o.statusline = '%f %{v:lua.infill_ls.status()}'
        """
    )
    file = tmp_path / "settings.py"
    file.write_text("\n")
    neovim.open(file, 0, 0)
    bar = "return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str"
    neovim.until(lambda: neovim.lua(bar).endswith("settings.py off"), "the state off")
    neovim.keys("<Esc>:InfillToggle<CR>")
    neovim.until(lambda: neovim.lua(bar).endswith("settings.py idle"), "the state idle")


DEFAULT_MESSAGES = "vim.o.messagesopt = 'hit-enter,history:500'"


@pytest.mark.parametrize(
    ("message", "seen"),
    [
        ("Ollama is off. Run: ollama serve", "infill-ls: Ollama is off. Run: ollama serve"),
        (
            f"{'A long story. ' * 20}Run: ollama serve",
            "infill-ls: A long story. A long story. A long sto… Run: ollama serve",
        ),
        ("größe " * 30, f"infill-ls: {'größe ' * 9}g…"),
    ],
    ids=["short", "long", "without end"],
)
def test_a_message_does_not_wait_for_a_key(
    starts: Starts, tmp_path: Path, message: str, seen: str
) -> None:
    neovim = starts(init=DEFAULT_MESSAGES)
    file = tmp_path / "told.py"
    file.write_text("\n")
    neovim.open(file, 0, 0)
    terminal = neovim.terminal(80, 20)
    neovim.until(lambda: any("told.py" in line for line in terminal.lines()), "the terminal")
    neovim.lua(
        "vim.lsp.config['infill-ls'].handlers['window/showMessage'](nil, ...)",
        {"type": 1, "message": message},
    )
    neovim.until(lambda: terminal.lines()[-1].rstrip() == seen, "the message")
    neovim.type("a = 1")
    neovim.until_text("a = 1\n")
    neovim.keys("<Esc>:set messagesopt=wait:0,history:500<CR>:InfillExplain!<CR>")
    neovim.until(lambda: f"told: {message.rstrip()}" in neovim.messages(), "the whole message")


def test_what_is_wrong_with_the_engine_is_said_in_one_line(starts: Starts, tmp_path: Path) -> None:
    init = "vim.lsp.config('infill-ls', { init_options = { model = 'no-such:1b' } })"
    neovim = starts(init=f"{DEFAULT_MESSAGES}\n{init}")
    file = tmp_path / "told.py"
    file.write_text("\n")
    neovim.open(file, 0, 0)
    neovim.terminal(80, 20)
    seen = 'infill-ls: Ollama has no model "no… Fetch it: ollama pull no-such:1b'
    neovim.until(lambda: seen in neovim.messages(), "the message")
    neovim.type("a = 1")
    neovim.until_text("a = 1\n")
    assert neovim.messages().count("ollama pull") == 1


def test_the_last_answers_are_explained(neovim: Neovim, engine: Engine, document: Document) -> None:
    document("explained.py", "‸\n")
    engine.writes("ordered = sorted(names)")
    neovim.type("ordered = so")
    neovim.until_shown("rted(names)")
    neovim.ask()
    neovim.keys("<Esc>:InfillExplain!<CR>")
    neovim.until(lambda: "tokens read" in neovim.messages(), "the explanation")
    assert " s ago: The model wrote it. " in neovim.messages()


def test_the_other_candidate_and_back(neovim: Neovim, engine: Engine, document: Document) -> None:
    document("back.py", "‸\n")
    engine.writes("ordered = sorted(names)", "ordered = list(names)", "ordered = tuple(names)")
    neovim.type("ordered")
    neovim.until(lambda: neovim.shown() != "", "a suggestion")
    neovim.ask()
    first = neovim.shown()
    neovim.next_candidate()
    neovim.until(lambda: neovim.shown() not in ("", first), "another candidate")
    neovim.previous_candidate()
    neovim.until_shown(first)


def test_hidden_in_one_file(neovim: Neovim, engine: Engine, document: Document) -> None:
    document("hidden.py", "‸\n")
    engine.writes("ordered = sorted(names)")
    neovim.lua("vim.b.infill_ls = false")
    before = neovim.requests()
    neovim.type("ordered = so", pause=2 * neovim.pause)
    neovim.accept()
    neovim.until_text("ordered = so\n")
    assert neovim.requests() == before
    neovim.lua("vim.b.infill_ls = nil")
    neovim.type("r")
    neovim.until_shown("ted(names)")


def test_where_neovim_has_inline_completion_for_others(
    starts: Starts, engine: Engine, tmp_path: Path
) -> None:
    neovim = starts(init="vim.lsp.inline_completion.enable()")
    file = tmp_path / "once.py"
    file.write_text("\n")
    neovim.open(file, 0, 0)
    engine.writes("ordered = sorted(names)")
    neovim.type("ordered = so", pause=2 * neovim.pause)
    neovim.until_seen("ordered = sorted(names)\n")
    neovim.accept()
    neovim.until_text("ordered = sorted(names)\n")


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("terminal", ["xterm-256color", "screen"])
def test_a_terminal_without_true_colour(
    starts: Starts, engine: Engine, tmp_path: Path, terminal: str, ground: str
) -> None:
    neovim = starts(init=f"vim.o.termguicolors = false; vim.o.background = '{ground}'")
    file = tmp_path / "grey.py"
    file.write_text("\n")
    neovim.open(file, 0, 0)
    neovim.terminal(80, 20, TERM=terminal, COLORTERM="")
    engine.writes("ordered = sorted(names)")
    neovim.type("ordered = so")
    neovim.until_seen("ordered = sorted(names)\n")
    grey = neovim.ink(0, len("ordered = so"))
    assert grey not in ("default", neovim.ink(0, 0))


@pytest.mark.parametrize(("colours", "grey"), [(256, {243, 246}), (16, {8}), (8, {4})])
def test_a_grey_that_the_terminal_has(starts: Starts, colours: int, grey: set[int]) -> None:
    neovim = starts()
    neovim.attach(colours)
    ghost = "return vim.api.nvim_get_hl(0, { name = 'InfillLsGhost' }).ctermfg"
    found = set()
    for ground in ("dark", "light"):
        neovim.lua(f"vim.o.background = '{ground}'")
        found.add(neovim.lua(ghost))
    assert found == grey


def test_a_colour_scheme_has_the_last_word(neovim: Neovim) -> None:
    neovim.lua("""
        vim.api.nvim_set_hl(0, 'ComplHint', { fg = 0x123456, ctermfg = 5 })
        vim.api.nvim_exec_autocmds('ColorScheme', {})
    """)
    ghost = neovim.lua("return vim.api.nvim_get_hl(0, { name = 'InfillLsGhost' })")
    assert (ghost["fg"], ghost["ctermfg"]) == (0x123456, 5)
    neovim.lua("""
        vim.api.nvim_set_hl(0, 'ComplHint', { link = 'NonText' })
        vim.api.nvim_exec_autocmds('ColorScheme', {})
    """)


def test_an_older_neovim(starts: Starts, engine: Engine, tmp_path: Path) -> None:
    neovim = starts(OlderNeovim)
    file = tmp_path / "older.py"
    file.write_bytes("größe = []  # 😀\r\n\r\n".encode())
    neovim.open(file, 1, 0)
    engine.writes("for one in größe:\n    print(one)\n    print()")
    neovim.type("for on")
    neovim.until_shown("e in größe:\n    print(one)\n    print()")
    neovim.type("e")
    neovim.until_shown(" in größe:\n    print(one)\n    print()")
    neovim.accept_line()
    neovim.until_shown("\n    print(one)\n    print()")
    neovim.accept()
    neovim.until(lambda: "print()" in neovim.text(), "the accepted fill")
    neovim.until(lambda: accepted(neovim) == 1, "the server's count")
    neovim.save()
    wanted = "größe = []  # 😀\nfor one in größe:\n    print(one)\n    print()\n"
    assert file.read_bytes() == wanted.replace("\n", "\r\n").encode()
    neovim.undo()
    neovim.until(lambda: "print" not in neovim.text(), "the text without the fill")
