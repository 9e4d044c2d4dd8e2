"""Each editor is started once for each test file, with one simulated engine behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors import EDITORS, folder, processes
from editors.editor import Editor
from editors.engine import Engine

Document = Callable[[str, str], Path]
CURSOR = "‸"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of an editor runs for each that can do what its ``needs`` marks say.

    What one editor alone does is marked ``only``.
    """
    if "kind" not in metafunc.fixturenames:
        return
    needs = {mark.args[0] for mark in metafunc.definition.iter_markers("needs")}
    only = {mark.args[0] for mark in metafunc.definition.iter_markers("only")}
    able = [kind for kind in EDITORS if needs <= kind.abilities and only <= {kind.name}]
    metafunc.parametrize("kind", able, ids=[kind.name for kind in able], scope="module")


@pytest.fixture(scope="module")
def _engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def environment(_engine: Engine) -> Iterator[dict[str, str]]:
    """What an editor must be started with; nothing that was is left running in the end."""
    made = processes.environment(OLLAMA_HOST=_engine.url, INFILL_LS_ENGINE="ollama")
    yield made
    processes.assert_gone(made)


@pytest.fixture(scope="module")
def _editor(
    kind: type[Editor], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Editor]:
    editor = kind.start(folder(), tmp_path_factory.mktemp(kind.name), environment)
    yield editor
    editor.quit()


@pytest.fixture
def engine(_engine: Engine) -> Engine:
    """The engine, as new."""
    return _engine


@pytest.fixture
def editor(_editor: Editor, _engine: Engine) -> Iterator[Editor]:
    """The editor; the engine never saw two calls at once, and none is left at the end."""
    _engine.until_quiet()
    _engine.reset()
    yield _editor
    _engine.until_quiet()
    assert _engine.most_at_once <= 1


@pytest.fixture
def document(editor: Editor, tmp_path: Path) -> Document:
    """Writes a file and shows it in the editor; ``‸`` in the text says where the cursor is."""

    def document(name: str, text: str) -> Path:
        before, cursor, after = text.partition(CURSOR)
        assert cursor
        file = tmp_path / name
        file.write_bytes((before + after).encode())
        start = before.rpartition("\n")[2]
        editor.open(file, before.count("\n"), len(start))
        return file

    return document
