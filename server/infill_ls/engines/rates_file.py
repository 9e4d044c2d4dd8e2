"""The rates of engines, kept between sessions in the user's state directory.

The file has two rates for each engine and model, when they were measured, and nothing else, and
only those that were measured at least twice: one measurement may be of anything. If the file can't
be read or written, the rates are measured again. So are they a week after a model was too slow:
"auto" takes another then, and nothing else would ever measure it again.

All others are a beginning, however old they are: two calls that say otherwise replace them, and an
engine that writes much faster than it did is read anew. Those of yesterday, on battery, may be as
wrong as those of a year ago.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from infill_ls import private
from infill_ls.engines.rates import Rates
from infill_ls.folders import own

# Engines and models that are kept; the ones used last.
RATES_KEPT: Final = 50
# s for which a model that was too slow is left alone. It may have been slow for what else ran then,
# or without the graphics card that is there by now; to try it again costs one load and some fills.
SLOW_FOR: Final = 7 * 24 * 3600


class RatesFile:
    """The file with the rates.

    ``path``: where it is; None for the user's own. ``clock``: the s since 1970.
    """

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock

    @staticmethod
    def key(engine: str, url: str, model: str) -> str:
        """Return the key that rates are kept under.

        The embedded engine is at another url at every start, so the url is no part of its key.
        """
        return f"{engine} {model}" if engine == "embedded" else f"{engine} {url} {model}"

    def load(self, key: str) -> Rates:
        """Return the rates of an engine with a model; empty ones if nothing is known."""
        kept = self._read().get(key)
        if not isinstance(kept, dict):
            return Rates()
        rates = Rates(read=_rate(kept.get("read")), write=_rate(kept.get("write")))
        # Those of older versions have no time. A clock that was wrong once may be far ahead.
        since = self._clock() - (_number(kept.get("at")) or 0.0)
        return Rates() if rates.is_slow and not 0 <= since < SLOW_FOR else rates

    def save(self, key: str, rates: Rates) -> None:
        """Write those of the rates that are sure to the file, which is replaced in one step."""
        read, write = rates.kept
        if read is None and write is None:
            return
        everything = self._read()
        before = everything.pop(key, None)
        at = int(self._clock())
        if isinstance(before, dict) and (before.get("read"), before.get("write")) == (read, write):
            # Nothing was measured since.
            at = int(_number(before.get("at")) or 0)
        everything[key] = {"read": read, "write": write, "at": at}
        newest = dict(list(everything.items())[-RATES_KEPT:])
        path = self._file()
        if path is None:
            return
        with suppress(OSError):
            # Which engines and models somebody uses is nobody else's affair.
            private.make_folder(path.parent)
            private.replace(path, json.dumps(newest, indent=1))

    def _read(self) -> dict[str, Any]:
        path = self._file()
        with suppress(OSError, ValueError, RecursionError):
            kept = json.loads(path.read_text("utf-8")) if path else None
            if isinstance(kept, dict):
                return kept
        return {}

    def _file(self) -> Path | None:
        if self._path is None:
            folder = own("state")
            self._path = folder and folder / "rates.json"
        return self._path


def _rate(value: Any) -> float | None:
    """Return tokens/s if the value can be that, else None."""
    number = _number(value)
    return number if number is not None and number < 1e6 else None


def _number(value: Any) -> float | None:
    """Return a number above 0, of a size that somebody has written; else None."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if good and 0 < value < 1e12 else None
