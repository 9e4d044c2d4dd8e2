"""What the record (the setting ``audit``) has of a fill: sizes, hashes and names, never code."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from infill_ls.text.hole import IDENTITY_REACH, TYPED, Hole

if TYPE_CHECKING:
    from infill_ls.completion.answer import Outcome

Event = Literal["shown", "accepted"]
Source = Literal["fill", "speculated", "recalled"]
# Places of which it is known who has written there; memory has fills of as many holes.
PLACES_KEPT: Final = 250
# Calls for one place whose fills are told apart: the automatic one, and those for candidates.
_CALLS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Origin:
    """The call that has written a fill.

    ``prompt_tokens``: None where the engine hasn't said. ``ahead``: nobody had asked for it yet.
    """

    model: str
    digest: str
    engine: str
    prompt_hash: str
    prompt_characters: int
    prompt_tokens: int | None
    ahead: bool = False

    @classmethod
    def of(cls, outcome: Outcome, *, ahead: bool = False) -> Origin:
        """Return the call that an outcome is of."""
        return cls(
            outcome.model,
            outcome.digest,
            outcome.engine,
            digest_of(outcome.prompt),
            len(outcome.prompt),
            outcome.usage.prompt_tokens,
            ahead,
        )


@dataclass(slots=True)
class _Written:
    """A fill, the call that has written it, and whether any of it was shown."""

    fill: str
    origin: Origin
    shown: bool = False


class Origins:
    """Knows which call has written a fill, also when a part of that was typed since."""

    def __init__(self) -> None:
        self._written: OrderedDict[tuple[str, str], list[_Written]] = OrderedDict()

    def note(self, uri: str, hole: Hole, fill: str, origin: Origin) -> None:
        """Keep which call has written the fill of a hole, or more of one that was noted."""
        key = (uri, hole.prefix[-IDENTITY_REACH:])
        for one in self._written.get(key, ()):
            if one.origin.prompt_hash == origin.prompt_hash and fill.startswith(one.fill):
                one.fill, one.origin = fill, origin
                return
        self._keep(key, _Written(fill, origin))

    def find(self, uri: str, hole: Hole, fill: str) -> tuple[Origin | None, Source]:
        """Return the call that has written what is shown at a hole, and how it came to be shown.

        ``fill``: it was written for a request and is new. ``speculated``: it was written before
        anybody asked. ``recalled``: it, or what it is the rest of, was shown before.
        """
        prefix = hole.prefix[-IDENTITY_REACH - TYPED :]
        for since in range(min(TYPED, len(prefix)) + 1):
            end = len(prefix) - since
            key = (uri, prefix[max(0, end - IDENTITY_REACH) : end])
            for one in reversed(self._written.get(key, ())):
                rest = one.fill[since:].strip()
                typed = one.fill.startswith(prefix[end:])
                if typed and (rest.startswith(fill.strip()) or fill.strip().startswith(rest)):
                    source: Source = "speculated" if one.origin.ahead else "fill"
                    if one.shown:
                        source = "recalled"
                    one.shown = True
                    if since > TYPED // 2:
                        # As in memory: the rest would be out of reach before it is typed.
                        here = (uri, hole.prefix[-IDENTITY_REACH:])
                        self._keep(here, _Written(one.fill[since:], one.origin, shown=True))
                    return one.origin, source
        return None, "recalled"

    def _keep(self, key: tuple[str, str], written: _Written) -> None:
        self._written[key] = [*self._written.get(key, ()), written][-_CALLS_KEPT:]
        self._written.move_to_end(key)
        while len(self._written) > PLACES_KEPT:
            self._written.popitem(last=False)


def entry(
    event: Event,
    fill: str,
    *,
    origin: Origin | None,
    source: Source = "fill",
    language: str = "",
    file: str = "",
    number: int | None = None,
) -> dict[str, Any]:
    """Return the record's entry of a fill that was shown or accepted.

    ``fill``: with the document's own line ends. ``origin``: None if it isn't known any more.
    ``file``: whose text was in the prompt, by its path or URI; empty if it is no file. ``number``:
    of the offer. Sizes are in characters, lines and tokens; hashes are sha256 of the UTF-8.
    """
    return {
        "event": event,
        "offer": number,
        "source": source,
        "engine": origin.engine if origin else None,
        "model": origin.model if origin else None,
        "digest": (origin.digest or None) if origin else None,
        "language": language,
        "files": [file] if file else [],
        "prompt": {
            "sha256": origin.prompt_hash if origin else None,
            "characters": origin.prompt_characters if origin else None,
            "tokens": origin.prompt_tokens if origin else None,
        },
        "fill": {
            "sha256": digest_of(fill),
            "characters": len(fill),
            "lines": len(fill.splitlines()),
        },
    }


def digest_of(text: str) -> str:
    """Return the sha256 of a text's UTF-8 in hexadecimal digits."""
    # Not at the head: the server's start doesn't need it.
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# Is told of each entry.
Record = Callable[[dict[str, Any]], None]
