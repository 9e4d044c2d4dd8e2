"""What only Helix does: it has no ghost text, but a menu that it shares with other servers."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator

import pytest

from editors import folder, other_server
from editors.conftest import Document
from editors.editor import Editor
from editors.engine import Engine
from editors.helix import CONFIGURATION, Helix
from editors.processes import in_front

pytestmark = pytest.mark.only("helix")


@pytest.fixture(scope="module")
def _editor(
    kind: type[Editor], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Editor]:
    """Helix with another server for Python beside infill-ls."""
    binaries = tmp_path_factory.mktemp("pylsp") / "bin"
    other = (sys.executable, other_server.__file__)
    path = in_front(environment["PATH"], binaries, "pylsp", *other)
    editor = kind.start(folder(), tmp_path_factory.mktemp(kind.name), {**environment, "PATH": path})
    yield editor
    editor.quit()


def test_a_language_keeps_the_servers_that_it_has(editor: Helix) -> None:
    for language in tomllib.loads((CONFIGURATION / "languages.toml").read_text())["language"]:
        first, *others = language["language-servers"]
        assert first == "infill-ls"
        # A language that Helix doesn't know has no health.
        assert set(others) <= set(editor.servers(language["name"])), language["name"]


def test_a_fill_comes_first(editor: Helix, engine: Engine, document: Document) -> None:
    document("first.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    assert [label.split()[0] for label in editor.labels()] == ["sorted(names)", "sorted", "source"]
    editor.accept()
    editor.until_text("names = []\nordered = sorted(names)\n")


@pytest.mark.parametrize("delay", [1.0, 1.5])
def test_a_slow_fill_joins_the_open_menu(
    editor: Helix, engine: Engine, document: Document, delay: float
) -> None:
    document("slow.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", delay=delay)
    editor.type("ordered = so")
    editor.until(lambda: editor.labels() != [], "the other server's names")
    assert editor.shown() == ""
    editor.until_shown("rted(names)")
    editor.accept()
    editor.until_text("names = []\nordered = sorted(names)\n")


def test_typing_against_a_fill_in_an_open_menu(
    editor: Helix, engine: Engine, document: Document
) -> None:
    document("against.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", "ordered = source(names)")
    editor.type("ordered = so")
    editor.until(lambda: editor.shown() != "", "a fill")
    editor.type("ur" if editor.shown().startswith("r") else "rt")
    editor.until(lambda: editor.shown() in ("ce(names)", "ed(names)"), "another fill")
    assert len(editor.labels()) == 2


def test_a_slow_fill_keeps_nobody_from_the_next_word(
    editor: Helix, engine: Engine, document: Document
) -> None:
    document("next.py", "names = []\n‸\n")
    engine.writes("ordered = names or sorted(names)", delay=1.5)
    editor.type("ordered = na")
    engine.until(lambda: bool(engine.generations))
    editor.type("mes or so")
    editor.until_shown("rted(names)")
    editor.accept()
    editor.until_text("names = []\nordered = names or sorted(names)\n")


def test_what_fits_no_longer_is_not_accepted(
    editor: Helix, engine: Engine, document: Document
) -> None:
    document("fits.js", "‸\n")
    engine.writes("import os")
    editor.type("import o")
    editor.until_shown("s")
    # All at once, so that nothing can come in between: a key, then select and accept.
    editor.keys("r\t\rx")
    editor.until(lambda: "x" in editor.text(), "the last key")
    assert "".join(editor.text().split()) == "importorx"
