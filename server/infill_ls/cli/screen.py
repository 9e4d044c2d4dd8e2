"""Tables and marked lines for people: as wide as their terminal, plain and unbroken in a pipe.

What is written may come from engines and files: each text is made one line without controls, and
nothing in it is taken for markup. Colour is as rich decides it: none in a pipe, nor with
``NO_COLOR``.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal, TextIO

from infill_ls.errors import InfillError
from infill_ls.shown import plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.status import Status as RichStatus
    from rich.text import Text

Status = Literal["ok", "warn", "fail"]

# The mark of each status, what stands for it where the output's encoding has no such character, and
# its colour.
MARKS: Final = {
    "ok": ("✓", "+", "green"),
    "warn": ("!", "!", "yellow"),
    "fail": ("✗", "x", "red"),
}
# s. What takes no longer needs no words.
WORTH_SAYING: Final = 1.0
# What begins so is no command.
_SENTENCE: Final = re.compile("[A-Z][a-z ]")
# Columns of a line that nothing breaks.
_UNBROKEN: Final = 10_000


class Screen:
    """Writes on stdout or another stream. Raises :class:`InfillError` if it can't be written."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._console: Console | None = None

    def line(self, text: str = "", *, style: str = "") -> None:
        """Write one line, broken at the terminal's width. ``style``: one of rich's ("bold")."""
        self._write(self._text(text, style))

    def marked(self, status: Status, text: str, fix: str = "") -> None:
        """Write a line with a mark; below it, what to do about it: a sentence or a command."""
        from rich.table import Table
        from rich.text import Text

        mark, instead, colour = MARKS[status]
        mark = mark if self._encodable(mark) == mark else instead
        if not self._stream.isatty():
            # A table would fill the lines up with blanks.
            self.line(f"{mark} {text}")
            if fix:
                self.line(f"  {fix}")
            return
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        # What has no blanks, as a path, is broken: it is there to be copied.
        grid.add_column(overflow="fold")
        grid.add_row(
            Text(mark, style=f"bold {colour}"),
            self._text(text),
        )
        is_command = not _SENTENCE.match(fix)
        if fix and not is_command:
            grid.add_row("", self._text(fix, "bold"))
        self._write(grid)
        if fix and is_command:
            self.command(f"  {fix}", style="bold")

    def command(self, text: str, *, style: str = "") -> None:
        """Write a command that is there to be copied: nothing breaks it but the terminal."""
        self._write(self._text(text, style), soft_wrap=True)

    def table(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        right: Container[str] = (),
        title: str = "",
    ) -> None:
        """Write a table; what is too long for its column goes on in the next line.

        ``right``: the headings of the columns that hold numbers.
        """
        from rich import box
        from rich.table import Table

        if title:
            # Not the table's own, which would be broken at its width.
            self.line(title, style="table.title")
        table = Table(
            box=box.SIMPLE_HEAD if self._encodable("─") == "─" else box.ASCII2,
            pad_edge=False,
            show_edge=False,
        )
        for heading in headings:
            justify: Literal["left", "right"] = "right" if heading in right else "left"
            # Folded, not cut short: names are there to be copied.
            table.add_column(self._text(heading), justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*(self._text(str(cell)) for cell in row))
        self._write(table)

    def _write(self, what: RenderableType, *, soft_wrap: bool = False) -> None:
        try:
            self._made().print(what, soft_wrap=soft_wrap)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise InfillError(f"The output can't be written ({error.strerror}).") from None

    def _made(self) -> Console:
        from rich.console import Console

        class Raising(Console):
            def on_broken_pipe(self) -> None:
                """Raise what it was, as for any output; rich exits with 1 instead."""
                raise

        if self._console is None:
            width = None if self._stream.isatty() else _UNBROKEN
            self._console = Raising(
                file=self._stream, width=width, markup=False, emoji=False, highlight=False
            )
        return self._console

    def _text(self, text: str, style: str = "") -> Text:
        """Return a text as it may be written, which rich takes for no markup."""
        from rich.text import Text

        return Text(self._encodable(plain(text)), style=style)

    def _encodable(self, text: str) -> str:
        return encodable(text, self._stream)


def encodable(text: str, stream: TextIO) -> str:
    """Return a text without the characters that a stream has no bytes for."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


class Waiting:
    """Says on a terminal what is waited for, once that takes longer than :data:`WORTH_SAYING`.

    To be used in a coroutine: ``with Waiting() as waiting: waiting.for_("Loading the model")``. At
    the end the line is gone. In a pipe nothing is written.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._text = ""
        self._timer: asyncio.TimerHandle | None = None
        self._status: RichStatus | None = None

    def __enter__(self) -> Waiting:
        if self._stream.isatty():
            self._timer = asyncio.get_running_loop().call_later(WORTH_SAYING, self._show)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._status is not None:
            self._status.stop()

    def for_(self, text: str) -> None:
        """Say from now on that this is waited for: "Loading the model"."""
        self._text = f"{plain(text)} …"
        if self._status is not None:
            self._status.update(self._words())

    def _words(self) -> Text:
        from rich.text import Text

        return Text(encodable(self._text, self._stream))

    def _show(self) -> None:
        from rich.console import Console

        console = Console(file=self._stream, markup=False, emoji=False, highlight=False)
        spinner = "dots" if encodable("⠋", self._stream) == "⠋" else "line"
        self._status = console.status(self._words(), spinner=spinner)
        self._status.start()
