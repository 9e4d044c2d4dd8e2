"""What shells are told, by a real shell where there is one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from infill_ls.cli import COMMANDS, main
from infill_ls.cli.completers import places, values
from infill_ls.cli.completions import SHELLS
from infill_ls.engines.embedded import weights
from infill_ls.settings import KEYS


def asked(line: str, folder: Path, *, blanks: bool = False) -> list[str]:
    """What the program answers a shell with this line left of its cursor."""
    answer = folder / "answer"
    environment = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run(
        [sys.executable, "-m", "infill_ls"],
        env={**os.environ, **environment},
        cwd=folder,
        check=True,
        timeout=60,
    )
    words = answer.read_text("utf-8").split("\n")
    return words if blanks else [word.strip() for word in words]


def test_commands_and_arguments(tmp_path: Path) -> None:
    assert set(asked("infill-ls ", tmp_path)) >= set(COMMANDS)
    assert asked("infill-ls doc", tmp_path) == ["doctor"]
    assert "--no-suffix" in asked("infill-ls complete --", tmp_path)
    assert set(SHELLS) <= set(asked("infill-ls completions ", tmp_path))
    assert asked("infill-ls editor neo", tmp_path) == ["neovim"]
    (tmp_path / "main.py").touch()
    said = asked("infill-ls pull ", tmp_path)
    assert {one.short for one in weights.ALL} <= set(said)
    # No file is a model.
    assert "main.py" not in said


def test_keys_of_settings_and_their_values(tmp_path: Path) -> None:
    assert set(asked("infill-ls settings set ", tmp_path)) >= set(KEYS)
    assert set(asked("infill-ls settings unset mod", tmp_path)) == {"mode", "model"}
    assert asked("infill-ls settings get late", tmp_path) == ["latencyMs"]
    assert asked("infill-ls settings describe sta", tmp_path) == ["stats"]
    assert asked("infill-ls settings set languages.go.e", tmp_path) == ["languages.go.enabled"]
    engines = {"auto", "ollama", "openai", "embedded"}
    assert set(asked("infill-ls settings set engine ", tmp_path)) >= engines
    assert asked("infill-ls settings set multiline ne", tmp_path) == ["never"]
    assert set(asked("infill-ls settings set enabled ", tmp_path)) >= {"true", "false"}
    assert asked("infill-ls settings set languages.go.multiline al", tmp_path) == ["always"]
    assert "auto" in asked("infill-ls settings set debounceMs ", tmp_path)
    assert asked("infill-ls doctor --engine op", tmp_path) == ["openai"]


@pytest.mark.parametrize("key", ["maxTokens", "exclude", "modle", "languages.go.maxTokens"])
def test_a_key_of_many_values_has_none_to_choose_from(key: str) -> None:
    assert values(Namespace(key=key)) == []


def test_a_file_is_completed_up_to_where_its_line_follows(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_main.py").touch()
    (tmp_path / ".hidden").touch()
    # A blank would end the word.
    assert asked("infill-ls complete ma", tmp_path, blanks=True) == ["main.py:"]
    assert asked("infill-ls complete te", tmp_path, blanks=True) == ["tests/"]
    assert asked("infill-ls complete tests/", tmp_path, blanks=True) == ["tests/test_main.py:"]
    assert places("no such/") == []
    with contextlib.chdir(tmp_path):
        assert {"main.py:", "tests/"} <= set(places(""))
        assert ".hidden:" not in places("")
        assert places(".h") == [".hidden:"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_is_told_how_to_ask(shell: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["completions", shell]) == 0
    told = capfd.readouterr().out
    assert "infill-ls" in told
    assert "_ARGCOMPLETE" in told


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_a_real_bash(tmp_path: Path) -> None:
    script = tmp_path / "completions"
    program = tmp_path / "infill-ls"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m infill_ls "$@"\n', "utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    completed = subprocess.run(
        [
            "bash",
            "--norc",
            "-c",
            f"infill-ls completions bash > '{script}'; source '{script}'; "
            "COMP_WORDS=(infill-ls doc) COMP_CWORD=1 COMP_LINE='infill-ls doc' COMP_POINT=13 "
            'COMP_TYPE=9; _python_argcomplete infill-ls doc infill-ls; echo "${COMPREPLY[0]}"',
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert completed.stdout.strip() == "doctor", completed.stderr
