"""What shells are told, by a real shell where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infill_ls.cli import COMMANDS, main
from infill_ls.cli.completions import SHELLS


def asked(line: str, folder: Path) -> list[str]:
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
        check=True,
        timeout=60,
    )
    return [word.strip() for word in answer.read_text("utf-8").split("\n")]


def test_commands_and_arguments(tmp_path: Path) -> None:
    assert set(asked("infill-ls ", tmp_path)) >= set(COMMANDS)
    assert asked("infill-ls doc", tmp_path) == ["doctor"]
    assert "--no-suffix" in asked("infill-ls complete --", tmp_path)
    assert set(SHELLS) <= set(asked("infill-ls completions ", tmp_path))
    assert asked("infill-ls editor neo", tmp_path) == ["neovim"]


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
