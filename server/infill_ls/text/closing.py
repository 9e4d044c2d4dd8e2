"""Closers that stand right of the cursor, and a fill that goes through them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from infill_ls.text.brackets import PAIRS, QUOTES, Closed, Scan, closer_of, ends_with_line
from infill_ls.text.opened import Open, pairs_in

_CLOSER: Final = re.compile(r"""[ \t]*("{3}|'{3}|[)\]}"'`])""")
_BEHIND: Final = re.compile(r"[;,\s]*\Z")


class Closer(NamedTuple):
    """A closer in the rest of a line: where it ends, which of what is open it closes, from the
    innermost, or which of what is open in the text of that (None if it closes that itself).
    """

    end: int
    layer: int
    level: int | None

    @property
    def in_text(self) -> bool:
        """Whether it closes what is open in a string's or a comment's own text."""
        return self.level is not None


@lru_cache(maxsize=64)
def closers_in(rest: str, opened: Open) -> tuple[Closer, ...]:
    """Return the closers that the rest of a line consists of.

    Empty if there is more in it than closers of what is open, innermost first, with ``;`` and
    ``,`` behind them. A string need not be closed there: editors close no quote behind a word.
    """
    layers = list(zip(reversed(opened.code), map(list, reversed(opened.texts)), strict=True))
    closers: list[Closer] = []
    layer = position = 0
    while (found := _CLOSER.match(rest, position)) is not None:
        if layer == len(layers):
            return ()
        closer, (mark, text) = found[1], layers[layer]
        if (
            closer[0] not in QUOTES
            and not text
            and ends_with_line(mark)
            and layer + 1 < len(layers)
        ):
            layer += 1
            mark, text = layers[layer]
        # Three quotes may be one, and a pair that is none of ours.
        closer = closer if closer_of(mark) == closer else closer[:1]
        while text and PAIRS[text[-1]] != closer:
            # An apostrophe, or a bracket that nobody wants to be closed.
            text.pop()
        position = found.start(1) + len(closer)
        level = len(opened.texts[~layer]) - len(text) if text else None
        closers.append(Closer(position, layer, level))
        if text:
            text.pop()
        elif closer_of(mark) == closer:
            layer += 1
        else:
            return ()
    return tuple(closers) if _BEHIND.match(rest, position) else ()


def passed(fill: str, rest: str, opened: Open, language: str) -> list[Closed]:
    """Return where a fill closes what the rest of the line closes too, in the order of the rest."""
    closed = Scan(language, opened=opened.code, lenient=True).follow(fill).closed
    found: list[Closed] = []
    for layer, closers in groupby(closers_in(rest, opened), key=lambda closer: closer.layer):
        levels = [closer.level for closer in closers]
        if layer > len(closed):
            break
        position = closed[layer - 1].end if layer else 0
        end = closed[layer].start if layer < len(closed) else len(fill)
        if in_text := [level for level in levels if level is not None]:
            own = pairs_in(fill, position, end, opened=opened.texts[~layer])[1]
            found += [own[level] for level in in_text if level < len(own)]
            if in_text[-1] >= len(own):
                # Then what is around it isn't to be closed either.
                break
        if layer >= len(closed) or levels[-1] is not None:
            break
        found.append(closed[layer])
    return found
