"""What was seen while somebody typed, and what it comes to. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

# s. A suggestion is in time if it comes within this: people who type code stop for about a second
# at the start of a line.
IN_TIME: Final = 1.0
# s. Nobody waits longer for a suggestion before he goes on.
PATIENCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look up from the keyboard, for a suggestion.

    ``outcome``: ``shown``; ``nothing``, if the model wrote nothing that is worth showing, or wasn't
    sure of it; ``late``, if nothing came for as long as somebody waits. ``wait``: s from the last
    key to the suggestion, infinite if none came. ``right``: what was shown is what stood in the
    file there. ``first_line_right``: its first line is. ``has_more_lines``: it has more than one.
    """

    outcome: Literal["shown", "nothing", "late"]
    wait: float = math.inf
    right: bool = False
    first_line_right: bool = False
    has_more_lines: bool = False


@dataclass(slots=True)
class Measured:
    """What was measured of one model of an engine.

    ``typed`` and ``accepted``: characters that came by keys, and by accepting. ``seconds``: for
    how long it was measured. ``load_seconds``: until the engine was ready. ``memory``: bytes that
    the model takes, ``gpu_memory`` those of them that are the GPU's; None where nobody says.
    ``read`` and ``write``: tokens/s, None if that wasn't measured. ``problem``: why nothing more
    was measured, empty if nothing went wrong. ``passed_over``: why the last look that doesn't count
    doesn't, empty if all do.
    """

    engine: str
    model: str
    looks: list[Look] = field(default_factory=list)
    typed: int = 0
    accepted: int = 0
    seconds: float = 0.0
    load_seconds: float | None = None
    memory: int | None = None
    gpu_memory: int | None = None
    read: float | None = None
    write: float | None = None
    problem: str = ""
    passed_over: str = ""

    @property
    def without_looks(self) -> str:
        """Why there are no looks; empty if there are."""
        if self.looks or self.problem:
            return self.problem
        return self.passed_over or "There was no time to look at a suggestion; give it more."

    @property
    def waits(self) -> list[float]:
        """Times to suggestion in s, sorted; infinite for those that didn't come in time.

        Where the model had nothing to say there is none.
        """
        return sorted(look.wait for look in self.looks if look.outcome != "nothing")

    @property
    def suggestions(self) -> list[Look]:
        """The looks at which something was shown."""
        return [look for look in self.looks if look.outcome == "shown"]

    @property
    def late(self) -> float | None:
        """The share of suggestions that nobody waits for; None without any."""
        return _share(sum(map(math.isinf, self.waits)), len(self.waits))

    @property
    def shown(self) -> float | None:
        """The share of looks at which something was shown; None without looks."""
        return _share(len(self.suggestions), len(self.looks))

    @property
    def right(self) -> float | None:
        """The share of suggestions that were what stood in the file; None without suggestions."""
        return _share(sum(look.right for look in self.suggestions), len(self.suggestions))

    @property
    def useful(self) -> float | None:
        """The share of looks at which a right suggestion came in time; None without looks."""
        useful = sum(look.right and look.wait <= IN_TIME for look in self.looks)
        return _share(useful, len(self.looks))

    @property
    def saved(self) -> float | None:
        """The share of all characters that nobody had to type; None if there are none."""
        return _share(self.accepted, self.typed + self.accepted)

    def wait(self, share: float) -> float | None:
        """Return the time to suggestion, in s, that a share of them keeps; None without any.

        Infinite if a smaller share came at all.
        """
        return quantile(self.waits, share)


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest of some sorted values that this share of them doesn't exceed."""
    if not values:
        return None
    return values[max(0, math.ceil(share * len(values)) - 1)]


def _share(count: int, of: int) -> float | None:
    return count / of if of else None
