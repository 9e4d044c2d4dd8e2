"""Names of settings, as keys and in the environment; and which one is meant by another name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

# The names of all our variables begin so.
_PREFIX: Final = "INFILL_LS_"
# Of these the one that isn't a setting: the token of ``serve --tcp``.
_NO_SETTING: Final = (f"{_PREFIX}TOKEN",)


def variable(key: str) -> str:
    """Return the environment variable of a key: ``INFILL_LS_MAX_TOKENS`` for "maxTokens"."""
    return _PREFIX + re.sub(r"([A-Z])", r"_\1", key).upper()


def strange_variables(
    environment: Mapping[str, str], keys: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield each variable that has a name like ours and is none of the keys'.

    With it the key that is most like it, empty if none is.
    """
    keys = tuple(keys)
    known = set(map(variable, keys))
    for name in sorted(environment):
        # On Windows they have no case.
        if name.upper().startswith(_PREFIX) and name not in known and name not in _NO_SETTING:
            yield name, nearest(name, keys)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like another one; empty if none is.

    Case and marks don't count: ``max_tokens`` is ``maxTokens``, and so is the variable of it. It
    may be another word all the same (``include`` for ``exclude``): see :func:`is_slip`.
    """
    # Not at the head: hardly anybody needs it.
    import difflib

    wanted = _letters(name)
    letters = {_letters(one): one for one in known}
    slips = {one: _edits(wanted, one) for one in letters}
    nearest = min(slips, key=slips.__getitem__, default="")
    if nearest and is_slip(name, letters[nearest]):
        return letters[nearest]
    close = difflib.get_close_matches(wanted, letters, n=1)
    return letters[close[0]] if close else ""


def is_slip(name: str, key: str) -> bool:
    """Whether a name is a key that somebody has mistyped, and no other word.

    That is one letter too many, too few, wrong or in its neighbour's place, or two in a long name;
    case and marks don't count.
    """
    meant = _letters(key)
    return bool(meant) and _edits(_letters(name), meant) <= (2 if len(meant) >= _LONG else 1)


# Letters from which on a name with two that are wrong is still known for what it is. ``include``
# and ``exclude`` have seven.
_LONG: Final = 9


def _edits(one: str, other: str) -> int:
    """Return the least edits between two words, of letters and of neighbours that change places.

    This is the optimal string alignment distance (Damerau 1964; Boytsov 2011, 2.2).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        last, before, row = before, row, [at]
        for there, theirs in enumerate(other, 1):
            least = min(
                before[there] + 1, row[there - 1] + 1, before[there - 1] + (letter != theirs)
            )
            if last and there > 1 and (letter, theirs) == (other[there - 2], one[at - 2]):
                least = min(least, last[there - 2] + 1)
            row.append(least)
    return row[-1]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name[:60].upper().removeprefix(_PREFIX)).lower()
