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
    known = {variable(key): key for key in keys}
    for name in sorted(environment):
        # On Windows they have no case.
        if name.upper().startswith(_PREFIX) and name not in known and name not in _NO_SETTING:
            yield name, known.get(nearest(name.upper(), known), "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like another one; empty if none is.

    Case and marks don't count: ``max_tokens`` is ``maxTokens``.
    """
    # Not at the head: hardly anybody needs it.
    import difflib

    wanted = _letters(name[:60])
    letters = {_letters(one): one for one in known}
    # Two letters that have changed places are the commonest slip.
    mixed = [one for one in letters if sorted(one) == sorted(wanted)]
    close = mixed or difflib.get_close_matches(wanted, letters, n=1)
    return letters[close[0]] if close else ""


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.removeprefix(_PREFIX)).lower()
