"""`make screenshots`: pictures of the real editors with a fill of the real embedded model.

And of the page that ``infill-ls stats`` writes, in VS Code's browser.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from editors import cache, chosen, folder, page_picture
from editors.editor import Ability, Editor
from editors.processes import INFILL_LS, assert_gone, environment, in_front
from editors.vscode import VSCode

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
# Bytes; who reads the README on the way should not wait for pictures.
HEAVIEST: Final = 150_000
# s for a fill after a key. The first one is waited for while the model is loaded.
FILL: Final = 20.0


@dataclass(frozen=True)
class Scene:
    """A file, with what is typed between ``before`` and ``after``, and what the fill ends with.

    ``going_on`` is typed key by key where the editor stopped waiting, for the model to load for
    one; by the next key the fill is there.
    """

    file: str
    before: str
    typed: str
    going_on: str
    after: str
    last: str


ORDERS: Final = Scene(
    "orders.py",
    before='''\
import csv


def totals_by_customer(path):
    """Add up the column "amount" of a CSV file for each "customer"."""
    totals = {}
    ''',
    typed="with o",
    going_on="pen",
    after="""
    return totals


for customer, total in totals_by_customer("orders.csv").items():
    print(f"{customer:20} {total:8.2f}")
""",
    last="float(row['amount'])",
)
# A fill that goes through what the editor has closed by itself.
THROUGH: Final = Scene(
    "orders.js",
    before="""\
const orders = [
  { customer: "Ada", amount: 12.5 },
  { customer: "Grace", amount: 30 },
];

""",
    typed="function total(",
    going_on="orders",
    after="""

console.log(total(orders));
""",
    last="}",
)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for kind in chosen(sys.argv[1:]):
        _take(kind, ORDERS, PICTURES / kind.name)
        if kind is VSCode:
            _take(kind, THROUGH, PICTURES / "through-brackets")
            _weigh(page_picture.take())


def _take(kind: type[Editor], scene: Scene, place: Path) -> None:
    """Type until the model's fill is shown, and take the picture."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        home.mkdir()
        file = Path(name) / scene.file
        file.write_text(scene.before + scene.after)
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
            line = scene.before.count("\n")
            editor.open(file, line, len(scene.before.rpartition("\n")[2]))
            editor.type(scene.typed)

            def wait() -> None:
                editor.until(lambda: editor.shown().endswith(scene.last), "the fill", limit=FILL)

            for key in scene.going_on:
                try:
                    wait()
                    break
                except AssertionError:
                    editor.type(key)
            wait()
            if Ability.STATUS in kind.abilities:
                # What comes after the fill is asked for while it is shown.
                editor.until(lambda: editor.status() == "idle", "the state idle")
            picture = editor.picture(place)
        finally:
            editor.quit()
            assert_gone(made)
    _weigh(picture)


def _weigh(picture: Path) -> None:
    size = picture.stat().st_size
    print(f"{picture.name}: {size / 1000:.0f} KB", flush=True)
    if size > HEAVIEST:
        sys.exit(f"{picture} is too heavy")


if __name__ == "__main__":
    main()
