"""VS Code's own command puts the extension in and takes it out."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from infill_ls.cli import editor_vscode
from infill_ls.errors import InfillError
from infill_ls.setup import configs
from infill_ls.setup.editors import EDITORS
from infill_ls.setup.ledger import Ledger

(VSCODE,) = (one for one in EDITORS if one.name == "vscode")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without VS Code, and an installation without a packed extension."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(configs, "folder", lambda: tmp_path / "configs")
    (tmp_path / "bin").mkdir()
    (tmp_path / "configs/vscode").mkdir(parents=True)
    return tmp_path


def has(home: Path, name: str, status: int = 0) -> Path:
    """Put VS Code's command there; the file that it writes its arguments to."""
    program = home / "bin" / name
    calls = home / "calls"
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\necho it is broken\nexit {status}\n')
    program.chmod(0o755)
    return calls


def packed(home: Path, name: str) -> Path:
    file = home / "configs/vscode" / name
    file.touch()
    return file


def test_it_is_put_in_and_taken_out(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = has(home, "codium")
    packed(home, "client.vsix")
    file = packed(home, "infill-ls.vsix")
    assert editor_vscode.run(VSCODE, write=True, remove=False) == 0
    assert Ledger().entries("vscode")
    assert editor_vscode.run(VSCODE, write=False, remove=True) == 0
    assert Ledger().entries("vscode") == []
    assert calls.read_text().splitlines() == [
        f"--install-extension {file} --force",
        "--uninstall-extension infill-ls.infill-ls",
    ]
    assert '["' in capsys.readouterr().out  # the command, as the setting wants it


def test_it_is_taken_out_of_what_it_was_put_into(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = has(home, "codium")
    packed(home, "client.vsix")
    editor_vscode.run(VSCODE, write=True, remove=False)
    calls.unlink()
    # The one that is found first.
    has(home, "code")
    (home / "bin/code").write_text(f"#!/bin/sh\necho wrong >> {calls}\n")
    assert editor_vscode.run(VSCODE, write=False, remove=True) == 0
    assert calls.read_text() == "--uninstall-extension infill-ls.infill-ls\n"
    assert f"taken out of {home}/bin/codium." in " ".join(capsys.readouterr().out.split())


def test_of_several_it_is_taken_out_of_all(home: Path) -> None:
    packed(home, "client.vsix")
    calls = has(home, "codium")
    editor_vscode.run(VSCODE, write=True, remove=False)
    has(home, "code")
    editor_vscode.run(VSCODE, write=True, remove=False)
    assert editor_vscode.run(VSCODE, write=False, remove=True) == 0
    assert calls.read_text().count("--uninstall-extension") == 2


def test_where_that_is_gone_nothing_else_is_called(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed(home, "client.vsix")
    calls = has(home, "codium")
    editor_vscode.run(VSCODE, write=True, remove=False)
    calls.unlink()
    (home / "bin/codium").unlink()
    has(home, "code")
    assert editor_vscode.run(VSCODE, write=False, remove=True) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert f"{home}/bin/codium, which it was put into, isn't there now." in said
    assert "/bin/code --uninstall-extension infill-ls.infill-ls" in said
    assert not calls.exists()
    # Then as where nothing is noted.
    assert editor_vscode.run(VSCODE, write=False, remove=True) == 0
    assert calls.read_text() == "--uninstall-extension infill-ls.infill-ls\n"


def test_without_a_flag_the_command_is_said_and_not_run(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = has(home, "code")
    file = packed(home, "client.vsix")
    assert editor_vscode.run(VSCODE, write=False, remove=False) == 0
    assert f"{home}/bin/code --install-extension {file} --force" in capsys.readouterr().out
    assert not calls.exists()


@pytest.mark.parametrize("write", [True, False])
def test_what_is_missing_is_said(
    home: Path, capsys: pytest.CaptureFixture[str], write: bool
) -> None:
    assert editor_vscode.run(VSCODE, write=write, remove=False) == 1
    assert "make vsix && code --install-extension" in capsys.readouterr().out
    file = packed(home, "client.vsix")
    assert editor_vscode.run(VSCODE, write=write, remove=False) == 1
    said = capsys.readouterr().out
    assert "None of code, code-insiders, codium, code-server is on the PATH." in said
    assert str(file) in said
    assert editor_vscode.run(VSCODE, write=False, remove=True) == 1


def test_what_vs_code_says_when_it_fails_is_told(home: Path) -> None:
    has(home, "code", status=1)
    packed(home, "client.vsix")
    with pytest.raises(InfillError, match=r"failed \(it is broken\)"):
        editor_vscode.run(VSCODE, write=True, remove=False)
    assert Ledger().entries("vscode") == []


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("has_extension", [False, True])
def test_a_terminal_has_a_command_to_be_copied_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, has_extension: bool
) -> None:
    has(home, "code")
    command = "make vsix && code --install-extension editor-configs/vscode/infill-ls.vsix"
    if has_extension:
        file = packed(home, "infill-ls.vsix")
        command = f"{home / 'bin/code'} --install-extension {file} --force"
    content = io.BytesIO()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", Terminal(content, "utf-8", write_through=True))
    editor_vscode.run(VSCODE, write=False, remove=False)
    shown = re.sub(r"\x1b\[[\d;]*m", "", content.getvalue().decode())
    assert command in [line.strip() for line in shown.splitlines()]
