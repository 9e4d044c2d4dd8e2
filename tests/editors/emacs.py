"""Emacs with lsp-mode, in a terminal: keys are typed into it, what is so is asked for by Lisp."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from editors import debian, svg
from editors.editor import LOOK, PATIENCE, Ability, Editor, SetUp
from editors.terminal import Terminal

CONFIGURATION = Path(__file__).parents[2] / "editor-configs/emacs/infill-ls.el"

EMACS = "usr/bin/emacs-nox"
VERSION = "28.2"
ROWS, COLUMNS = 40, 120
# Of the terminal in a picture.
PICTURE_COLUMNS, PICTURE_ROWS = 80, 21

# What is there only because this is a test: no questions (which project is it?), no servers but
# ours, no backups, no compiler in the background, no questions to the terminal (an answer that
# comes late is typed), and a server for Lisp.
INIT = """\
(setq inhibit-startup-screen t
      make-backup-files nil
      auto-save-default nil
      create-lockfiles nil
      native-comp-deferred-compilation nil
      xterm-extra-capabilities nil
      lsp-auto-guess-root t
      lsp-guess-root-without-session t
      lsp-client-packages nil
      lsp-log-io t
      server-socket-dir (expand-file-name "socket/" "~")
      server-name "emacs")
(setq load-path (append '({packages}) load-path))
(load "lsp-mode-autoloads" nil t)
{init}
{load}
(require 'server)
(server-start)
"""

# What accepting would add: what the overlay shows, less the text left of the cursor that it covers.
SHOWN = """
(let ((overlay (bound-and-true-p lsp-inline-completion--overlay)))
  (if (not (and overlay (overlay-buffer overlay))) ""
    (let ((shown (concat (overlay-get overlay 'display) (overlay-get overlay 'after-string)))
          (covered (buffer-substring (overlay-start overlay) lsp-inline-completion--start-point)))
      (substring-no-properties (string-remove-prefix covered shown)))))
"""

# Colours for a dark ground, as the pictures have, and no rows of menus above the text.
FOR_PICTURE = """
(progn
  (setq frame-background-mode 'dark)
  (mapc #'frame-set-background-mode (frame-list))
  (menu-bar-mode -1)
  (lsp-headerline-breadcrumb-mode -1)
  t)
"""

# What Emacs asks at the bottom.
QUESTION = """
(if (active-minibuffer-window)
    (with-current-buffer (window-buffer (active-minibuffer-window)) (minibuffer-prompt))
  (or (current-message) ""))
"""


TOLD = re.compile("infill-ls: |[Ee]rror|Could not")


class Emacs(Editor):
    name: ClassVar = "emacs"
    abilities: ClassVar = frozenset(Ability)
    pause: ClassVar = 0.2

    @classmethod
    def install(cls, folder: Path) -> None:
        here = folder / cls.name
        root = debian.unpack(here / "emacs", ["emacs-nox"], "bookworm", [EMACS])
        debian.unpack(here / "lsp-mode", ["elpa-lsp-mode"])
        # Debian compiles it where it installs it; it is so much faster.
        done = here / "lsp-mode/compiled"
        if done.is_file():
            return
        # Not the clients of a hundred other servers.
        sources = [
            str(file)
            for package in packages(here)
            for file in package.glob("*.el")
            if "\n(lsp-register-client" not in file.read_text()
        ]
        options = [option for package in packages(here) for option in ("-L", str(package))]
        subprocess.run(
            [*command(root), "-Q", "--batch", *options, "-f", "batch-byte-compile", *sources],
            env={**os.environ, **places(root)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        done.touch()

    @classmethod
    def start(
        cls,
        folder: Path,
        home: Path,
        environment: Mapping[str, str],
        init: str = "",
        set_up: SetUp | None = None,
    ) -> Emacs:
        """``init``: Lisp that a user has in his init file before the shipped configuration.

        ``set_up``: instead of loading that.
        """
        return cls(folder / cls.name, home, environment, init, set_up)

    def __init__(
        self,
        folder: Path,
        home: Path,
        environment: Mapping[str, str],
        init: str,
        set_up: SetUp | None = None,
    ) -> None:
        root = folder / "emacs/root"
        (home / "socket").mkdir(parents=True, mode=0o700)
        (home / ".emacs.d").mkdir()
        (home / ".emacs.d/init.el").write_text(
            INIT.format(
                packages=" ".join(json.dumps(str(package)) for package in packages(folder)),
                load="" if set_up else f'(load "{CONFIGURATION}" nil t)',
                init=init,
            )
        )
        self._socket = home / "socket/emacs"
        whole = {
            **os.environ,
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            **environment,
            "HOME": str(home),
        }
        if set_up:
            set_up(whole)
        self._terminal = Terminal(
            [*command(root), "--no-site-file", "-nw"],
            whole | places(root),
            home,
            columns=COLUMNS,
            rows=ROWS,
        )
        end = time.monotonic() + PATIENCE
        while not self._listens():
            if time.monotonic() > end:
                self._terminal.process.kill()
                raise RuntimeError("\n".join(["Emacs didn't start:", *self.screen()]))
            time.sleep(LOOK)

    def _listens(self) -> bool:
        """Whether Emacs can be asked; its socket is there a moment before."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self._socket))
            except OSError:
                return False
        return True

    def screen(self) -> list[str]:
        """What can be read on the terminal, row by row."""
        return self._terminal.lines()

    def lisp(self, expression: str) -> Any:
        """The value of an expression in the window's buffer: a string, a number, true or none.

        The protocol is that of emacsclient (``server-process-filter`` in Emacs' ``server.el``).
        """
        asked = f"(json-encode (with-current-buffer (window-buffer) {expression}))"
        quoted = asked.replace("&", "&&").replace("\n", "&n").replace(" ", "&_")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self._socket))
            connection.sendall(f"-eval {quoted} \n".encode())
            answer = b""
            while piece := connection.recv(1 << 16):
                answer += piece
        printed = ""
        for line in answer.decode().splitlines():
            kind, _, text = line.partition(" ")
            if kind == "-error":
                raise AssertionError(f"{expression}: {unquoted(text)}")
            if kind in ("-print", "-print-nonl"):
                printed += unquoted(text)
        # Lisp prints the JSON as a string of its own.
        return json.loads(json.loads(printed))

    def keys(self, keys: str) -> None:
        """Type keys, as a terminal sends them."""
        self._terminal.press(keys)

    def open(self, file: Path, line: int, column: int) -> None:
        self.lisp('(with-current-buffer "*Messages*" (let ((inhibit-read-only t)) (erase-buffer)))')
        self.keys(f"\x18\x06{file}\r")  # C-x C-f
        self.until(
            lambda: self.lisp(
                f"(and (equal buffer-file-name {json.dumps(str(file))})"
                " (lsp-find-workspace 'infill-ls)"
                " (eq 'initialized (lsp--workspace-status (lsp-find-workspace 'infill-ls)))"
                " (bound-and-true-p infill-ls-mode) t)"
            ),
            f"{file.name} with infill-ls",
        )
        self.move(line, column)

    def key(self, character: str) -> None:
        self.keys("\r" if character == "\n" else character)

    def backspace(self) -> None:
        self.keys("\x7f")

    def shown(self) -> str:
        return str(self.lisp(SHOWN))

    def seen(self) -> str:
        top, bottom = self.lisp(
            "(let ((edges (window-body-edges))) (vector (nth 1 edges) (nth 3 edges)))"
        )
        return "\n".join(row.rstrip() for row in self.screen()[top:bottom]).rstrip("\n") + "\n"

    def accept(self) -> None:
        self.keys("\t")

    def accept_word(self) -> None:
        self.keys("\x1bf")

    def accept_line(self) -> None:
        self.keys("\x05")

    def ask(self) -> None:
        self.keys("\x03i")

    def next_candidate(self) -> None:
        self.keys("\x1bn")

    def toggle(self) -> None:
        self.keys("\x03I")

    def status(self) -> str:
        line = str(self.lisp("(format-mode-line minor-mode-alist)"))
        return line.partition("infill:")[2].split()[0]

    def move(self, line: int, column: int) -> None:
        position = 1 + column + sum(len(above) + 1 for above in self.text().split("\n")[:line])
        self.keys(f"\x1bgc{position}\r")  # M-g c
        self.until(lambda: self.lisp("(point)") == position, f"the cursor at {position}")

    def close_brackets(self) -> None:
        self.lisp("(progn (electric-pair-local-mode 1) t)")

    def undo(self) -> None:
        self.keys("\x1f")  # C-_

    def text(self) -> str:
        return str(self.lisp("(buffer-substring-no-properties (point-min) (point-max))"))

    def split(self) -> None:
        self.keys("\x183\x18o")  # C-x 3 C-x o
        self.until(lambda: self.lisp("(> (window-left-column) 0)"), "the window at the right")

    def save(self) -> None:
        self.keys("\x18\x13")  # C-x C-s
        self.until(lambda: self.lisp("(not (buffer-modified-p))"), "a saved document")

    def close(self) -> None:
        name = json.dumps(self.lisp("(buffer-name)"))
        self.keys("\x18k\r")  # C-x k
        self._answer_questions(lambda: not self.lisp(f"(and (get-buffer {name}) t)"))

    def messages(self) -> str:
        """Those of infill-ls, and errors; lsp-mode has others, to say that all is well."""
        log = str(self.lisp('(with-current-buffer "*Messages*" (buffer-string))'))
        return "\n".join(line for line in log.splitlines() if TOLD.search(line))

    def picture(self, place: Path) -> Path:
        last = self.shown().splitlines()[-1].strip()
        self.lisp(FOR_PICTURE)
        self._terminal.resize(PICTURE_COLUMNS, PICTURE_ROWS)
        self.until(lambda: any(last in line for line in self.screen()), "the smaller terminal")
        file = place.with_suffix(".svg")
        file.write_text(svg.picture(self._terminal.cells(), self._terminal.cursor))
        return file

    def quit(self) -> None:
        self.keys("\x18\x03")  # C-x C-c
        try:
            self._answer_questions(lambda: self._terminal.process.poll() is not None)
        finally:
            self._terminal.wait(PATIENCE)

    def _answer_questions(self, done: Callable[[], bool]) -> None:
        """Whatever Emacs asks until it is done: nothing is saved, and it goes on all the same."""
        asked = ""

        def look() -> bool:
            nonlocal asked
            if done():
                return True
            try:
                question = str(self.lisp(QUESTION))
            except OSError:  # it is leaving
                return False
            if question != asked:
                asked = question
                if question.startswith("Save file"):
                    self.keys("q")
                elif "(yes or no)" in question:
                    self.keys("yes\r")
            return False

        self.until(look, "the end of the questions")


def packages(folder: Path) -> list[Path]:
    """lsp-mode and what it needs, as Debian's packages have them: as sources."""
    return sorted((folder / "lsp-mode/root/usr/share/emacs/site-lisp/elpa-src").iterdir())


def command(root: Path) -> list[str]:
    """Emacs where it was not built to be."""
    image = root / f"usr/libexec/emacs/{VERSION}/x86_64-linux-gnu/emacs.pdmp"
    return [str(root / EMACS), f"--dump-file={image}"]


def places(root: Path) -> dict[str, str]:
    """The environment that tells Emacs where its own files are."""
    shared = root / f"usr/share/emacs/{VERSION}"
    return {
        "EMACSLOADPATH": str(shared / "lisp"),
        "EMACSDATA": str(shared / "etc"),
        "EMACSDOC": str(shared / "etc"),
        "EMACSPATH": str(root / f"usr/libexec/emacs/{VERSION}/x86_64-linux-gnu"),
    }


def unquoted(text: str) -> str:
    """An argument of the emacsclient protocol as it was before it was sent."""
    meant = {"&&": "&", "&n": "\n", "&_": " ", "&-": "-"}
    return re.sub("&[&n_-]", lambda quoted: meant[quoted[0]], text)
