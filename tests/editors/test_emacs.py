"""What Emacs alone does: its keys, its terminal, and what lsp-mode would get wrong by itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import pytest

from editors import folder
from editors.conftest import Document
from editors.editor import Editor
from editors.emacs import Emacs
from editors.engine import Engine
from editors.parts import LINES, WORDS, accepted_in_parts

pytestmark = pytest.mark.only("emacs")

FILL = "ordered = sorted(names)"
ACCEPTED = """
(with-lsp-workspace (lsp-find-workspace 'infill-ls)
  (gethash "accepted" (lsp-request "workspace/executeCommand" '(:command "infill-ls.explain"))))
"""
SERVERS = """
(vconcat (sort (--map (symbol-name (lsp--client-server-id (lsp--workspace-client it)))
                      (lsp-workspaces))
               #'string<))
"""
OTHER = f"""
(progn
  (require 'lsp-mode)
  (lsp-register-client
    (make-lsp-client :server-id 'other
                     :major-modes '(sh-mode)
                     :new-connection (lsp-stdio-connection
                                      '("{sys.executable}"
                                        "{Path(__file__).with_name("other_server.py")}"))))
  t)
"""


@pytest.fixture
def emacs(editor: Editor) -> Emacs:
    return cast(Emacs, editor)


def accepted(emacs: Emacs) -> int:
    """How many fills the server was told to be accepted."""
    return int(emacs.lisp(ACCEPTED))


def on_screen(emacs: Emacs) -> str:
    """What can be read on the terminal."""
    return "\n".join(emacs.screen())


def test_the_start_is_quiet(emacs: Emacs, engine: Engine, document: Document) -> None:
    document("quiet.py", "‸\n")
    emacs.until(lambda: emacs.status() == "idle", "the state idle")
    assert emacs.messages() == ""
    assert emacs.lisp('(null (get-buffer "*Warnings*"))')


def test_it_is_on_the_screen(emacs: Emacs, engine: Engine, document: Document) -> None:
    document("screen.py", "names = []\n‸\n")
    engine.writes(FILL)
    emacs.type("ordered = so")
    emacs.until(lambda: "rted(names)" in on_screen(emacs), "a fill on the screen")
    emacs.until(lambda: "infill:idle" in on_screen(emacs), "the state on the screen")


def test_the_next_line_is_not_the_next_candidate(
    emacs: Emacs, engine: Engine, document: Document
) -> None:
    document("next.py", "‸\nnames = []\n")
    engine.writes(FILL)
    emacs.type("ordered = so")
    emacs.until_shown("rted(names)")
    emacs.keys("\x0e")  # C-n
    emacs.until(lambda: emacs.lisp("(line-number-at-pos)") == 2, "the next line")
    assert emacs.shown() == ""
    assert emacs.text() == "ordered = so\nnames = []\n"


def test_typing_through_a_fill_never_hides_it(
    emacs: Emacs, engine: Engine, document: Document
) -> None:
    document("through.py", "‸\n")
    engine.writes(FILL)
    emacs.type("ordered = so")
    emacs.until_shown("rted(names)")
    for length in range(len("ordered = so") + 1, len(FILL)):
        emacs.key(FILL[length - 1])
        emacs.until_text(f"{FILL[:length]}\n")
        assert emacs.shown() == FILL[length:]
    emacs.accept()
    emacs.until_text(f"{FILL}\n")


def test_typing_slowly(emacs: Emacs, engine: Engine, document: Document) -> None:
    """A suggestion is shown at each key, at the end of the line and before something."""
    document("slowly.py", "‸\n")
    engine.writes("again = sorted(names, key=str)")
    emacs.type("again = sorted(", pause=2 * emacs.pause)
    emacs.until_shown("names, key=str)")
    emacs.accept_word()
    emacs.until_shown(", key=str)")
    emacs.type(", key=repr)", pause=2 * emacs.pause)
    emacs.until_text("again = sorted(names, key=repr)\n")
    emacs.move(0, len("again = "))
    engine.writes("again = list(")
    emacs.type("list(", pause=2 * emacs.pause)
    emacs.until_text("again = list(sorted(names, key=repr)\n")


def test_it_asks_within_brackets_that_close_themselves(
    emacs: Emacs, engine: Engine, document: Document
) -> None:
    document("pair.py", "names = []\n‸\n")
    engine.writes("print(sorted(names)")
    emacs.close_brackets()
    emacs.type("print(")
    emacs.until_text("names = []\nprint()\n")
    emacs.until_shown("sorted(names)")
    emacs.accept()
    emacs.until_text("names = []\nprint(sorted(names))\n")


def test_it_waits_longer_than_for_others(emacs: Emacs, engine: Engine, document: Document) -> None:
    document("wait.py", "names = []\n‸\n")
    engine.writes(FILL, delay=1.0)
    usual = emacs.lisp("lsp-response-timeout")
    emacs.lisp("(setq lsp-response-timeout 0.2)")
    emacs.type("ordered = so")
    emacs.until_shown("rted(names)")
    emacs.lisp(f"(setq lsp-response-timeout {usual})")
    assert emacs.messages() == ""


def test_undo_goes_in_steps(emacs: Emacs, engine: Engine, document: Document) -> None:
    document("undo.py", "‸\n")
    engine.writes(FILL)
    emacs.type("ordered = so")
    emacs.until_shown("rted(names)")
    emacs.accept()
    emacs.until_text(f"{FILL}\n")
    emacs.type(" or ()")
    emacs.until_text(f"{FILL} or ()\n")
    # What was typed is one step, or more: Emacs ends one after ten seconds, which are soon over on
    # a busy machine. The fill is one of its own.
    while (text := emacs.text()) != f"{FILL}\n":
        assert text.startswith(f"{FILL} ")
        emacs.undo()
        emacs.until(lambda text=text: emacs.text() != text, "another text")  # type: ignore[misc]
    emacs.undo()
    emacs.until_text("ordered = so\n")


def test_word_by_word(emacs: Emacs, engine: Engine, document: Document) -> None:
    before = accepted(emacs)
    accepted_in_parts(emacs, engine, document, "fo", WORDS, emacs.accept_word)
    emacs.until(lambda: accepted(emacs) == before + 1, "the server's count")


def test_line_by_line(emacs: Emacs, engine: Engine, document: Document) -> None:
    accepted_in_parts(emacs, engine, document, "for na", LINES, emacs.accept_line)


def test_hidden_by_a_key_and_asked_for_again(
    emacs: Emacs, engine: Engine, document: Document
) -> None:
    document("again.py", "names = []\n‸\n")
    engine.writes(FILL)
    emacs.type("ordered = so")
    emacs.until_shown("rted(names)")
    emacs.keys("\x03\x0b")  # C-c C-k; C-g might end the look at the suggestion instead
    emacs.until(lambda: emacs.shown() == "", "no suggestion")
    emacs.move(0, 0)
    emacs.move(1, 12)
    emacs.ask()
    emacs.until_shown("rted(names)")
    assert emacs.text() == "names = []\nordered = so\n"


def test_keys_without_a_suggestion_are_their_own(emacs: Emacs, document: Document) -> None:
    document("keys.py", "‸one two\nthree\n")
    emacs.keys("\x1bf")  # M-f
    emacs.until(lambda: emacs.lisp("(point)") == 4, "the end of a word")
    emacs.keys("\x05")  # C-e
    emacs.until(lambda: emacs.lisp("(eolp)"), "the end of the line")
    assert emacs.text() == "one two\nthree\n"


def test_beside_another_server(emacs: Emacs, engine: Engine, document: Document) -> None:
    """Its commands go to infill-ls alone; the other server would answer with an error."""
    emacs.lisp(OTHER)
    document("beside.sh", "names=\n‸\n")
    emacs.until(lambda: emacs.lisp(SERVERS) == ["infill-ls", "other"], "both servers")
    engine.writes("sorted=$(sort names)")
    before = accepted(emacs)
    emacs.type("sorted=")
    emacs.until_shown("$(sort names)")
    emacs.accept()
    emacs.until_text("names=\nsorted=$(sort names)\n")
    emacs.until(lambda: accepted(emacs) == before + 1, "the server's count")
    for state in ("off", "idle"):
        emacs.toggle()
        emacs.until(lambda state=state: emacs.status() == state, f"the state {state}")  # type: ignore[misc]
    assert emacs.messages() == ""


def test_what_the_user_may_set(environment: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    """Settings of the server, no other server, and a TAB that indents."""
    engine.reset()
    init = f"""
        (setq infill-ls-settings '((temperature . 0.7)) lsp-enabled-clients '(infill-ls))
        {OTHER}
    """
    emacs = Emacs.start(folder(), tmp_path / "home", environment, init)
    try:
        file = tmp_path / "set.sh"
        file.write_text("if true; then\n\nfi\n")
        emacs.open(file, 1, 0)
        assert emacs.lisp(SERVERS) == ["infill-ls"]
        emacs.lisp('(define-key lsp-inline-completion-active-map (kbd "TAB") nil)')
        engine.writes("sorted=$(sort names)")
        emacs.type("sorted=")
        emacs.until_shown("$(sort names)")
        emacs.keys("\t")
        emacs.until_text("if true; then\n    sorted=\nfi\n")
        assert engine.generations[0].body["options"]["temperature"] == 0.7
    finally:
        emacs.quit()
