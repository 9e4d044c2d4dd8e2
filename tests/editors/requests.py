"""``python -m editors.requests [NAME ...]``: how often editors ask, and how often they cancel.

Twenty characters of what the engine writes are typed, at several speeds, and what the editor sends
until the rest is shown is counted between it and the server.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from editors import chosen, folder
from editors.editor import KEY_PAUSE, Editor
from editors.engine import Engine
from editors.processes import INFILL_LS, assert_gone, environment, in_front
from editors.relay import CANCEL

# Without brackets, which some editors close by themselves.
WRITTEN: Final = "total = price * count + shipping"
KEYS: Final = 20
BEFORE: Final = "price, count, shipping = 2, 3, 4\n"
RELAY: Final = Path(__file__).with_name("relay.py")


@dataclass(frozen=True)
class Typing:
    """s: ``pause`` from key to key, ``delay`` until the engine writes."""

    pause: float
    delay: float

    def __str__(self) -> str:
        engine = f", an engine that takes {self.delay:g} s" if self.delay else ""
        return f"a key each {1000 * self.pause:.0f} ms{engine}"


TYPINGS: Final = (Typing(KEY_PAUSE, 0.0), Typing(0.3, 0.0), Typing(0.3, 1.0))


def main() -> None:
    print(f"{KEYS} keys: requests, cancels, calls of the engine")
    for kind in chosen(sys.argv[1:]):
        engine = Engine()
        try:
            measure(kind, engine)
        finally:
            engine.close()


def measure(kind: type[Editor], engine: Engine) -> None:
    """Print a line for each way of typing."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        made = environment(OLLAMA_HOST=engine.url, INFILL_LS_ENGINE="ollama")
        log = place / "log"
        log.touch()
        relay = (sys.executable, RELAY, log, INFILL_LS)
        made["PATH"] = in_front(made["PATH"], place / "bin", "infill-ls", *relay)
        home = place / "home"
        home.mkdir()
        editor = kind.start(folder(), home, made)
        try:
            for number, typing in enumerate(TYPINGS):
                engine.reset()
                engine.writes(WRITTEN, delay=typing.delay)
                file = place / f"typed{number}.py"
                file.write_text(f"{BEFORE}\n")
                editor.open(file, BEFORE.count("\n"), 0)
                before = log.read_text()
                editor.type(WRITTEN[:KEYS], typing.pause)
                editor.until_shown(WRITTEN[KEYS:])
                sent = log.read_text().removeprefix(before).splitlines()
                cancels = sent.count(CANCEL)
                calls = engine.asked_within(WRITTEN)
                asked = len(sent) - cancels
                print(f"{kind.name}, {typing}: {asked}, {cancels}, {calls}", flush=True)
                engine.until_quiet()
        finally:
            editor.quit()
        assert_gone(made)


if __name__ == "__main__":
    main()
