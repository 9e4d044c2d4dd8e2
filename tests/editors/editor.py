"""What a test may do with an editor, whichever it is."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, TypeVar

Seen = TypeVar("Seen")
# Sets an editor up in the home of its environment.
SetUp = Callable[[Mapping[str, str]], None]

# s. How long something that must happen may take; these machines can be slow.
PATIENCE = 20.0
# s between two looks at an editor.
LOOK = 0.02
# s from key to key: 0.12 s are 100 words a minute; no two pauses of a typist are alike.
KEY_PAUSE = 0.12


class Ability(StrEnum):
    """What an editor can show or do. A test of something that it can't is not collected for it."""

    GHOST_TEXT = "ghost text"
    MULTI_LINE = "multi-line"
    ACCEPT_WORD = "accept word"
    ACCEPT_LINE = "accept line"
    CANDIDATES = "candidates"
    ACCEPT_COMMAND = "accept command"
    CANCELLATION = "cancellation"
    STATUS = "status"
    TOGGLE = "toggle"


class Editor(ABC):
    """A running editor with a window on one document, and infill-ls beside it.

    Made by :meth:`start`. Lines and columns count from 0, columns in characters (code points).
    """

    name: ClassVar[str]
    abilities: ClassVar[frozenset[str]]
    # s without a key after which the editor asks, with the shipped configuration.
    pause: ClassVar[float]

    @classmethod
    @abstractmethod
    def install(cls, folder: Path) -> None:
        """Install the editor into a folder, unless it is there already. Needs the network."""

    @classmethod
    @abstractmethod
    def start(cls, folder: Path, home: Path, environment: Mapping[str, str]) -> Editor:
        """Start it from ``folder`` with the shipped configuration, in an empty home folder.

        ``environment`` is what the server must see; ``infill-ls`` is on its ``PATH``.
        """

    @abstractmethod
    def open(self, file: Path, line: int, column: int) -> None:
        """Show a file in the window, ready to type at this place; the server knows the file."""

    @abstractmethod
    def key(self, character: str) -> None:
        """Press one key that types a character."""

    def type(self, text: str, pause: float = KEY_PAUSE) -> None:
        """Type as a person does."""
        rhythm = random.Random(text)
        for character in text:
            self.key(character)
            time.sleep(pause * rhythm.uniform(0.6, 1.4))

    @abstractmethod
    def backspace(self) -> None:
        """Press the key that deletes a character."""

    @abstractmethod
    def shown(self) -> str:
        """The suggestion that can be seen right now: what accepting it would add; "" if none."""

    def seen(self) -> str:
        """The document as it can be seen with ghost text in it; no blanks at the ends of lines."""
        raise NotImplementedError

    @abstractmethod
    def accept(self) -> None:
        """Accept what is shown, with the key that the shipped configuration has for it."""

    def accept_word(self) -> None:
        raise NotImplementedError

    def accept_line(self) -> None:
        raise NotImplementedError

    def ask(self) -> None:
        """Ask for suggestions by hand."""
        raise NotImplementedError

    def next_candidate(self) -> None:
        raise NotImplementedError

    def toggle(self) -> None:
        """Turn infill-ls off, or on again."""
        raise NotImplementedError

    def status(self) -> str:
        """The state that the editor shows of the server."""
        raise NotImplementedError

    @abstractmethod
    def close_brackets(self) -> None:
        """Have brackets and quotes closed as they are typed in this document."""

    @abstractmethod
    def move(self, line: int, column: int) -> None:
        """Move the cursor, still ready to type."""

    @abstractmethod
    def undo(self) -> None:
        """Undo once."""

    @abstractmethod
    def text(self) -> str:
        """The document as it is in the editor, with ``\\n`` as its line ends."""

    @abstractmethod
    def split(self) -> None:
        """Show the document in a second window beside the first, and go there."""

    @abstractmethod
    def save(self) -> None:
        """Write the document to its file; returns when it is written."""

    @abstractmethod
    def close(self) -> None:
        """Close the document without saving it; the server is told."""

    @abstractmethod
    def messages(self) -> str:
        """Whatever the editor has told the user as an error; "" if nothing."""

    @abstractmethod
    def picture(self, place: Path) -> Path:
        """Write a picture of what can be seen; the file, which is ``place`` with an ending."""

    @abstractmethod
    def quit(self) -> None:
        """Leave as a user does, without saving; returns when the editor's process has ended."""

    # Looking until something is so

    def until(self, look: Callable[[], Seen], wanted: str, limit: float = PATIENCE) -> Seen:
        """Look until it is so (true); fails with what was wanted and what is there."""
        end = time.monotonic() + limit
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > end:
                raise AssertionError(
                    f"{self.name}: {wanted} never came;\nshown: {self.shown()!r}\n"
                    f"text: {self.text()!r}\nmessages: {self.messages()}"
                )
            time.sleep(LOOK)

    def until_shown(self, fill: str, limit: float = PATIENCE) -> None:
        self.until(lambda: self.shown() == fill, f"the suggestion {fill!r}", limit)

    def until_seen(self, text: str) -> None:
        self.until(lambda: self.seen() == text, f"on the screen the text {text!r}")

    def until_text(self, text: str) -> None:
        self.until(lambda: self.text() == text, f"the text {text!r}")
