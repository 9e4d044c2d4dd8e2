"""`make screenshots`: pictures of the real editors with a fill of the real embedded model."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from editors import cache, chosen, folder
from editors.editor import Ability, Editor
from editors.processes import INFILL_LS, assert_gone, environment, in_front

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
# Bytes; who reads the README on the way should not wait for pictures.
HEAVIEST: Final = 150_000
BEFORE: Final = '''\
import csv


def totals_by_customer(path):
    """Add up the column "amount" of a CSV file for each "customer"."""
    totals = {}
    '''
AFTER: Final = """
    return totals


for customer, total in totals_by_customer("orders.csv").items():
    print(f"{customer:20} {total:8.2f}")
"""
TYPED: Final = "with o"
# Typed key by key where the editor stopped waiting, for the model to load for one; by the next key
# the fill is there.
GOING_ON: Final = "pen"
# What the fill ends with.
LAST: Final = "float(row['amount'])"
# s for a fill after a key. The first one is waited for while the model is loaded.
FILL: Final = 20.0


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for kind in chosen(sys.argv[1:]):
        file = take(kind)
        size = file.stat().st_size
        print(f"{file.name}: {size / 1000:.0f} KB", flush=True)
        if size > HEAVIEST:
            sys.exit(f"{file} is too heavy")


def take(kind: type[Editor]) -> Path:
    """Type until the model's fill is shown, and take the picture."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        file = Path(name) / "orders.py"
        file.write_text(BEFORE + AFTER)
        made = environment(
            # Without what is installed beside infill-ls: Helix knows a server for Python.
            PATH=in_front(os.environ["PATH"], Path(name) / "bin", "infill-ls", INFILL_LS),
            INFILL_LS_ENGINE="embedded",
            INFILL_LS_MODEL="0.5b",
            # The same picture each time.
            INFILL_LS_TEMPERATURE="0",
            # By default the first lines are shown after a second, and the next key brings the
            # rest; the picture is of the whole fill.
            INFILL_LS_LATENCY_MS="10000",
            # The editor has a home of its own; the weights are in the user's.
            XDG_CACHE_HOME=str(cache()),
        )
        editor = kind.start(folder(), home, made)
        try:
            before = BEFORE.splitlines()
            editor.open(file, len(before) - 1, len(before[-1]))
            editor.type(TYPED)

            def wait() -> None:
                editor.until(lambda: editor.shown().endswith(LAST), "the fill", limit=FILL)

            for key in GOING_ON:
                try:
                    wait()
                    break
                except AssertionError:
                    editor.type(key)
            wait()
            if Ability.STATUS in kind.abilities:
                # What comes after the fill is asked for while it is shown.
                editor.until(lambda: editor.status() == "idle", "the state idle")
            return editor.picture(PICTURES)
        finally:
            editor.quit()
            assert_gone(made)


if __name__ == "__main__":
    main()
