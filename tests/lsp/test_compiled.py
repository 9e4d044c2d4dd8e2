"""Code of attrs' that is compiled once: by whom it is used, and when it isn't."""

from __future__ import annotations

import builtins
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attr
import pytest

from infill_ls.lsp import compiled

# Where attrs compiles.
MAKER: Any = importlib.import_module("attr._make")

# Loads what the server does, and says how many of attrs' texts were compiled for it.
LOADING = """
import builtins
texts = []
usual = builtins.compile
def count(source, filename, *rest, **more):
    if "attrs generated" in str(filename):
        texts.append(filename)
    return usual(source, filename, *rest, **more)
builtins.compile = count
from infill_ls.cli import main
main(["serve", "--tcp", "nowhere:x"])
from lsprotocol import types
assert types.Position(1, 2) == types.Position(line=1, character=2)
assert repr(types.Position(1, 2)) == "1:2"
print(sum("lsprotocol.types" in text for text in texts))
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return str(tmp_path / "kept")


@pytest.fixture(autouse=True)
def compilations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of files whose text was compiled."""
    names: list[str] = []
    usual = builtins.compile

    def count(source: Any, filename: Any, *rest: Any, **more: Any) -> Any:
        names.append(filename)
        return usual(source, filename, *rest, **more)

    monkeypatch.setattr(builtins, "compile", count)
    yield names
    # Whatever happened, attrs is left as it was.
    assert not hasattr(MAKER, "compile")


def point(path: str | None, *names: str) -> Any:
    """An instance of a class with fields that attrs has made, the first is 1, the next 2."""
    with compiled.once(path):
        made = attr.make_class("Point", list(names))
    return made(*range(1, len(names) + 1))


def test_code_is_compiled_once(kept: str, compilations: list[str]) -> None:
    first = point(kept, "x", "y")
    assert len(compilations) == 1
    second = point(kept, "x", "y")
    assert len(compilations) == 1
    assert (second.x, second.y) == (1, 2)
    assert repr(second) == repr(first) == "Point(x=1, y=2)"
    assert second == type(second)(1, 2)
    # A traceback shows the same file and line.
    assert second.__init__.__code__ == first.__init__.__code__


def test_another_text_is_compiled_and_the_former_forgotten(
    kept: str, compilations: list[str]
) -> None:
    point(kept, "x")
    assert point(kept, "z").z == 1
    point(kept, "z")
    assert len(compilations) == 2
    point(kept, "x")
    assert len(compilations) == 3


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[:-1], id="cut off"),
        pytest.param(lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:], id="altered"),
    ],
)
def test_what_is_not_whole_is_compiled_anew(kept: str, compilations: list[str], harm: Any) -> None:
    point(kept, "x")
    Path(kept).write_bytes(harm(Path(kept).read_bytes()))
    assert point(kept, "x").x == 1
    assert len(compilations) == 2
    point(kept, "x")
    assert len(compilations) == 2


def test_another_python_compiles_anew(
    kept: str, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    point(kept, "x")
    monkeypatch.setattr(sys, "version", f"{sys.version} (another)")
    assert point(kept, "x").x == 1
    assert len(compilations) == 2


def test_where_python_writes_no_code_none_is_written(
    kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert point(kept, "x").x == 1
    assert not Path(kept).exists()
    assert point(None, "x").x == 1
    assert compiled.beside(None) is None


def test_a_folder_that_cannot_be_written_to_is_no_problem(tmp_path: Path, kept: str) -> None:
    (tmp_path / "file").touch()
    assert point(str(tmp_path / "file" / "kept"), "x").x == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_another_attrs_is_left_alone(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(MAKER, "compile", builtins.compile, raising=False)
        assert point(kept, "x").x == 1
        assert MAKER.compile is builtins.compile
    monkeypatch.setattr(compiled, "_MAKER", "attr.nowhere")
    assert point(kept, "x").x == 1
    assert not Path(kept).exists()


def test_what_is_no_text_is_compiled_as_ever(kept: str) -> None:
    with compiled.once(kept):
        take = MAKER.compile
        assert eval(take("1 + 1", "a", "eval")) == 2
        assert take("1", "a", "exec", 0, dont_inherit=True).co_filename == "a"
        assert take(b"1", "a", "exec").co_filename == "a"
    assert not Path(kept).exists()


def test_the_next_server_compiles_none_of_the_protocols_types(tmp_path: Path) -> None:
    """This fails where attrs compiles in another way than is known here."""
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(tmp_path),
    }
    counted = [
        int(
            subprocess.run(
                [sys.executable, "-c", LOADING],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for _ in range(2)
    ]
    assert counted[0] > 400
    assert counted[1] == 0
    assert [path.suffix for path in tmp_path.rglob("*.attrs*")] == [".attrs"]
