"""Write what commands say: results, complaints, progress; and the statuses that they exit with."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal

from infill_ls.errors import InfillError
from infill_ls.shown import plain, without_controls

if TYPE_CHECKING:
    from tqdm import tqdm

# Exit statuses; argparse exits with 2 as well.
SUCCESS: Final = 0
FAILURE: Final = 1
WRONG_CALL: Final = 2


def complain(problem: InfillError | str) -> None:
    """Write one line on stderr that says what is wrong."""
    say(f"infill-ls: {problem}")


def say(text: str) -> None:
    """Write one line on stderr, whatever words it has, without control sequences."""
    print(plain(text), file=sys.stderr)


def write(text: str, *, ours: bool = False) -> None:
    """Write a text on stdout as it is; on a terminal, without control sequences.

    ``ours``: nothing in it is from elsewhere, and it may have colours. Raises
    :class:`InfillError` if it can't be written: to a full disk, for instance. A reader that
    has left raises :class:`BrokenPipeError`.
    """
    if sys.stdout.isatty() and not ours:
        text = without_controls(text)
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would be tried once more at the end.
        with suppress(OSError):
            sys.stdout.close()
        raise InfillError(f"The output can't be written ({error.strerror}).") from None


def end_line(text: str) -> None:
    """End the line that such a text left open on a terminal; change nothing in a pipe."""
    if sys.stdout.isatty() and not text.endswith("\n"):
        print(flush=True)


class ProgressBars:
    """Show progress bars on stderr, one after another, one for each thing that is done.

    ``unit``: of what is counted, bytes (``B``) or seconds (``s``).
    """

    def __init__(self, unit: Literal["B", "s"] = "B") -> None:
        self._unit = unit
        self._bar: tqdm[Any] | None = None
        self._doing = ""

    def __enter__(self) -> ProgressBars:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, doing: str, done: int, total: int) -> None:
        """Show how far the current work is.

        ``doing``: what is done; another text begins a new bar. ``done`` and ``total``: how many.
        Where the total is not known (0), the text is written alone, once.
        """
        if doing != self._doing:
            self._close()
            self._doing = doing
            if not total:
                say(doing)
        if total:
            if self._bar is None:
                self._bar = _bar(doing, done, total, self._unit)
            self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


def _bar(doing: str, done: int, total: int, unit: str) -> tqdm[Any]:
    # Not at the head: the server needs none.
    from tqdm import tqdm

    # People watch a terminal; a log gets a line every few seconds.
    interval = 0.2 if sys.stderr.isatty() else 5.0
    # Of seconds there is neither a rate nor a thousand.
    shown = None if unit == "B" else "{l_bar}{bar}| {n_fmt}/{total_fmt} s"
    return tqdm(
        desc=plain(doing),
        total=total,
        # What was there before says nothing of the speed.
        initial=done,
        unit=unit,
        unit_scale=unit == "B",
        mininterval=interval,
        bar_format=shown,
    )
